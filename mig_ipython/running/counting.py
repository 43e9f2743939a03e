"""Count the rows that a plan would lose, and those that would make it fail, in the database as it is now.

Earlier steps of the same plan are taken into account: a table or column that they rename is counted under the name that
it has now, one that they create is empty, and one whose rows they change is not counted.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from kernel_core.operations.operation import MigrateOperation, shown_name
from kernel_core.operations.ops import (
    AddColumnOp,
    AlterColumnOp,
    BulkInsertOp,
    CreateCheckConstraintOp,
    CreateForeignKeyOp,
    CreateIndexOp,
    CreatePrimaryKeyOp,
    CreateTableOp,
    CreateUniqueConstraintOp,
    DropColumnOp,
    DropTableOp,
    ExecuteSQLOp,
    RenameTableOp,
)
from kernel_core.util.sqla_compat import sql_text

from ..views.operations import line_of
from ..views.plan import Blocker, Loss
from .misfits import misfits

COUNT_LIMIT = 1_000_000
"""Rows are counted up to here; more are "more than"."""

SECONDS = 5
"""A count that takes longer is cancelled."""

Key = tuple[str | None, str]
Found = tuple[str, str, int | None]
"""Severity, text, rows: None where they are not counted."""

_LEAVES_ROWS_ALONE = re.compile(
    r"\s*(SELECT|SET|COMMENT|GRANT|REVOKE|ANALYZE|VACUUM|REINDEX|REFRESH|PRAGMA|CREATE\s+(?!(TEMP\w*\s+)?TABLE)"
    r"|(DROP|ALTER)\s+(?!TABLE|DATABASE|SCHEMA|OWNED))\b",
    re.IGNORECASE,
)


def keeps_rows(operation: MigrateOperation) -> bool:
    """Return whether an operation is certain to leave every row and value alone, but for those that are counted."""
    if isinstance(operation, ExecuteSQLOp):
        return _LEAVES_ROWS_ALONE.match(sql_text(operation.sqltext)) is not None
    return any(isinstance(operation, kind) for kind in _LOOKS) or not operation.hints()


class NotCounted(Exception):
    """Which rows there will be is not known before the plan runs."""


class Scene:
    """The tables as a step of the plan finds them: names and columns as earlier steps leave them."""

    def __init__(self, live: sa.Connection) -> None:
        self.live = live
        self._inspector = sa.inspect(live)
        self._origin: dict[Key, Key | None] = {}
        self._columns: dict[Key, dict[str, str | sa.Column[Any] | None]] = {}
        self._changed: set[Key] = set()
        self._all_changed = False
        self._known: dict[Key, sa.TableClause | None] = {}
        self._deadline = 0.0

    @property
    def dialect(self) -> str:
        """The name of the database's dialect."""
        return self.live.dialect.name.replace("mariadb", "mysql")

    def table(self, key: Key) -> sa.TableClause | None:
        """Return a table under the name that it has now, None for one that is empty; raises NotCounted."""
        if self._all_changed or key in self._changed:
            raise NotCounted
        origin = self._origin.get(key, key)
        if origin is None:
            return None
        if origin not in self._known:
            self._known[origin] = self._reflected(origin)
        return self._known[origin]

    def column(self, key: Key, name: str) -> sa.ColumnElement[Any] | None:
        """Return a column of a table that is not empty, None for one that holds only NULL; raises NotCounted."""
        table = self.table(key)
        found = self._columns.get(key, {}).get(name, name)
        if isinstance(found, sa.Column):
            if found.server_default is not None or found.primary_key:
                raise NotCounted
            return None
        if table is None or found is None or found not in table.c:
            raise NotCounted
        return table.c[found]

    def keeps_names(self, key: Key) -> bool:
        """Return whether every column of a table has the name by which SQL text knows it."""
        return not self._columns.get(key)

    def change_all(self) -> None:
        """Note that code of the plan's own ran, after which no row is known."""
        self._all_changed = True

    def is_late(self) -> bool:
        """Return whether the count that runs now has taken too long."""
        return time.monotonic() > self._deadline

    def restart_clock(self) -> None:
        """Give the next counts their time, in a transaction of their own."""
        self._deadline = time.monotonic() + SECONDS
        if self.live.in_transaction():
            self.live.rollback()
        if self.dialect == "postgresql":
            self.live.exec_driver_sql(f"SET LOCAL statement_timeout = '{SECONDS}s'")

    def take(self, operation: MigrateOperation) -> None:
        """Note what an operation leaves behind."""
        key = operation.table_key
        if isinstance(operation, ExecuteSQLOp):
            self._take_sql(sql_text(operation.sqltext))
        elif isinstance(operation, BulkInsertOp) or key is None:
            table = getattr(operation, "table", None)
            if table is not None:
                self._changed.add((table.schema, table.name))
        elif isinstance(operation, CreateTableOp | DropTableOp):
            self._origin[key] = None
            self._columns.pop(key, None)
            self._changed.discard(key)
        elif isinstance(operation, RenameTableOp):
            self._rename(key, (key[0], operation.new_table_name))
        elif isinstance(operation, AddColumnOp):
            self._columns.setdefault(key, {})[operation.column.name] = operation.column
        elif isinstance(operation, DropColumnOp):
            self._columns.setdefault(key, {})[operation.column_name] = None
        elif isinstance(operation, AlterColumnOp) and operation.modify_name is not None:
            columns = self._columns.setdefault(key, {})
            columns[operation.modify_name] = columns.get(operation.column_name, operation.column_name)
            columns[operation.column_name] = None

    def _rename(self, before: Key, after: Key) -> None:
        self._origin[after] = self._origin.get(before, before)
        self._origin[before] = None
        if before in self._columns:
            self._columns[after] = self._columns.pop(before)
        if before in self._changed:
            self._changed.discard(before)
            self._changed.add(after)

    def _take_sql(self, sql: str) -> None:
        """Note the tables that a statement names, as it may change their rows; all of them where it names none."""
        if _LEAVES_ROWS_ALONE.match(sql):
            return
        words = {word.lower() for word in re.findall(r"\w+", sql)}
        names = {*self._origin, *((None, name) for name in self._inspector.get_table_names())}
        for schema in {schema for schema, _ in self._origin if schema} | (words & set(self._schemas())):
            names |= {(schema, name) for name in self._inspector.get_table_names(schema=schema)}
        named = {key for key in names if key[1].lower() in words}
        self._changed |= named
        self._all_changed = self._all_changed or not named

    def _schemas(self) -> list[str]:
        return self._inspector.get_schema_names() if self.dialect != "sqlite" else []

    def _reflected(self, key: Key) -> sa.TableClause | None:
        schema, name = key
        if not self._inspector.has_table(name, schema=schema):
            return None
        columns = self._inspector.get_columns(name, schema=schema)
        return sa.table(name, *(sa.column(each["name"], each["type"]) for each in columns), schema=schema)

    def count(self, table: sa.FromClause, *conditions: sa.ColumnElement[bool]) -> int:
        """Return how many rows meet the conditions, at most one over the limit."""
        rows = sa.select(sa.literal(1).label("one")).select_from(table).where(*conditions).limit(COUNT_LIMIT + 1)
        return int(self.live.execute(sa.select(sa.func.count()).select_from(rows.subquery())).scalar_one())

    def is_strict(self) -> bool:
        """Return whether the database refuses a value that does not fit, rather than cutting it."""
        return self.dialect != "mysql" or "STRICT" in str(self.live.exec_driver_sql("SELECT @@sql_mode").scalar())


