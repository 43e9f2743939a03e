"""Statements that MariaDB refuses run again on a temporary copy of their table, which takes any rows.

A temporary table hides the table of the same name, and neither CREATE nor DROP TEMPORARY TABLE ends the transaction
(https://mariadb.com/kb/en/create-table/#create-temporary-table). The copy has no keys and no conditions; in strict mode
it also takes NULL everywhere, and has wider types where a value does not fit. What is refused is counted in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Self

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from ....operations.operation import MigrateOperation
from ....operations.ops import AlterColumnOp
from ....util.sql import SQLDialect, in_backticks, tokens
from ....util.sqla_compat.types import AnyType
from ...findings import Blocker, BlockerKind
from ..checks import Check, RowQueries
from ..find import rows_of, rows_refused
from ..mariadb_constraints import checks_of, foreign_keys_of, keys_referring_to, unique_keys_of
from ..ran import Ran
from ..reader import Reader, compares_by_order
from ..savepoints import on_driver, undone
from ..type_changes import value_changes
from ..written_tables import Write, write_of

MISFITS = frozenset({1264, 1265, 1366, 1406})
"""The numbers of the errors of values that do not fit (https://mariadb.com/kb/en/mariadb-error-codes/)."""

IS_NEW = "mig_rehearsed_is_new"
"""A column of a copy: 0 for the rows of the table, and 1 for those that a statement inserts."""
AS_BEFORE = "'mig_rehearsed_as_before'"
"""The text of a column that a statement does not read, in the rows that it may not write to."""
_ROWS = "mig_rehearsed_rows"
_COLUMNS = """
SELECT column_name, column_type, data_type, character_set_name, collation_name, column_default, extra,
is_nullable = 'NO' AS is_not_null, generation_expression, numeric_scale FROM information_schema.columns
WHERE table_schema = database() AND table_name = :table ORDER BY ordinal_position
"""
_TABLE = """
SELECT auto_increment FROM information_schema.tables
WHERE table_type = 'BASE TABLE' AND table_schema = database() AND table_name = :table
"""
_TRIGGERS = """
SELECT action_timing, event_manipulation FROM information_schema.triggers
WHERE event_object_schema = database() AND event_object_table = :table
"""
_REFERRING = """
SELECT 1 FROM information_schema.referential_constraints
WHERE constraint_schema = database() AND :table IN (table_name, referenced_table_name) LIMIT 1
"""
_READS = frozenset({"SELECT", "JOIN", "STRAIGHT_JOIN", "TABLE"})
_INTEGERS = frozenset({"tinyint", "smallint", "mediumint", "int", "bigint"})
_TEXTS = frozenset({"char", "varchar", "enum"})


@dataclass(frozen=True, slots=True)
class Column:
    """A column of ``information_schema.columns``; ``numbers_itself`` is AUTO_INCREMENT where it gives a value."""

    name: str
    type: str
    kind: str
    characters: str | None
    collation: str | None
    default: str | None
    extra: str
    is_not_null: bool
    expression: str | None
    scale: int | None
    numbers_itself: bool = False

    @property
    def takes_null(self) -> bool:
        """Whether the copy takes NULL for a column that is NOT NULL: a TIMESTAMP may read it as the current time."""
        return self.is_not_null and self.kind != "timestamp" and not self.numbers_itself

    @property
    def wider(self) -> str:
        """A type that takes more values and compares as this one; "" for none."""
        if self.expression is not None or self.numbers_itself:
            return ""
        if self.kind in _INTEGERS:
            return "decimal(65,0)"
        if self.kind == "decimal":
            return f"decimal(65,{self.scale or 0})"
        return "longtext" if self.kind in _TEXTS else ""

    def reads(self, columns: Iterable[str]) -> bool:
        """Return whether the column is computed, and may read one of some columns."""
        return self.expression is not None and any(name in self.expression for name in columns)

    @property
    def type_of_text(self) -> str:
        """The type, with the character set if it is one of text."""
        return f"{self.type} CHARACTER SET {self.characters} COLLATE {self.collation}" if self.characters else self.type

    def as_text(self) -> str:
        """Return the definition of the column where it takes any text."""
        text = "LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL"
        return f"{in_backticks(self.name)} {text}{'' if self.default is None else f' DEFAULT {self.default}'}"

    def definition(self, *, widens: bool, keeps_not_null: bool) -> str:
        """Return the definition of the column in the copy."""
        type_ = (self.wider if widens else "") or self.type
        of_text = f" CHARACTER SET {self.characters} COLLATE {self.collation}" if self.characters else ""
        if self.expression is not None:
            stored = "STORED" if "STORED" in self.extra.upper() else "VIRTUAL"
            return f"{in_backticks(self.name)} {type_}{of_text} AS ({self.expression}) {stored}"
        is_not_null = self.is_not_null and (keeps_not_null or not self.takes_null)
        parts = [in_backticks(self.name), f"{type_}{of_text}", "NOT NULL" if is_not_null else "NULL"]
        default = self.default
        if default is None and self.kind == "enum" and self.is_not_null:
            default = _first_label(self.type)  # which no strict mode refuses to write
        parts += ["DEFAULT", default] if default is not None else []
        extra = self.extra.upper()
        parts += [self.extra[extra.index("ON UPDATE") :]] if "ON UPDATE" in extra else []
        parts += ["AUTO_INCREMENT"] if self.numbers_itself else []
        parts += ["INVISIBLE"] if "INVISIBLE" in extra and not (self.is_not_null and self.default is None) else []
        return " ".join(parts)


def rows_on_copy(
    connection: Connection, error: Exception, number: int, ran: Ran, shown: str, revision: str
) -> list[Blocker]:
    """Return the rows because of which a table refuses INSERT or UPDATE; [] where they cannot be found in a copy.

    That is where triggers may change the rows, a view or several tables are written to, or the statement fails on the
    copy as well. ``number`` is that of the error.
    """
    several = {written_to(sql, connection.dialect) for sql in ran.texts}
    written = several.pop() if len(several) == 1 else None
    if written is None or not is_here(connection, written.schema):
        return []
    return first_counted(
        connection, number, lambda widens: _counted(connection, written, error, ran, shown, revision, widens=widens)
    )


def is_here(connection: Connection, schema: str | None) -> bool:
    """Return whether a schema is that of the connection, or none is named."""
    return schema is None or schema == connection.exec_driver_sql("SELECT database()").scalar()


def first_counted(connection: Connection, number: int, counted: Callable[[bool], Iterator[Blocker]]) -> list[Blocker]:
    """Return what is counted on a copy, with wider columns if the statement fails on one without; [] for nothing.

    ``number`` is that of the first error.
    """
    driver_error = connection.dialect.loaded_dbapi.Error
    for widens in (False, True) if number not in MISFITS else (True,):
        try:
            with undone(connection):
                return list(counted(widens))
        except driver_error as second:
            if not second.args or second.args[0] not in MISFITS:
                return []
        except (SQLAlchemyError, NotImplementedError, LookupError):
            return []
    return []


def _counted(
    connection: Connection, written: Write, error: Exception, ran: Ran, shown: str, revision: str, *, widens: bool
) -> Iterator[Blocker]:
    """Yield the rows that are refused; raises LookupError for a table of which no such copy can be made."""
    table = written.table.replace("%%", "%")  # as the driver gets it, which puts parameters in
    copy = Copy.of(connection, table, ran.texts[-1], events=written.events, widens=widens)
    operations = [*copy.constraints(connection), *foreign_keys_of(connection, table)]
    operations += () if written.conflict else unique_keys_of(connection, table)
    operations += keys_referring_to(connection, table) if written.is_update else ()
    with copy.hidden(connection):
        ran.again()
        queries = RowQueries(connection)
        yield from rows_refused(queries, operations, shown, error, revision)
        yield from rows_of(queries, copy.misfits(queries, table), shown, error, revision)


@dataclass(frozen=True, slots=True)
class Copy:
    """A temporary copy of a table, which is to hide it.

    ``next_number`` is the next value of AUTO_INCREMENT. ``widens``: columns have wider types, except those that are
    ``narrow``. ``types`` are those of the table.
    """

    table: str
    columns: Sequence[Column]
    types: Mapping[str, AnyType]
    next_number: int | None
    is_strict: bool
    widens: bool
    narrow: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        connection: Connection,
        table: str,
        sql: str,
        *,
        events: frozenset[str],
        widens: bool,
        narrow: frozenset[str] = frozenset(),
    ) -> Self:
        """Return the copy for a statement; raises LookupError where it would do other things to a copy.

        ``events`` are what fires triggers; at INSERT the copy counts AUTO_INCREMENT itself.
        """
        is_strict = "STRICT" in str(connection.exec_driver_sql("SELECT @@sql_mode").scalar())
        if widens and not is_strict:
            raise LookupError(table)  # what does not fit is changed without an error
        if _are_rows_changed(connection, table, sql, events):
            raise LookupError(table)
        columns, next_number = _columns(connection, table, numbers="INSERT" in events)
        if (
            widens
            and any(each.kind == "enum" for each in columns)
            and compares_by_order(tokens(sql, connection.dialect))
        ):
            raise LookupError(table)  # an enum has the order of its values
        types = {each["name"]: each["type"] for each in sa.inspect(connection).get_columns(table)}
        return cls(table, columns, types, next_number, is_strict, widens, narrow)

    def constraints(self, connection: Connection) -> list[MigrateOperation]:
        """Return the conditions of the table, and NOT NULL where the copy takes NULL."""
        needed = [each.name for each in self.columns if each.takes_null] if self.is_strict else []
        not_null = [AlterColumnOp(self.table, name, modify_nullable=False) for name in needed]
        return [*checks_of(connection, self.table), *not_null]

    @contextmanager
    def hidden(
        self,
        connection: Connection,
        *,
        key: str = "",
        is_marked: bool = False,
        texts: Sequence[str] = (),
        rows_of: str = "",
    ) -> Iterator[None]:
        """Hide the table by the copy, with its rows, for the time of the block.

        ``key`` is that of the copy, if it has one; ``is_marked``: it has the column `IS_NEW`. The columns ``texts``
        take any text, and have `AS_BEFORE` in the rows of the table, whose values are in columns named by `before`;
        columns that are computed of them are empty. ``rows_of`` is another table that has its rows.
        """
        kept = [each for each in self.columns if each.expression is None]
        values = {in_backticks(each.name): in_backticks(each.name) for each in kept}
        definitions = [
            each.as_text()
            if each.name in texts
            else f"{in_backticks(each.name)} {each.type_of_text} NULL"
            if each.reads(texts)
            else each.definition(widens=self.widens and each.name not in self.narrow, keeps_not_null=not self.is_strict)
            for each in self.columns
        ]
        for each in kept:
            if each.name in texts:
                definitions.append(f"{before(each.name)} {each.type_of_text} NULL INVISIBLE")
                values |= {before(each.name): in_backticks(each.name), in_backticks(each.name): AS_BEFORE}
        definitions += [f"KEY ({in_backticks(each.name)})" for each in self.columns if each.numbers_itself]
        definitions += [f"{IS_NEW} tinyint NOT NULL DEFAULT 1 INVISIBLE"] if is_marked else []
        definitions += [key] if key else []
        values |= {IS_NEW: "0"} if is_marked else {}
        options = f" AUTO_INCREMENT = {self.next_number}" if self.next_number else ""
        name, names = in_backticks(self.table), ", ".join(in_backticks(each.name) for each in kept)
        # a key that is 0 is kept, and so is a date that strict mode refuses
        keeps = "SET STATEMENT sql_mode = 'NO_AUTO_VALUE_ON_ZERO' FOR"
        written, selected = ", ".join(values), ", ".join(values.values())
        with ExitStack() as stack:
            if not rows_of:
                stack.enter_context(temporary(connection, _ROWS, f"SELECT {names} FROM {name}"))
            stack.enter_context(temporary(connection, name, f"({', '.join(definitions)}){options}"))
            on_driver(connection, f"{keeps} INSERT INTO {name} ({written}) SELECT {selected} FROM {rows_of or _ROWS}")
            yield

    def misfits(self, queries: RowQueries, table: str) -> Iterator[Check]:
        """Yield the values of wider columns that do not fit the types of the table, in the copy or a further one."""
        for each in self.columns if self.widens else ():
            if each.wider and each.name not in self.narrow:
                yield from _misfits(queries, table, each, self.types)


