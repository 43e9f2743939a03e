"""What reflection leaves out or misreads, per database, corrected with one more question at most."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from ..context import AutogenContext
from .values import Key

if TYPE_CHECKING:
    from .reflect import TableInfo

Infos = dict[Key, Any]


def correct(context: AutogenContext, infos: dict[Key, TableInfo]) -> None:
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


def _correct_sqlite(context: AutogenContext, infos: Infos) -> None:
    """Note the indexes over expressions, which are not reflected, and the actions of keys written in a column."""
    if context.connection is None:
        return
    for schema in {key[0] for key in infos}:
        prefix = context.dialect.identifier_preparer.quote_identifier(schema) + "." if schema else ""
        existing: dict[str, set[str]] = {}
        query = f"SELECT tbl_name, name FROM {prefix}sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        for table, name in context.connection.exec_driver_sql(query):
            existing.setdefault(table, set()).add(name)
        actions = _sqlite_actions(context, schema, prefix)
        for (own_schema, table), info in infos.items():
            if own_schema != schema:
                continue
            info.unreadable = frozenset(existing.get(table, set()) - {index["name"] for index in info.indexes})
            for foreign_key in info.foreign_keys:
                key = (table, foreign_key["referred_table"], tuple(foreign_key["constrained_columns"]))
                options = foreign_key.setdefault("options", {})
                for option, action in zip(("onupdate", "ondelete"), actions.get(key, ()), strict=False):
                    if action != "NO ACTION":
                        options.setdefault(option, action)


def _sqlite_actions(
    context: AutogenContext, schema: str | None, prefix: str
) -> dict[tuple[str, str, tuple[str, ...]], tuple[str, str]]:
    """Return (table, referred table, columns) -> (on update, on delete) of every foreign key of a schema."""
    query = (
        'SELECT m.name, k.id, k."table", k."from", k.on_update, k.on_delete '
        f"FROM {prefix}sqlite_master m JOIN pragma_foreign_key_list(m.name, ?) k "
        "WHERE m.type = 'table' ORDER BY m.name, k.id, k.seq"
    )
    keys: dict[tuple[str, int], tuple[str, list[str], str, str]] = {}
    assert context.connection is not None, "autogenerate has a connection"
    for table, number, referred, column, on_update, on_delete in context.connection.exec_driver_sql(
        query, (schema or "main",)
    ):
        keys.setdefault((table, number), (referred, [], on_update, on_delete))[1].append(column)
    return {
        (table, referred, tuple(columns)): (on_update, on_delete)
        for (table, _), (referred, columns, on_update, on_delete) in keys.items()
    }


def _correct_mysql(context: AutogenContext, infos: Infos) -> None:
    """A unique constraint is an index there (MySQL manual, CREATE TABLE), and shown twice."""
    for info in infos.values():
        doubled = {unique["name"] for unique in info.uniques if unique.get("duplicates_index")}
        info.indexes = [index for index in info.indexes if index["name"] not in doubled]


_CORRECTIONS: dict[str, Callable[[AutogenContext, Infos], None]] = {
    "postgresql": _correct_postgresql,
    "sqlite": _correct_sqlite,
    "mysql": _correct_mysql,
    "mariadb": _correct_mysql,
}
