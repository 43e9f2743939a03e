"""Gather changes to one table, then alter it in place or have it rebuilt.

Inside ``with op.batch_alter_table(...)`` the operations find a `RecordingImpl` where they expect the database. It
notes each change. At the end of the block the real implementation says whether it needs a new table for them
(``requires_recreate_in_batch``); then it rebuilds the table (``rebuild``), replaying the notes on the new definition.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from sqlalchemy import CheckConstraint, MetaData, Table, TextClause
from sqlalchemy.schema import SchemaItem

from ..util.exc import BatchError, CommandError, NoSuchColumn
from ..util.sql import names_column
from ..util.sqla_compat import sql_text
from .interfaces import Implementation


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """How a batch is to be carried out: the arguments of ``batch_alter_table``."""

    recreate: Literal["auto", "always", "never"] = "auto"
    copy_from: Table | None = None
    partial_reordering: tuple[tuple[str, ...], ...] = ()
    table_args: tuple[SchemaItem, ...] = ()
    table_kwargs: Mapping[str, Any] = field(default_factory=dict)
    reflect_args: tuple[SchemaItem, ...] = ()
    reflect_kwargs: Mapping[str, Any] = field(default_factory=dict)
    naming_convention: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.recreate not in ("auto", "always", "never"):
            raise CommandError(f"recreate={self.recreate!r} is unknown. Say auto, always or never.")


@dataclass(frozen=True, slots=True)
class Change:
    """One call that an operation made of the database: the method's name and its arguments."""

    method: str
    args: tuple[Any, ...]
    kw: Mapping[str, Any]

    def replay(self, target: object) -> None:
        """Make the same call of ``target``."""
        getattr(target, self.method)(*self.args, **self.kw)


@dataclass(slots=True)
class Batch:
    """The changes to one table that wait for the end of the block."""

    table_name: str
    schema: str | None = None
    options: BatchOptions = field(default_factory=BatchOptions)
    changes: list[Change] = field(default_factory=list)

    def flush(self, impl: Implementation) -> None:
        """Carry out what was gathered; raises BatchError where ``recreate="never"`` forbids what would be needed."""
        recreate = self.options.recreate
        if recreate == "always" or (recreate == "auto" and impl.requires_recreate_in_batch(self)):
            impl.rebuild(self)
            return
        for change in self.changes:
            if change.kw.keys() & {"insert_before", "insert_after"}:
                raise BatchError(
                    f"A column of {self.table_name!r} gets its place only in a new table. "
                    "Pass recreate='always', or leave out insert_before and insert_after."
                )
        for change in self.changes:
            change.replay(impl)

    def refuse(self, reason: str) -> BatchError:
        """Return the error that says why the table cannot be rebuilt."""
        return BatchError(f"Table {self.table_name!r} cannot be rebuilt: {reason}")

    def refuse_column(self, name: str, names: Iterable[str]) -> NoSuchColumn:
        """Return the error for a column that is not among the table's ``names``."""
        known = ", ".join(names)
        return NoSuchColumn(
            f"Table {self.table_name!r} cannot be rebuilt: it has no column {name!r}. Its columns: {known}"
        )


def reordered(batch: Batch, names: Sequence[str], groups: Sequence[Sequence[str]]) -> list[str]:
    """Return column names in an order that keeps each group's own; what no group moves stays as near as it can.

    Raises BatchError for a name that is not there, and for groups that contradict each other.
    """
    unknown = [name for group in groups for name in group if name not in names]
    if unknown:
        raise batch.refuse_column(unknown[0], names)
    before: dict[str, set[str]] = {name: set() for name in names}
    for group in groups:
        for first, second in itertools.pairwise(group):
            before[second].add(first)
    order: list[str] = []
    while len(order) < len(names):
        free = [name for name in names if name not in order and before[name] <= set(order)]
        if not free:
            raise batch.refuse(f"partial_reordering contradicts itself: {', '.join(map(repr, groups))}")
        order.append(free[0])
    return order


def with_new_name(batch: Batch, table: Table, before: str, after: str) -> Table:
    """Return a copy of ``copy_from`` in which a column has its new name.

    Raises BatchError where SQL text names the column: a CHECK, an expression of an index, what is computed.
    """
    texts = [each.sqltext for each in table.constraints if isinstance(each, CheckConstraint)]
    texts += [column.computed.sqltext for column in table.columns if column.computed is not None]
    texts += [each for index in table.indexes for each in index.expressions]
    for text in texts:
        if isinstance(text, TextClause) and names_column(sql_text(text), before, "sqlite"):
            raise batch.refuse(
                f"{text.text!r} in copy_from names column {before!r}. Write it with columns, "
                f'such as table.c["{before}"] > 0, and it follows the new name'
            )
    copied = table.to_metadata(MetaData())
    copied.c[next(column.key for column in table.columns if column.name == before)].name = after
    return copied


_CHANGES = frozenset(
    {
        "add_column",
        "alter_column",
        "drop_column",
        "add_constraint",
        "drop_constraint",
        "create_index",
        "drop_index",
        "create_table_comment",
        "change_table_comment",
        "drop_table_comment",
    }
)


class RecordingImpl:
    """Records the changes that operations make, in place of the database's implementation."""

    def __init__(self, impl: Implementation, batch: Batch) -> None:
        self._impl, self.batch = impl, batch

    def __getattr__(self, name: str) -> Any:
        if name not in _CHANGES:
            return getattr(self._impl, name)

        def record(*args: object, **kw: object) -> None:
            self.batch.changes.append(Change(name, args, kw))

        return record


def recording(impl: Implementation, batch: Batch) -> Implementation:
    """Return an implementation that records the changes to the batch's table and passes on everything else."""
    return cast("Implementation", RecordingImpl(impl, batch))


def batch_of(impl: Implementation) -> Batch:
    """Return the batch that an implementation records."""
    return cast("RecordingImpl", impl).batch