def before(column: str) -> str:
    """Return the name of the column of a copy that has the values of a column before the statement, in quotes."""
    return in_backticks(f"{column[:40]}_mig_before")


@contextmanager
def temporary(connection: Connection, name: str, definition: str) -> Iterator[None]:
    """Create a temporary table for the time of the block."""
    on_driver(connection, f"CREATE TEMPORARY TABLE {name} {definition}")
    try:
        yield
    finally:
        on_driver(connection, f"DROP TEMPORARY TABLE IF EXISTS {name}")


def _are_rows_changed(connection: Connection, table: str, sql: str, events: frozenset[str]) -> bool:
    """Return whether triggers, which a copy does not have, may change what a statement writes or refers to.

    One that fires after a row is written does not change it; it may change other tables, which are not read then.
    """
    found = connection.execute(sa.text(_TRIGGERS), {"table": table}).all()
    timings = {timing for timing, event in found if event in events}
    if timings != {"AFTER"}:
        return bool(timings)
    reads = any(token.keyword in _READS for token in tokens(sql, connection.dialect))
    return reads or connection.execute(sa.text(_REFERRING), {"table": table}).first() is not None


def _columns(connection: Connection, table: str, *, numbers: bool) -> tuple[list[Column], int | None]:
    """Return the columns of a table, and the next value of AUTO_INCREMENT; raises LookupError for a view."""
    found = connection.execute(sa.text(_TABLE), {"table": table}).first()
    if found is None:
        raise LookupError(table)
    columns = []
    for row in connection.execute(sa.text(_COLUMNS), {"table": table}):
        name, type_, kind, characters, collation, default, extra, is_not_null, expression, scale = row
        without_storage = type_.partition(" /*")[0]  # COMPRESSED
        given = None if default == "NULL" else default
        itself = numbers and "auto_increment" in extra
        columns.append(
            Column(
                *(name, without_storage, kind, characters, collation, given, extra, bool(is_not_null), expression),
                scale=scale,
                numbers_itself=itself,
            )
        )
    return columns, found[0] if any(each.numbers_itself for each in columns) else None


