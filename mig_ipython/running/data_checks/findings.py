"""Count the rows that a plan would lose, and the rows that would make it fail, in the database before it runs.

Earlier steps of the same plan are considered: a table or column that they rename is counted under its present name, a
table that they create is empty, and one whose rows they change is not counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from kernel_core.operations.operation import MigrateOperation, shown_name
from kernel_core.operations.ops import (
    AddColumnOp,
    AlterColumnOp,
    CreateCheckConstraintOp,
    CreateExcludeConstraintOp,
    CreateForeignKeyOp,
    CreateIndexOp,
    CreatePrimaryKeyOp,
    CreateTableOp,
    CreateUniqueConstraintOp,
    DropColumnOp,
    DropTableOp,
    ExecuteSQLOp,
    RenameTableOp,
    SetEnumValuesOp,
    SetTableOptionsOp,
)
from kernel_core.rehearse.blockers.conditions import (
    compared,
    index_value,
    matches_full,
    prefix_lengths,
    unmet,
    without_parent,
)
from kernel_core.rehearse.blockers.row_checks import BLOCKED, RowChecks
from kernel_core.rehearse.blockers.type_changes import value_changes

from ...views.operations import line_of
from ...views.plan import Blocker, Loss
from .table_states import COUNT_LIMIT, Key, NotCounted, TableStates, changes_no_rows, table_states

Found: TypeAlias = tuple[str, str, int | None]
"""Severity, text, rows: None where they are not counted."""


def keeps_rows(operation: MigrateOperation) -> bool:
    """Return whether an operation is certain to keep every row and value, apart from those that are counted."""
    if isinstance(operation, ExecuteSQLOp):
        return changes_no_rows(operation.text)
    is_counted = isinstance(operation, (*_LOSSES, *BLOCKED)) and not isinstance(operation, _NOT_COUNTED)
    return is_counted or not operation.hints()


def check_rows(
    live: sa.Connection, steps: Iterable[tuple[Sequence[MigrateOperation], bool]]
) -> tuple[tuple[Loss, ...], tuple[Blocker, ...]]:
    """Return what the steps would lose, and what would make them fail.

    A step is (operations, whether it does nothing besides them).
    """
    losses: list[Loss] = []
    blockers: list[Blocker] = []
    with table_states(live) as states:
        for operations, is_complete in steps:
            if not is_complete:
                states.change_all()
            for operation in operations:
                for severity, text, rows in _findings(states, operation):
                    line = line_of(operation)
                    if severity == "loses data":
                        losses.append(Loss(line.table or "SQL", line.sentence, text, rows))
                    else:
                        blocker = Blocker(line.table or "SQL", line.sentence, text, rows, severity == "will fail")
                        blockers.append(blocker)
                with suppress(SQLAlchemyError, NotImplementedError):
                    states.apply(operation)
    return tuple(losses), tuple(blockers)


def _findings(states: TableStates, operation: MigrateOperation) -> Iterator[Found]:
    """Yield what one operation would lose or fail on; the hints of the operation where the rows cannot be counted."""
    states.restart_clock()
    lost = next((lost for kind, lost in _LOSSES.items() if isinstance(operation, kind)), None)
    try:
        counted = RowCounts(states).of(operation) if lost is None else lost(states, operation)
        if counted is not None:
            yield from [found for found in counted if found[2] != 0]
            return
    except (NotCounted, SQLAlchemyError, NotImplementedError):
        states.restart_clock()
    for hint in operation.hints(states.dialect):
        if hint.severity != "slow":
            yield hint.severity, hint.text, None


def _key(operation: MigrateOperation) -> Key:
    key = operation.table_key
    assert key is not None, "operations that are counted are about a table"
    return key


def _dropped_table(states: TableStates, operation: DropTableOp) -> Iterator[Found]:
    table = states.table(_key(operation))
    if table is not None:
        yield "loses data", f"all rows of {operation.shown_table} are lost", states.count(table)


def _dropped_column(states: TableStates, operation: DropColumnOp) -> Iterator[Found]:
    key = _key(operation)
    if states.table(key) is None:
        return
    try:
        column = states.column(key, operation.column_name)
    except NotCounted:
        if not states.keeps_names(key):
            raise
        return
    if column is not None:
        rows = states.count(column.table, column.is_not(None))
        yield "loses data", f"all data in {operation.shown_table}.{operation.column_name} is lost", rows


def _nothing(states: TableStates, operation: MigrateOperation) -> Iterator[Found]:
    """Yield nothing: a new table has no rows, and a rename changes none."""
    yield from ()


_LOSSES: dict[type[MigrateOperation], Callable[[TableStates, Any], Iterator[Found]]] = {
    DropTableOp: _dropped_table,
    DropColumnOp: _dropped_column,
    CreateTableOp: _nothing,
    RenameTableOp: _nothing,
}


_NOT_COUNTED = (CreateExcludeConstraintOp, SetEnumValuesOp, SetTableOptionsOp)
"""Rows that block these are found by a rehearsal only."""


class RowCounts(RowChecks[Found]):
    """How many rows an operation of a plan would fail on; raises NotCounted where only the run shows it."""

    def __init__(self, states: TableStates) -> None:
        self._states = states

    def added_column(self, operation: AddColumnOp) -> Iterator[Found]:
        column, table = operation.column, self._states.table(_key(operation))
        if column.nullable or column.server_default is not None or table is None or self._states.dialect == "mysql":
            return  # MariaDB and MySQL fill the rows with an implicit default
        rows = self._states.count(table)
        yield "may fail", f"{column.name} is not null and has no default, and {operation.shown_table} has rows", rows

    def altered_column(self, operation: AlterColumnOp) -> Iterator[Found]:
        key, name = _key(operation), operation.column_name
        table = self._states.table(key)
        if table is None or (operation.modify_nullable is not False and operation.modify_type is None):
            return
        column = self._states.column(key, name)
        if operation.modify_nullable is False:
            rows = self._states.count(table) if column is None else self._states.count(table, column.is_(None))
            yield "may fail", f"rows of {operation.shown_table} have no {operation.name_after}", rows
        if operation.modify_type is None or column is None:
            return
        using = str(operation.kw.get("postgresql_using") or "") if self._states.dialect == "postgresql" else ""
        name, strict = operation.name_after, self._states.is_strict()
        for change in value_changes(
            column, name, operation.modify_type, self._states.dialect, using=using, strict=strict
        ):
            if isinstance(change.condition, sa.ColumnElement):
                rows = self._states.count(table, column.is_not(None), change.condition)
                yield change.severity, change.text, rows
            elif change.condition is True:
                yield "will fail", change.text, None
            elif self._states.count(table, column.is_not(None)):
                yield change.severity, change.text, None

    def unique(self, operation: CreateUniqueConstraintOp | CreateIndexOp) -> Iterator[Found]:
        key = _key(operation)
        if self._states.table(key) is None:
            return
        parts = operation.parts if isinstance(operation, CreateIndexOp) else operation.columns
        rows = _duplicates(self._states, key, parts, operation.kw)
        yield "may fail", f"rows of {operation.shown_table} have the same values", rows

    def primary_key(self, operation: CreatePrimaryKeyOp) -> Iterator[Found]:
        key = _key(operation)
        table = self._states.table(key)
        if table is None:
            return
        yield (
            "may fail",
            f"rows of {operation.shown_table} have the same values",
            _duplicates(self._states, key, operation.columns, {}),
        )
        if self._states.dialect != "sqlite":
            columns = [self._states.column(key, name) for name in operation.columns]
            empty = [sa.true() if column is None else column.is_(None) for column in columns]
            yield (
                "may fail",
                f"rows of {operation.shown_table} have no value there",
                self._states.count(table, sa.or_(*empty)),
            )

    def foreign_key(self, operation: CreateForeignKeyOp) -> Iterator[Found]:
        key = _key(operation)
        table = self._states.table(key)
        if table is None:
            return
        local = [self._states.column(key, name) for name in operation.local_cols]
        if any(column is None for column in local):
            return
        known = [column for column in local if column is not None]
        referred_key = (operation.referent_schema, operation.referent_table)
        referred_table = self._states.table(referred_key)
        text = f"rows of {operation.shown_table} refer to rows that {shown_name(*referred_key)} lacks"
        if referred_table is None:
            yield "may fail", text, self._states.count(table, *(column.is_not(None) for column in known))
            return
        remote = [self._states.column(referred_key, name) for name in operation.remote_cols]
        names = [None if target is None else target.name for target in remote]
        is_postgresql = self._states.dialect == "postgresql"  # other databases read MATCH and ignore it
        full = is_postgresql and matches_full(operation)
        condition = without_parent(table, known, referred_table, names, matches_full=full)
        yield "may fail", text, self._states.count(table, condition)

    def check(self, operation: CreateCheckConstraintOp) -> Iterator[Found]:
        key = _key(operation)
        table = self._states.table(key)
        if table is None:
            return
        if not self._states.keeps_names(key):
            raise NotCounted
        yield "may fail", f"rows of {operation.shown_table} do not meet it", self._states.count(table, unmet(operation))

    def exclusion(self, operation: CreateExcludeConstraintOp) -> Iterator[Found]:
        raise NotCounted

    def enum_values(self, operation: SetEnumValuesOp) -> Iterator[Found]:
        raise NotCounted

    def table_options(self, operation: SetTableOptionsOp) -> Iterator[Found]:
        raise NotCounted


def _duplicates(states: TableStates, key: Key, names: Sequence[Any], options: dict[str, Any]) -> int:
    """Return the number of rows with equal values; NULL equals nothing, unless the index is NULLS NOT DISTINCT."""
    table = states.table(key)
    assert table is not None, "an empty table has no duplicates"
    if prefix_lengths(options):
        raise NotCounted
    is_partial = options.get(f"{states.dialect}_where") is not None
    if not states.keeps_names(key) and (is_partial or not all(isinstance(name, str) for name in names)):
        raise NotCounted
    columns = [
        states.column(key, name) if isinstance(name, str) else index_value(name, states.dialect) for name in names
    ]
    real = [column for column in columns if column is not None]
    conditions = compared(real, options, states.dialect)
    if len(real) < len(columns) and len(conditions) > is_partial:
        return 0  # a column that holds only NULL, which equals nothing
    groups = sa.select(sa.func.count().label("rows")).select_from(table).where(*conditions)
    groups = groups.group_by(*real).having(sa.func.count() > 1)
    total = sa.select(sa.func.coalesce(sa.func.sum(groups.subquery().c.rows), 0))
    return min(int(states.live.execute(total).scalar_one()), COUNT_LIMIT + 1)
