"""Gather changes to one table, then alter it in place or have it rebuilt.

Inside ``with op.batch_alter_table(...)`` the operations find a `RecordingImpl` where they expect the database. It
notes each change. At the end of the block the real implementation says whether it needs a new table for them
(``requires_recreate_in_batch``); then it rebuilds the table (``rebuild``), replaying the notes on the new definition.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy.schema import Table

from ..util.exc import BatchError, CommandError


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """How a batch is to be carried out: the arguments of ``batch_alter_table``."""

    recreate: Literal["auto", "always", "never"] = "auto"
    copy_from: Table | None = None
    partial_reordering: tuple[tuple[str, ...], ...] = ()
    table_args: tuple[Any, ...] = ()
    table_kwargs: Mapping[str, Any] = field(default_factory=dict)
    reflect_args: tuple[Any, ...] = ()
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

    def replay(self, target: Any) -> Any:
        """Make the same call of ``target``."""
        return getattr(target, self.method)(*self.args, **self.kw)


@dataclass(slots=True)
class Batch:
    """The changes to one table that wait for the end of the block."""

    table_name: str
    schema: str | None = None
    options: BatchOptions = field(default_factory=BatchOptions)
    changes: list[Change] = field(default_factory=list)

    def flush(self, impl: Any) -> None:
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
    """Stands where the database's implementation stands, and notes the changes instead of making them."""

    def __init__(self, impl: Any, batch: Batch) -> None:
        self._impl, self.batch = impl, batch

    def __getattr__(self, name: str) -> Any:
        if name not in _CHANGES:
            return getattr(self._impl, name)

        def note(*args: Any, **kw: Any) -> None:
            self.batch.changes.append(Change(name, args, kw))

        return note
