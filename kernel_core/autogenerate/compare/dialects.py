"""What reflection leaves out or misreads, per database, corrected with one more question at most."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import text

from ..catalogue import Key, TableInfo
from ..context import AutogenContext

Infos = dict[Key, TableInfo]


def correct(context: AutogenContext, infos: Infos) -> None:
    """Correct what was reflected, in place."""
    correction = _CORRECTIONS.get(context.dialect.name)
    if correction is not None and infos:
        correction(context, infos)


_OWNED_SEQUENCES = """
SELECT space.nspname, owner.relname, attribute.attname
FROM pg_depend link
JOIN pg_class sequence ON sequence.oid = link.objid AND sequence.relkind = 'S'
JOIN pg_class owner ON owner.oid = link.refobjid
JOIN pg_namespace space ON space.oid = owner.relnamespace
JOIN pg_attribute attribute ON attribute.attrelid = owner.oid AND attribute.attnum = link.refobjsubid
WHERE link.deptype = 'a' AND link.classid = 'pg_class'::regclass AND link.refclassid = 'pg_class'::regclass
"""


def _correct_postgresql(context: AutogenContext, infos: Infos) -> None:
    """Drop the index that backs a unique constraint, and the default of a SERIAL column, which its sequence owns."""
    serials: list[tuple[Key, dict[str, Any]]] = []
    for key, info in infos.items():
        constraints = {unique["name"] for unique in info.uniques}
        info.indexes = [index for index in info.indexes if index.get("duplicates_constraint") not in constraints]
        serials.extend(
            (key, column) for column in info.columns.values() if str(column.get("default") or "").startswith("nextval(")
        )
    if not serials or context.connection is None:
        return
    owned = {tuple(row) for row in context.connection.execute(text(_OWNED_SEQUENCES))}
    default_schema = context.inspector.default_schema_name
    for (schema, table), column in serials:
        if (schema or default_schema, table, column["name"]) in owned:
            column["default"] = None
            column["autoincrement"] = True


def _correct_mysql(context: AutogenContext, infos: Infos) -> None:
    """A unique constraint is an index there (MySQL manual, CREATE TABLE), and shown twice."""
    for info in infos.values():
        doubled = {unique["name"] for unique in info.uniques if unique.get("duplicates_index")}
        info.indexes = [index for index in info.indexes if index["name"] not in doubled]


_CORRECTIONS: dict[str, Callable[[AutogenContext, Infos], None]] = {
    "postgresql": _correct_postgresql,
    "mysql": _correct_mysql,
    "mariadb": _correct_mysql,
}