def _misfits(queries: RowQueries, table: str, column: Column, types: Mapping[str, AnyType]) -> Iterator[Check]:
    """Yield the values of a wider column that do not fit the type that it has."""
    given = queries.table(table, None)
    if given is None:
        return
    value: sa.ColumnElement[object] = sa.column(column.name, given.c[column.name].type)
    if column.kind in ("char", "varchar"):
        value = sa.type_coerce(sa.func.rtrim(value), value.type)  # spaces at the end are cut off without an error
    for change in value_changes(value, column.name, types[column.name], "mariadb"):
        if change.severity == "may fail" and isinstance(change.condition, sa.ColumnElement):
            kind: BlockerKind = "enum value" if column.kind == "enum" else "misfit"
            lead = f"{change.text}: "
            yield from queries.rows_where(kind, table, None, change.condition, lead, columns=(column.name,))


def written_to(sql: str, dialect: SQLDialect) -> Write | None:
    """Return what an INSERT, REPLACE or UPDATE writes to; None where that is not known.

    It is not for IGNORE either, and ON DUPLICATE KEY UPDATE, for which there is `upserts`.
    """
    write = write_of(sql, dialect)
    return None if write is None or write.conflict == "IGNORE" or write.upsert else write


def _first_label(type_: str) -> str:
    """Return the first value of an ENUM, as it is written."""
    return Reader(type_.removeprefix("enum"), "mysql").parenthesised()[0]
