"""What MariaDB and MySQL show twice: a unique constraint is a unique index there (MySQL manual, CREATE TABLE)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from sqlalchemy.engine import Dialect
from sqlalchemy.schema import Table, UniqueConstraint

from ....util.sqla_compat import final_name
from ..catalog import Key, TableInfo, UniqueInfo


def correct(tables: Mapping[Key, TableInfo], models: Iterable[Table], dialect: Dialect) -> None:
    """Keep of the two what the metadata has, in place; a constraint that the metadata lacks counts as an index."""
    default = dialect.default_schema_name
    by_key = {(None if table.schema == default else table.schema, str(table.name)): table for table in models}
    for key, info in tables.items():
        wanted = _wanted_uniques(by_key.get(key), dialect)
        info.uniques = [unique for unique in info.uniques if wanted.have(unique)]
        kept = {unique.name for unique in info.uniques}
        info.indexes = [index for index in info.indexes if index.name not in kept]


class _Uniques(NamedTuple):
    """The unique constraints of a table of the metadata, by name or by columns, and the names of its indexes."""

    names: set[str]
    columns: set[tuple[str, ...]]
    indexes: set[str]

    def have(self, unique: UniqueInfo) -> bool:
        """Return whether a reflected unique constraint is one of them, rather than an index."""
        if unique.name in self.names:
            return True
        return unique.name not in self.indexes and tuple(sorted(unique.column_names)) in self.columns


def _wanted_uniques(model: Table | None, dialect: Dialect) -> _Uniques:
    if model is None:
        return _Uniques(set(), set(), set())
    found = _Uniques(set(), set(), {str(final_name(index, dialect)) for index in model.indexes})
    for constraint in model.constraints:
        if isinstance(constraint, UniqueConstraint):
            name = final_name(constraint, dialect)
            if name is None:
                found.columns.add(tuple(sorted(str(column.name) for column in constraint.columns)))
            else:
                found.names.add(name)
    return found