def counted(
    live: sa.Connection, steps: Iterable[tuple[Sequence[MigrateOperation], bool]]
) -> tuple[tuple[Loss, ...], tuple[Blocker, ...]]:
    """Return what steps would lose, and what would make them fail; each is its operations, and whether that is all.

    A step of which that is not all does more than its operations say.
    """
    losses: list[Loss] = []
    blockers: list[Blocker] = []
    with _bounded(live) as scene:
        for operations, is_complete in steps:
            if not is_complete:
                scene.change_all()
            for operation in operations:
                for severity, text, rows in _findings(scene, operation):
                    line = line_of(operation)
                    if severity == "loses data":
                        losses.append(Loss(line.table or "SQL", line.sentence, text, rows))
                    else:
                        blocker = Blocker(line.table or "SQL", line.sentence, text, rows, severity == "will fail")
                        blockers.append(blocker)
                with suppress(SQLAlchemyError, NotImplementedError):
                    scene.take(operation)
    return tuple(losses), tuple(blockers)


def _findings(scene: Scene, operation: MigrateOperation) -> Iterator[Found]:
    """Yield what one operation would lose, and what makes it fail; its own hints where that cannot be counted."""
    look = next((look for kind, look in _LOOKS.items() if isinstance(operation, kind)), None)
    scene.restart_clock()
    if look is not None:
        try:
            yield from [found for found in look(scene, operation) if found[2] != 0]
        except (NotCounted, SQLAlchemyError, NotImplementedError):
            scene.restart_clock()
        else:
            return
    for hint in operation.hints(scene.dialect):
        if hint.severity != "slow":
            yield hint.severity, hint.text, None


