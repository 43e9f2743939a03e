"""Schema states: copies, what an operation cannot be applied to, and how two states differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from sqlalchemy import CheckConstraint, Computed, MetaData, Table
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.exc import CompileError, SQLAlchemyError
from sqlalchemy.schema import BaseDDLElement, CreateColumn, CreateIndex
from sqlalchemy.sql.schema import ColumnCollectionConstraint as _Columns
from sqlalchemy.sql.schema import Constraint

from ..operations.add_constraint import AddConstraintOp
from ..operations.named_columns import columns_of_item, names_of_item
from ..operations.operation import MigrateOperation
from ..operations.ops import (
    AddColumnOp,
    AlterColumnOp,
    CreateIndexOp,
    CreateTableOp,
    DropColumnOp,
    DropTableOp,
    RenameTableOp,
)
from ..operations.schema_state import Place, SchemaState, TableState
from ..schema import metadata_of
from ..util.exc import UnknownEffect
from ..util.sql import names_column
from ..util.sqla_compat import is_type_bound, sql_text
from .enums_and_sequences import refused
from .implicit import add_implicit
from .keys import broken_keys, lost_index, may_break_keys, with_index
from .names import NameIndex, changes_names, is_skipped, places_of, taken_column
from .sides import Located


@dataclass(frozen=True, slots=True)
class Failure:
    """An operation that cannot run on a state, and why; ``is_known`` is false where only its effect is unknown."""

    located: Located
    reason: str
    is_known: bool


def copied(state: SchemaState) -> SchemaState:
    """Return a copy of a state."""
    return state.copied()


def run(
    state: SchemaState,
    operations: tuple[Located, ...],
    ignored: frozenset[int] = frozenset(),
    gone: frozenset[str] = frozenset(),
    names: NameIndex | None = None,
) -> list[Failure]:
    """Apply operations to a state and return those that cannot run; ``ignored`` are `id`s of operations to skip.

    ``gone`` are names that a column may have lost: SQL that names one fails where its table has no such column.
    ``names`` are those of the state, which are updated.
    """
    names = names or NameIndex(state)
    failures: list[Failure] = []
    for each in operations:
        if id(each) in ignored:
            continue
        for part in each.parts:
            found = _applied(state, part, gone, names)
            if found is not None:
                failures.append(Failure(each, *found))
                break
    return failures


def _applied(
    state: SchemaState, operation: MigrateOperation, gone: frozenset[str], names: NameIndex
) -> tuple[str, bool] | None:
    """Apply an operation; return why it cannot run, and whether that is known."""
    reason = _existing(state, operation) or taken_column(state, operation) or refused(state, operation)
    reason = reason or _missing(state, operation, gone)
    if reason:
        return reason, True
    if is_skipped(names, state, operation):
        return None
    only = operation.table_key if isinstance(operation, CreateTableOp | AddColumnOp | AddConstraintOp) else None
    breaks = may_break_keys(operation)
    indexed, broken = with_index(state, operation), set(broken_keys(state, only) if breaks else ())
    try:
        operation.apply_to(state)
    except UnknownEffect as error:
        return str(error), False
    places = places_of(state, operation) if changes_names(operation) else ()
    clash = names.update(state, places)
    add_implicit(state, operation, names)
    clash = clash or names.update(state, places)
    lost = [each for each in broken_keys(state, only) if each not in broken] if breaks else []
    reason = clash or (lost[0] if lost else lost_index(indexed))
    return (reason, True) if reason else None


def names_lost(operations: Iterable[MigrateOperation]) -> frozenset[str]:
    """Return the names of the columns that operations rename or drop."""
    lost: set[str] = set()
    for each in operations:
        if isinstance(each, DropColumnOp) or (isinstance(each, AlterColumnOp) and each.modify_name is not None):
            lost.add(each.column_name)
    return frozenset(lost)


def _missing(state: SchemaState, operation: MigrateOperation, gone: frozenset[str]) -> str:
    """Return a sentence where the SQL or an option of the operation names a column that its table lacks, else ""."""
    if isinstance(operation, CreateTableOp):
        parents = _parents(operation.kw)
        unknown = [name for name in parents if not any(each.name == name for each in state.tables.values())]
        return f"table {unknown[0]}, from which it inherits, does not exist" if unknown else ""
    if isinstance(operation, DropTableOp):
        heirs = [each.name for each in state.tables.values() if operation.table_name in _parents(each.options)]
        return f"table {heirs[0]} inherits from {operation.table_name}" if heirs else ""
    table = state.tables.get(operation.table_key or (None, ""))
    if table is None:
        return ""
    for name in sorted(gone - table.columns.keys()):
        if isinstance(operation, AddConstraintOp | CreateIndexOp):
            is_named = name not in columns_of_item(operation) and names_of_item(operation, name, state.dialect)
        else:
            is_named = any(names_column(sql_text(each), name, state.dialect) for each in _expressions(operation))
        if is_named:
            return f"column {operation.shown_table}.{name}, which it names, does not exist"
    return ""


def _parents(options: Mapping[str, object]) -> list[str]:
    """Return the names of the tables from which a table inherits on PostgreSQL."""
    given = options.get("postgresql_inherits") or ()
    return [str(each).rpartition(".")[2] for each in ((given,) if isinstance(given, str) else given)]  # type: ignore[attr-defined]


def _expressions(operation: MigrateOperation) -> Iterator[object]:
    """Yield the SQL over columns of the table in a column that is added, or in the conversion to another type."""
    if isinstance(operation, AddColumnOp):
        column = operation.column
        own = [] if column.computed is None else [column.computed]
        yield from (
            each.sqltext for each in (*own, *column.constraints) if isinstance(each, Computed | CheckConstraint)
        )
    elif isinstance(operation, AlterColumnOp):
        given = operation.kw.get("postgresql_using")
        if given is not None and operation.modify_name is None:
            yield given


def _existing(state: SchemaState, operation: MigrateOperation) -> str:
    """Return a sentence where what the operation creates exists already, else ""."""
    match operation:
        case CreateTableOp() if not operation.if_not_exists and operation.table_key in state.tables:
            return f"table {operation.shown_table} exists already"
        case RenameTableOp() if (operation.schema, operation.new_table_name) in state.tables:
            return f"table {operation.new_table_name} exists already"
        case AlterColumnOp(modify_name=str() as name) if name != operation.column_name:
            table = state.tables.get(operation.table_key or (None, ""))
            return f"column {operation.shown_table}.{name} exists already" if table and name in table.columns else ""
        case CreateIndexOp() if not operation.if_not_exists:
            return _existing_index(state, operation)
        case AddConstraintOp() if state.dialect.name != "sqlite":  # whose rebuild replaces one of that name
            table = state.tables.get(operation.table_key or (None, ""))
            names = set(state.names(operation)) & {
                name for each in (table.constraints if table else ()) for name in state.names(each)
            }
            return f"constraint {min(names)} of {operation.shown_table} exists already" if names else ""
        case AddColumnOp() if not operation.if_not_exists:
            table = state.tables.get(operation.table_key or (None, ""))
            name = str(operation.column.name)
            return f"column {operation.shown_table}.{name} exists already" if table and name in table.columns else ""
    return ""


def _existing_index(state: SchemaState, operation: CreateIndexOp) -> str:
    """Return a sentence where an index of that name exists: in its schema, or in MySQL and MariaDB in its table."""
    of_table = state.dialect.name in ("mysql", "mariadb")
    tables = [
        each
        for place, each in state.tables.items()
        if place[0] == operation.schema and (not of_table or place == operation.table_key)
    ]
    names = {name for table in tables for each in table.indexes for name in state.names(each)}
    both = names & set(state.names(operation))
    return f"index {min(both)} exists already" if both else ""


def difference(
    one: SchemaState, other: SchemaState, *, only_in_one: str = "after one order only"
) -> tuple[str, tuple[str, ...]]:
    """Return the first difference of two states, "" if they are equal, and notes on the order of columns.

    ``only_in_one`` are the words of the sentence for what only one of them has.
    """
    gone = sorted(_shown(place) for place in one.tables.keys() ^ other.tables.keys())
    if gone:
        return f"table {gone[0]} exists {only_in_one}", ()
    changed = [place for place in one.tables if _identity(one.tables[place]) != _identity(other.tables[place])]
    notes: list[str] = []
    if changed:
        lines = [_lines_by_table(state, changed) for state in (one, other)]
        for place in changed:
            for mine, theirs in ((0, 1), (1, 0)):
                only = sorted(set(lines[mine][place]) - set(lines[theirs][place]))
                if only:
                    return f"{only_in_one}, {_shown(place)} has: {only[0]}", ()
            if list(one.tables[place].columns) != list(other.tables[place].columns):
                notes.append(f"the order of the columns of {_shown(place)} differs")
    for name, is_equal in (
        ("enum types", one.enums == other.enums),
        ("sequences", one.sequences == other.sequences),
        ("schemas", set(one.schemas) == set(other.schemas)),
    ):
        if not is_equal:
            return f"the {name} differ", ()
    return "", tuple(notes)


def _identity(table: TableState) -> tuple[object, ...]:
    """Return a value that is equal as long as the table is not changed; parts are compared by identity."""
    parts = (*table.columns.values(), *table.constraints, *table.indexes)
    generated = [(getattr(each, "generated_name", None)) for each in table.constraints]
    others = (repr(table.options), repr(sorted(table.sequences.items())), repr(generated))
    return (table.name, table.comment, table.prefixes, *others, *map(id, parts))


def _lines_by_table(state: SchemaState, places: list[Place]) -> dict[Place, list[str]]:
    """Return the definition of some tables as lines, one for each column, constraint, index and option."""
    few = replace(state, tables={place: state.tables[place] for place in places}, sequences={})
    metadata: MetaData = metadata_of(few)
    return {
        place: [*_lines(table, state), *_given_names(state.tables[place], state)]
        for table in metadata.tables.values()
        for place in [(table.schema, str(table.name))]
    }


def _given_names(table: TableState, state: SchemaState) -> Iterator[str]:
    """Yield the names that the database gives by itself, which depend on those that exist already."""
    for each in table.constraints:
        name = getattr(each, "generated_name", None)
        if name and not each.constraint_name:
            yield f"constraint {name}: {_constraint(each.to_constraint(state.context), state)}"
    for column, name in sorted(table.sequences.items()):
        yield f"sequence {name} of column {column}"


def _lines(table: Table, state: SchemaState) -> Iterator[str]:
    for column in table.columns:
        key = "" if column.autoincrement == "auto" else f" autoincrement={column.autoincrement}"
        comment = f" comment {column.comment!r}" if column.comment is not None else ""
        yield f"column {_sql(CreateColumn(column), state)} {column.type!r}{key}{comment}"
    for constraint in table.constraints:
        if not is_type_bound(constraint) and (not isinstance(constraint, _Columns) or len(constraint.columns)):
            yield f"constraint {_constraint(constraint, state)} {sorted(constraint.dialect_kwargs.items())!r}"
    for index in table.indexes:
        options = sorted((key, str(value)) for key, value in index.dialect_kwargs.items())
        yield f"index {_sql(CreateIndex(index), state)} {options!r}"
    if table.comment is not None:
        yield f"comment {table.comment!r}"
    for option in sorted(table.dialect_kwargs.items()):
        yield f"option {option!r}"


def _constraint(constraint: Constraint, state: SchemaState) -> str:
    """Return the constraint as in CREATE TABLE, because SQLite has no ADD CONSTRAINT."""
    for dialect in (state.dialect, DefaultDialect()):
        with suppress(CompileError, SQLAlchemyError, AttributeError):
            return " ".join(str(dialect.ddl_compiler(dialect, None).process(constraint)).split())  # type: ignore[arg-type]
    return f"{type(constraint).__name__} {constraint.name}"


def _sql(element: BaseDDLElement, state: SchemaState) -> str:
    """Return the SQL of a construct; by the dialect, or by the standard."""
    for dialect in (state.dialect, DefaultDialect()):
        with suppress(CompileError, SQLAlchemyError, AttributeError):
            return " ".join(str(element.compile(dialect=dialect)).split())
    return str(getattr(element.element, "name", type(element).__name__))  # type: ignore[attr-defined]


def _shown(place: Place) -> str:
    return ".".join(filter(None, place))
