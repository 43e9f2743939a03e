"""What a database shows otherwise than it is meant, corrected before the comparison."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from sqlalchemy.engine import Dialect
from sqlalchemy.schema import Table, UniqueConstraint

from ...util.sqla_compat import final_name
from ..context import AutogenContext, names
from ..databases.catalog import Info, Key, TableInfo

Infos = dict[Key, TableInfo]


def correct(context: AutogenContext, infos: Infos) -> None:
    """Correct what was read, in place."""
    correction = _CORRECTIONS.get(context.dialect.name)
    if correction is not None and infos:
        correction(context, infos)


def _correct_postgresql(context: AutogenContext, infos: Infos) -> None:
    """Drop the index that backs a constraint, and the default of a SERIAL column, which its sequence owns."""
    for info in infos.values():
        info.indexes = [index for index in info.indexes if "duplicates_constraint" not in index]
        for column in info.columns.values():
            if column.get("owns_sequence"):
                column["serial_default"], column["default"] = column["default"], None


def _correct_mysql(context: AutogenContext, infos: Infos) -> None:
    """A unique constraint is an index there (MySQL manual, CREATE TABLE), and shown as both: keep what the models say.

    One that no constraint of the models is, is an index.
    """
    default = context.dialect.default_schema_name
    models = {(None if table.schema == default else table.schema, str(table.name)): table for table in context.tables}
    for key, info in infos.items():
        wanted = _wanted_uniques(models.get(key), context.dialect)
        info.uniques = [unique for unique in info.uniques if wanted.have(unique)]
        kept = {unique["name"] for unique in info.uniques}
        info.indexes = [index for index in info.indexes if index["name"] not in kept]


class _Uniques(NamedTuple):
    """The unique constraints of a model: names, and the columns of those without one; and the names of its indexes."""

    names: set[str]
    columns: set[tuple[str, ...]]
    indexes: set[str]

    def have(self, unique: Info) -> bool:
        """Tell whether a reflected unique constraint is one of them, rather than an index."""
        if unique["name"] in self.names:
            return True
        return unique["name"] not in self.indexes and tuple(sorted(unique["column_names"])) in self.columns


def _wanted_uniques(model: Table | None, dialect: Dialect) -> _Uniques:
    if model is None:
        return _Uniques(set(), set(), set())
    found = _Uniques(set(), set(), {str(final_name(index, dialect)) for index in model.indexes})
    for constraint in model.constraints:
        if isinstance(constraint, UniqueConstraint):
            name = final_name(constraint, dialect)
            if name is None:
                found.columns.add(tuple(sorted(names(constraint.columns))))
            else:
                found.names.add(name)
    return found


_CORRECTIONS: dict[str, Callable[[AutogenContext, Infos], None]] = {
    "postgresql": _correct_postgresql,
    "mysql": _correct_mysql,
    "mariadb": _correct_mysql,
}