def _key(operation: MigrateOperation) -> Key:
    key = operation.table_key
    assert key is not None, "operations that are counted are about a table"
    return key


def _dropped_table(scene: Scene, operation: Any) -> Iterator[Found]:
    table = scene.table(_key(operation))
    if table is not None:
        yield "loses data", f"all rows of {operation.shown_table} are lost", scene.count(table)


def _dropped_column(scene: Scene, operation: Any) -> Iterator[Found]:
    key = _key(operation)
    if scene.table(key) is None:
        return
    try:
        column = scene.column(key, operation.column_name)
    except NotCounted:
        if not scene.keeps_names(key):
            raise
        return
    if column is not None:
        rows = scene.count(column.table, column.is_not(None))
        yield "loses data", f"all that {operation.shown_table}.{operation.column_name} holds is lost", rows


def _added_column(scene: Scene, operation: Any) -> Iterator[Found]:
    column, table = operation.column, scene.table(_key(operation))
    if column.nullable or column.server_default is not None or table is None or scene.dialect == "mysql":
        return  # MariaDB and MySQL give the rows an empty value
    rows = scene.count(table)
    yield "may fail", f"{column.name} is not null and has no default, and {operation.shown_table} has rows", rows


def _altered_column(scene: Scene, operation: Any) -> Iterator[Found]:
    key, name = _key(operation), operation.column_name
    table = scene.table(key)
    if table is None or (operation.modify_nullable is not False and operation.modify_type is None):
        return
    column = scene.column(key, name)
    if operation.modify_nullable is False:
        rows = scene.count(table) if column is None else scene.count(table, column.is_(None))
        yield "may fail", f"rows of {operation.shown_table} have no {operation.name_after}", rows
    if operation.modify_type is None or column is None:
        return
    using = str(operation.kw.get("postgresql_using") or "") if scene.dialect == "postgresql" else ""
    name, strict = operation.name_after, scene.is_strict()
    for misfit in misfits(column, name, operation.modify_type, scene.dialect, using=using, strict=strict):
        if isinstance(misfit.condition, sa.ColumnElement):
            rows = scene.count(table, column.is_not(None), misfit.condition)
            yield misfit.severity, misfit.text, rows
        elif misfit.condition is True:
            yield "will fail", misfit.text, None
        elif scene.count(table, column.is_not(None)):
            yield misfit.severity, misfit.text, None


def _unique(scene: Scene, operation: Any) -> Iterator[Found]:
    key = _key(operation)
    if scene.table(key) is None or (isinstance(operation, CreateIndexOp) and not operation.unique):
        return
    parts = operation.parts if isinstance(operation, CreateIndexOp) else operation.columns
    rows = _duplicates(scene, key, parts, operation.kw)
    yield "may fail", f"rows of {operation.shown_table} have the same values", rows


def _primary_key(scene: Scene, operation: Any) -> Iterator[Found]:
    key = _key(operation)
    table = scene.table(key)
    if table is None:
        return
    yield (
        "may fail",
        f"rows of {operation.shown_table} have the same values",
        _duplicates(scene, key, operation.columns, {}),
    )
    if scene.dialect != "sqlite":
        columns = [scene.column(key, name) for name in operation.columns]
        empty = [sa.true() if column is None else column.is_(None) for column in columns]
        yield "may fail", f"rows of {operation.shown_table} have no value there", scene.count(table, sa.or_(*empty))


