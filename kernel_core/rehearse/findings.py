"""What a rehearsal found: the values that it returns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from ..snapshot import Change
from ..util.counts import counted
from .masking import masked_row, without_values

BlockerKind = Literal["null", "duplicate", "orphan", "check", "misfit", "enum value", "exclusion", "error"]

Row = Mapping[str, Any]
"""A row as a mapping from the names of some columns to values."""


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock on a table or index, as PostgreSQL names its mode: ``AccessExclusiveLock``.

    ``observed`` is False for a statement that commits by itself: its lock ends with it, and is that of the manual.
    """

    mode: str
    name: str
    observed: bool = True


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement that ran on the clone.

    ``operation`` is the sentence of the operation that it belongs to, "" for other code. ``rows`` is the number of rows
    that it affected, None where the driver does not tell. ``rewrites`` are tables that were rewritten.
    ``algorithm`` is what MariaDB accepted: ``INSTANT``, ``NOCOPY``, ``INPLACE, LOCK=NONE``, ... or "".
    """

    revision: str
    operation: str
    sql: str
    rows: int | None
    seconds: float
    locks: tuple[Lock, ...] = ()
    rewrites: tuple[str, ...] = ()
    algorithm: str = ""
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Blocker:
    """Why an operation or a statement fails: which rows, how many, and the query that finds them.

    ``rows`` is None where the database gives only an error, which is in ``error``. ``follows`` marks a failure after
    another one on the same table, which may be the cause. ``sample`` has up to five of the rows, ``columns`` are those
    whose values are in the way. ``no_query`` is the reason where rows have no query. ``is_later``: the query finds them
    in the tables as the operations before it leave them, and not in the database as it is. ``lists_text``: the query
    lists values of text.
    """

    kind: BlockerKind
    revision: str
    operation: str
    table: str
    text: str
    rows: int | None = None
    query: str = ""
    sample: tuple[Row, ...] = ()
    error: str = ""
    follows: bool = False
    columns: tuple[str, ...] = ()
    no_query: str = ""
    is_later: bool = False
    lists_text: bool = False

    def masked(self) -> Blocker:
        """Return the blocker without values of text: in its sample, its query and the messages of the database."""
        query, reason = self.query, self.no_query
        if self.lists_text:
            query, reason = "", "it lists values of text, which are left out here"
        return replace(
            self,
            text=without_values(self.text),
            error=without_values(self.error),
            sample=tuple(masked_row(row) for row in self.sample),
            query=query,
            no_query=reason,
            lists_text=False,
        )


@dataclass(frozen=True, slots=True)
class RowChange:
    """One changed row: the values of its key, and for each changed column the value before and after."""

    key: Row
    values: Mapping[str, tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class TableRows:
    """What happened to the rows of a table; ``before`` and ``after`` are its numbers of rows, None where there is none.

    ``key`` identifies a row; without one (), a changed row is a removed and an added one. ``columns`` has
    the number of changed rows by column; ``filled`` the rows with a value in a new column, ``lost`` in a removed one.
    """

    table: str
    before: int | None
    after: int | None
    added: int
    removed: int
    changed: int
    key: tuple[str, ...] = ()
    columns: Mapping[str, int] = field(default_factory=dict)
    filled: Mapping[str, int] = field(default_factory=dict)
    lost: Mapping[str, int] = field(default_factory=dict)
    sample: tuple[RowChange, ...] = ()
    renamed_from: str = ""

    @property
    def is_same(self) -> bool:
        """Whether every row still exists with the values that it had."""
        return not (self.added or self.removed or self.changed or self.filled or self.lost)

    def sentence(self) -> str:
        """Return what happened, in words."""
        name = f"{self.table} (was {self.renamed_from})" if self.renamed_from else self.table
        if self.before is None:
            return f"{name}: a new table {_with_rows(self.after)}"
        if self.after is None:
            return f"{name}: a table {_with_rows(self.before)} is removed"
        words = [f"{counted(number, 'row')} {what}" for number, what in self._numbers() if number]
        words += [f"{column} filled in {counted(number, 'row')}" for column, number in self.filled.items() if number]
        words += [f"{counted(number, 'value')} of {column} lost" for column, number in self.lost.items() if number]
        if self.columns:
            words.append("changed: " + ", ".join(f"{name} in {number:,}" for name, number in self.columns.items()))
        return f"{name}: {'; '.join(words) or 'no row changed'}"

    def _numbers(self) -> Iterator[tuple[int, str]]:
        yield self.added, "added"
        yield self.removed, "removed"
        yield self.changed, "changed"


@dataclass(frozen=True, slots=True)
class Undone:
    """What the downgrade did on the same clone, after the upgrade: ``schema`` and ``rows`` are what it left different.

    ``failure`` is why it was not run, or failed; then the other two describe the state at that point.
    """

    schema: tuple[Change, ...] = ()
    rows: tuple[TableRows, ...] = ()
    failure: str = ""
    statements: tuple[Statement, ...] = ()

    def masked(self) -> Undone:
        """Return it without the values of rows that the message of a failure may quote."""
        return replace(self, failure=without_values(self.failure))

    @property
    def restores(self) -> bool:
        """Whether it ran, and schema and rows are as they were before."""
        return not (self.failure or self.schema or self.rows)


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """The result of a rehearsal on the clone of one database.

    ``target`` is the database, without a password; ``revisions`` were run in this order. ``stopped_at`` is the revision
    whose code failed, "" if none did. ``live_unchanged`` is True where it was verified that the database itself was not
    written to, False where it was, by anybody, None where that cannot be known. ``not_compared`` names what was not
    looked at. ``sample`` is the number of rows of each table in the clone, None if it had all.
    """

    target: str
    kind: str
    revisions: tuple[str, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]
    statements: tuple[Statement, ...]
    blockers: tuple[Blocker, ...]
    schema: tuple[Change, ...]
    rows: tuple[TableRows, ...]
    undone: Undone | None
    seconds: float
    method: str
    direction: Literal["upgrade", "downgrade"] = "upgrade"
    stopped_at: str = ""
    sample: int | None = None
    schema_only: bool = False
    full_rows: Mapping[str, int] = field(default_factory=dict)
    live_unchanged: bool | None = None
    not_compared: tuple[str, ...] = ()

    @property
    def is_clean(self) -> bool:
        """Whether everything ran on the clone; what was not cloned may still fail."""
        return not self.blockers and not self.stopped_at

    @property
    def changed_rows(self) -> tuple[TableRows, ...]:
        """The tables whose rows differ."""
        return tuple(each for each in self.rows if not each.is_same)

    def estimate(self, statement: Statement) -> float:
        """Return the seconds that a statement may take on all rows; its own where the clone had them all."""
        if self.sample is None:
            return statement.seconds
        names = [each for each in self.full_rows if _names(statement.sql, each)]
        factor = max((self.full_rows[name] / max(1, self.sample) for name in names), default=1.0)
        return statement.seconds * max(1.0, factor)

    def table(self) -> list[dict[str, Any]]:
        """Return the findings as rows of a table: ``pandas.DataFrame(rehearsal.table())``."""
        found = [_entry("blocker", each.table, each.text, each.rows, each.revision) for each in self.blockers]
        found += [_entry(f"schema {sign}", table, text, None, "") for sign, table, text in self.schema]
        found += [
            _entry("rows", each.table, each.sentence(), each.added + each.removed + each.changed, "")
            for each in self.changed_rows
        ]
        found += [
            _entry("lock", lock.name, lock.mode, None, each.revision) for each in self.statements for lock in each.locks
        ]
        return found


def _entry(finding: str, table: str, text: str, rows: int | None, revision: str) -> dict[str, Any]:
    return {"finding": finding, "table": table, "text": text, "rows": rows, "revision": revision}


def _names(sql: str, table: str) -> bool:
    return table.rpartition(".")[2] in sql


def _with_rows(number: int | None) -> str:
    return f"with {counted(number, 'row')}" if number else "without rows"
