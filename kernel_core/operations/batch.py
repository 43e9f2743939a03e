"""Batches: collect changes to one table, then alter it in place or rebuild it.

Inside ``with op.batch_alter_table(...)`` the implementation is a `RecordingImpl`, which records each change. At the end
of the block the real implementation decides whether it needs a new table (``requires_recreate_in_batch``); then it
rebuilds the table (``rebuild``) and replays the changes on the new definition.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, cast

from sqlalchemy import CheckConstraint, Column, MetaData, Table, TextClause
from sqlalchemy.schema import SchemaItem

from ..util.exc import BatchError, CommandError, NoSuchColumn
from ..util.sql import names_column
from ..util.sqla_compat import sql_text
from .interfaces import Implementation


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """The options of a batch: the arguments of ``batch_alter_table``."""

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
            raise CommandError(f"recreate={self.recreate!r} is not a value of recreate. Pass auto, always or never.")

    @property
    def changes_by_itself(self) -> bool:
        """Whether a batch without any operation may change its table."""
        return bool(self.table_args or self.table_kwargs or self.partial_reordering)

    def may_rebuild(self, dialect_name: str) -> bool:
        """Return whether a batch with these options may rebuild its table on a database."""
        never_needed = dialect_name in ("postgresql", "mysql", "mariadb", "mssql", "oracle")
        return self.recreate == "always" or (self.recreate == "auto" and not never_needed)


@dataclass(frozen=True, slots=True)
class Change:
    """One recorded call of the implementation: the method's name and the arguments."""

    method: str
    args: tuple[Any, ...]
    kw: Mapping[str, Any]

    def replay(self, target: object) -> None:
        """Repeat the call on ``target``."""
        getattr(target, self.method)(*self.args, **self.kw)

    @property
    def rename(self) -> tuple[str, str] | None:
        """The old and the new name of a column that the change renames."""
        after = self.kw.get("name") if self.method == "alter_column" else None
        return None if after is None else (str(self.args[1]), str(after))

    def following(self, renamed: Mapping[str, str]) -> Change:
        """Return the change with the new names of columns in place of their old ones."""
        neighbours = {each: renamed.get(self.kw[each]) for each in ("insert_before", "insert_after") if each in self.kw}
        kw = {**self.kw, **{each: name for each, name in neighbours.items() if name is not None}}
        args = list(self.args)
        if self.method == "alter_column":
            args[1] = renamed.get(args[1], args[1])
        elif self.method == "drop_column" and args[1].name in renamed:
            args[1] = Column(renamed[args[1].name], args[1].type)
        elif self.method in ("add_constraint", "create_index"):
            for column in args[0].table.columns:
                column.name = renamed.get(column.name, column.name)
        return replace(self, args=tuple(args), kw=kw)


@dataclass(slots=True)
class Batch:
    """The recorded changes to one table, and the options of the batch."""

    table_name: str
    schema: str | None = None
    options: BatchOptions = field(default_factory=BatchOptions)
    changes: list[Change] = field(default_factory=list)
    _renamed: dict[str, str] = field(default_factory=dict)

    def record(self, change: Change) -> None:
        """Add a change. It may name a column that the batch has renamed by its old name too, as in Alembic."""
        if self._renamed:
            change = change.following(self._renamed)
        self.changes.append(change)
        if change.method == "add_column":
            self._renamed.pop(str(change.args[1].name), None)
        elif change.rename is not None:
            before, after = change.rename
            self._renamed = {old: after if new == before else new for old, new in self._renamed.items()}
            self._renamed[before] = after
            self._renamed.pop(after, None)

    def flush(self, impl: Implementation) -> None:
        """Run the recorded changes; raises BatchError if they need a new table and ``recreate="never"``."""
        recreate = self.options.recreate
        if recreate == "always" or (recreate == "auto" and impl.requires_recreate_in_batch(self)):
            impl.rebuild(self)
            return
        for change in self.changes:
            if change.kw.keys() & {"insert_before", "insert_after"}:
                raise BatchError(
                    f"A column of {self.table_name!r} can be placed only by rebuilding the table. "
                    "Pass recreate='always', or leave out insert_before and insert_after."
                )
        for change in self.changes:
            change.replay(impl)

    def refuse(self, reason: str) -> BatchError:
        """Return the error for a table that cannot be rebuilt, with the reason."""
        return BatchError(f"Table {self.table_name!r} cannot be rebuilt: {reason}")

    def refuse_column(self, name: str, names: Iterable[str]) -> NoSuchColumn:
        """Return the error for a column that is not one of ``names``, the columns of the table."""
        known = ", ".join(names)
        return NoSuchColumn(
            f"Table {self.table_name!r} cannot be rebuilt: it has no column {name!r}. Its columns: {known}"
        )


def reordered(batch: Batch, names: Sequence[str], groups: Sequence[Sequence[str]]) -> list[str]:
    """Return column names in an order in which each group has its own order; other columns move as little as possible.

    Raises BatchError for an unknown name, and for groups that contradict each other.
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

    Raises BatchError if SQL text names the column: a CHECK, an index expression or a computed column.
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
        self.direct_ddl = None
        # Directives that a project registers for batches read both here, as in Alembic.
        self.table_name, self.schema = batch.table_name, batch.schema

    def __getattr__(self, name: str) -> Any:
        if name not in _CHANGES:
            return getattr(self._impl, name)

        def record(*args: object, **kw: object) -> None:
            self.batch.record(Change(name, args, kw))

        return record


def recording(impl: Implementation, batch: Batch) -> Implementation:
    """Return an implementation that records the changes to the batch's table and passes on everything else."""
    return cast("Implementation", RecordingImpl(impl, batch))


def batch_of(impl: Implementation) -> Batch:
    """Return the batch that an implementation records."""
    return cast("RecordingImpl", impl).batch