def _duplicates(scene: Scene, key: Key, names: Sequence[Any], options: dict[str, Any]) -> int:
    """Return how many rows share their values with another one; NULL is equal to nothing, unless the index says so."""
    table = scene.table(key)
    assert table is not None, "an empty table has no duplicates"
    if "mysql_length" in options or "mariadb_length" in options:
        raise NotCounted
    where = options.get(f"{scene.dialect}_where")
    if not scene.keeps_names(key) and (where is not None or not all(isinstance(name, str) for name in names)):
        raise NotCounted
    nulls_equal = bool(options.get("postgresql_nulls_not_distinct")) and scene.dialect == "postgresql"
    columns = [scene.column(key, name) if isinstance(name, str) else _text(sql_text(name)) for name in names]
    if not nulls_equal and any(column is None for column in columns):
        return 0
    real = [column for column in columns if column is not None]
    conditions: list[sa.ColumnElement[Any]] = [] if nulls_equal else [column.is_not(None) for column in real]
    if where is not None:
        conditions.append(_text(where if isinstance(where, str) else sql_text(where)))
    groups = sa.select(sa.func.count().label("rows")).select_from(table).where(*conditions)
    groups = groups.group_by(*real).having(sa.func.count() > 1)
    total = sa.select(sa.func.coalesce(sa.func.sum(groups.subquery().c.rows), 0))
    return min(int(scene.live.execute(total).scalar_one()), COUNT_LIMIT + 1)


def _foreign_key(scene: Scene, operation: Any) -> Iterator[Found]:
    key = _key(operation)
    table = scene.table(key)
    if table is None or operation.kw.get("postgresql_not_valid"):
        return
    local = [scene.column(key, name) for name in operation.local_cols]
    if any(column is None for column in local):
        return
    present = [column.is_not(None) for column in local if column is not None]
    referred_key = (operation.referent_schema, operation.referent_table)
    referred_table = scene.table(referred_key)
    text = f"rows of {operation.shown_table} refer to rows that {shown_name(*referred_key)} lacks"
    if referred_table is None:
        yield "may fail", text, scene.count(table, *present)
        return
    remote = [scene.column(referred_key, name) for name in operation.remote_cols]
    referred = referred_table.alias("referred")
    pairs = [
        sa.false() if there is None else referred.c[there.name] == here
        for here, there in zip(local, remote, strict=True)
    ]
    lacking = ~sa.exists(sa.select(sa.literal(1)).select_from(referred).where(*pairs).correlate(table))
    yield "may fail", text, scene.count(table, *present, lacking)


def _check(scene: Scene, operation: Any) -> Iterator[Found]:
    key = _key(operation)
    table = scene.table(key)
    if table is None or operation.kw.get("postgresql_not_valid"):
        return
    if not scene.keeps_names(key):
        raise NotCounted
    condition = operation.condition if isinstance(operation.condition, str) else sql_text(operation.condition)
    rows = scene.count(table, sa.not_(_text(condition)))
    yield "may fail", f"rows of {operation.shown_table} do not meet it", rows


def _nothing(scene: Scene, operation: Any) -> Iterator[Found]:
    """Yield nothing: a new table has no rows, and a new name changes none."""
    yield from ()


_LOOKS: dict[type[MigrateOperation], Callable[[Scene, Any], Iterator[Found]]] = {
    DropTableOp: _dropped_table,
    DropColumnOp: _dropped_column,
    AddColumnOp: _added_column,
    AlterColumnOp: _altered_column,
    CreateUniqueConstraintOp: _unique,
    CreateIndexOp: _unique,
    CreatePrimaryKeyOp: _primary_key,
    CreateForeignKeyOp: _foreign_key,
    CreateCheckConstraintOp: _check,
    CreateTableOp: _nothing,
    RenameTableOp: _nothing,
}


def _text(sql: str) -> sa.ColumnElement[Any]:
    """Return SQL text as a condition or an expression; a colon in it is a colon."""
    return sa.literal_column(f"({sql})")


@contextmanager
def _bounded(live: sa.Connection) -> Iterator[Scene]:
    """Give the scene of a connection; its counts are cancelled after `SECONDS`, its settings restored afterwards."""
    scene, before = Scene(live), None
    raw: Any = live.connection.driver_connection
    interruptible = live.dialect.name == "sqlite" and hasattr(raw, "set_progress_handler")
    if interruptible:
        raw.set_progress_handler(scene.is_late, 10_000)
    elif getattr(live.dialect, "is_mariadb", False):
        before = live.exec_driver_sql("SELECT @@max_statement_time").scalar()
        live.exec_driver_sql(f"SET max_statement_time = {SECONDS}")
    try:
        yield scene
    finally:
        if interruptible:
            raw.set_progress_handler(None, 0)
        if not live.invalidated:
            if before is not None:
                live.exec_driver_sql(f"SET max_statement_time = {before}")
            live.rollback()
