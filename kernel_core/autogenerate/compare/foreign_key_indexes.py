"""The index that MySQL and MariaDB need for each foreign key: they create it, and keep it as long as the key exists.

https://mariadb.com/kb/en/foreign-keys/, "the columns in the child table must be an index, or the leftmost part of one"
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy.schema import Index, Table, UniqueConstraint

from ...operations.kinds.column import AddColumnOp
from ...operations.kinds.constraint import CreateForeignKeyOp
from ...operations.kinds.index import CreateIndexOp
from ...operations.operation import MigrateOperation
from ..context import AutogenContext, names
from ..databases.catalog import IndexInfo, TableInfo
from .changes import Changes


def is_needed_by_key(context: AutogenContext, item: IndexInfo, keys: Iterable[Sequence[str]]) -> bool:
    """Return whether one of the foreign keys, given by their columns, needs a reflected index."""
    if not context.rules.creates_foreign_key_indexes:
        return False
    columns = list(item.column_names)
    return any(columns == list(key)[: len(columns)] for key in keys)


def foreign_key_columns(info: TableInfo) -> list[Sequence[str]]:
    """Return the columns of each foreign key of a reflected table."""
    return [key.constrained_columns for key in info.foreign_keys]


def indexes_needed_by_keys(context: AutogenContext, info: TableInfo) -> set[str]:
    """Return the names of the indexes that a foreign key needs, which the database drops only with their table."""
    return {item.name for item in info.indexes if is_needed_by_key(context, item, foreign_key_columns(info))}


def dropped_with_table(context: AutogenContext, table: Table, creation: CreateIndexOp) -> CreateIndexOp:
    """Return the creation of a new table's index; the downgrade does not drop an index that a foreign key needs."""
    columns = [str(getattr(each, "name", each)) for each in creation.columns]
    keys = [names(element.parent for element in key.elements) for key in table.foreign_key_constraints]
    if context.rules.creates_foreign_key_indexes and any(
        key == columns[: len(key)] or columns == key[: len(columns)] for key in keys
    ):
        return creation.changed(undone_by=lambda _: [])
    return creation


def drop_index_in_downgrade(context: AutogenContext, info: TableInfo, model: Table, changes: Changes) -> None:
    """Let the downgrade of each new foreign key drop the index that the database creates for it.

    The database creates none if another index begins with the columns of the key, and drops it with its columns.
    """
    if not context.rules.creates_foreign_key_indexes or not changes.added_foreign_keys:
        return
    there: list[Sequence[str | None]] = [*_leading_columns(model), *(item.column_names for item in info.indexes)]
    added = {str(each.column.name) for each in changes.added_columns if isinstance(each, AddColumnOp)}

    def leaves_index(operation: CreateForeignKeyOp) -> bool:
        columns = list(operation.local_cols)
        is_covered = any(columns == each[: len(columns)] for each in there)
        return not is_covered and bool(operation.constraint_name) and not added.issuperset(columns)

    changes.added_foreign_keys[:] = [
        each.changed(undone_by=_drop_key_and_index) if leaves_index(each) else each
        for each in changes.added_foreign_keys
    ]


def _drop_key_and_index(operation: CreateForeignKeyOp) -> list[MigrateOperation]:
    index = CreateIndexOp(
        operation.constraint_name, operation.table_name, operation.local_cols, schema=operation.schema
    )
    return [operation.reverse(), index.reverse()]


def _leading_columns(model: Table) -> Iterator[list[str]]:
    """Yield the columns of each index of a table, also of its primary key and unique constraints."""
    uniques = [each for each in model.constraints if isinstance(each, UniqueConstraint)]
    yield from (names(each.columns) for each in (model.primary_key, *uniques))
    yield from map(_columns, model.indexes)


def _columns(index: Index) -> list[str]:
    return [str(getattr(part, "name", "")) for part in index.expressions]
