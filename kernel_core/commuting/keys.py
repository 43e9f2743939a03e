"""Foreign keys of a state that a database would not have: without a table, a column, a key or an index they need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy.schema import Column

from ..operations.named_columns import Addition, columns_of_item
from ..operations.operation import MigrateOperation
from ..operations.ops import AddColumnOp, AlterColumnOp, CreateIndexOp, CreateTableOp, DropConstraintOp, DropIndexOp
from ..operations.schema_state import Place, SchemaState, TableState
from ..util.sqla_compat import referred_parts


def broken_keys(state: SchemaState, only: Place | None = None) -> Iterator[str]:
    """Yield each foreign key, or those of one table, that lack something: the referred table, a column, or its key.

    PostgreSQL wants a unique constraint, a primary key or a unique index over exactly the referred columns, InnoDB an
    index that begins with them. SQLite compares with rows only:
    https://www.sqlite.org/foreignkeys.html#fk_indexes
    """
    for table, key in _keys(state, only):
        target = state.tables.get((key.referent_schema, str(key.referent_table)))
        missing = [] if target is None else [name for name in key.remote_cols if name not in target.columns]
        if target is None or missing:
            what = f"{key.referent_table}{f'.{missing[0]}' if missing else ''}"
            yield f"{what}, to which a foreign key of {table.name} refers, does not exist"
        elif not _is_covered(state, target, key.remote_cols):
            columns = f"{key.referent_table} ({', '.join(key.remote_cols)})"
            what = "unique constraint" if state.dialect.name == "postgresql" else "index"
            yield f"{columns}, to which a foreign key of {table.name} refers, has no {what}"


def referred_columns(operation: MigrateOperation) -> set[tuple[Place, str]]:
    """Return the columns to which the foreign keys of an operation refer, each with schema and name of its table."""
    if getattr(operation, "referent_table", None) is not None:
        place = (operation.referent_schema, str(operation.referent_table))  # type: ignore[attr-defined]
        return {(place, name) for name in operation.remote_cols}  # type: ignore[attr-defined]
    columns = operation.columns if isinstance(operation, CreateTableOp) else [getattr(operation, "column", None)]
    found: set[tuple[Place, str]] = set()
    for each in columns:
        for key in getattr(each, "foreign_keys", ()) if isinstance(each, Column) else getattr(each, "elements", ()):
            schema, table, column = referred_parts(key)
            found.add(((schema, table), column))
    return found


def may_break_keys(operation: MigrateOperation) -> bool:
    """Return whether an operation may add a foreign key, or change what one needs."""
    match operation:
        case AddColumnOp():
            return bool(operation.column.foreign_keys)
        case AlterColumnOp():
            return operation.modify_name is not None
    return not isinstance(operation, CreateIndexOp)


def with_index(state: SchemaState, operation: MigrateOperation) -> list[tuple[TableState, Addition]]:
    """Return the foreign keys whose columns have an index that an operation could drop, which InnoDB refuses."""
    is_drop = isinstance(operation, DropIndexOp | DropConstraintOp)
    if not is_drop or state.dialect.name not in ("mysql", "mariadb"):
        return []
    return [(table, key) for table, key in _keys(state) if has_index(table, key)]


def lost_index(before: Iterable[tuple[TableState, Addition]]) -> str:
    """Return a sentence where a foreign key that had an index has none any more, else ""."""
    for table, key in before:
        if key in table.constraints and not has_index(table, key):
            return f"a foreign key of {table.name} ({', '.join(key.local_cols)}) needs the index"
    return ""


def has_index(table: TableState, key: Addition) -> bool:
    """Return whether a table has an index for the columns of its foreign key; else InnoDB makes one."""
    return _begins(table, key.local_cols, without=("check", "foreignkey"))


def uniques_of(table: TableState, columns: Sequence[str]) -> list[Addition]:
    """Return the unique constraints, primary keys and unique indexes over exactly some columns."""
    return [each for each in _unique(table) if sorted(map(str, columns_of_item(each))) == sorted(columns)]


def _keys(state: SchemaState, only: Place | None = None) -> Iterator[tuple[TableState, Addition]]:
    """Yield the foreign keys of a state with their tables, or those of one table."""
    tables = state.tables.values() if only is None else [state.tables[only]] if only in state.tables else []
    for table in tables:
        for key in table.constraints:
            if getattr(key, "referent_table", None) is not None:
                yield table, key


def _is_covered(state: SchemaState, target: TableState, columns: Sequence[str]) -> bool:
    if state.dialect.name == "postgresql":
        return bool(uniques_of(target, columns))
    return state.dialect.name not in ("mysql", "mariadb") or _begins(target, columns)


def _unique(table: TableState) -> Iterator[Addition]:
    yield from (each for each in table.constraints if each.constraint_type in ("unique", "primary"))
    yield from (each for each in table.indexes if each.unique and each.kw.get("postgresql_where") is None)


def _begins(table: TableState, columns: Sequence[str], without: Sequence[str] = ("check",)) -> bool:
    """Return whether an index of a table begins with some columns, in their order; a foreign key has one too."""
    wanted = [each.lower() for each in columns]
    items = [each for each in table.constraints if each.constraint_type not in without]
    return any(
        [str(each).lower() for each in columns_of_item(item)][: len(wanted)] == wanted
        for item in (*items, *table.indexes)
    )
