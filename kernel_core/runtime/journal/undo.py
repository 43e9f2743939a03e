"""Undoing the part of an unfinished revision that was executed, by the reverses of its operations.

The revision's function is run once more, without executing anything, up to the first statement that was not executed.
So it is known which operations the executed statements belong to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Dialect

from ...operations import BatchOperations, MigrateOperation, Operations
from ...operations.batch import batch_of
from ...operations.ops import DropTableOp, ExecuteSQLOp
from ...util.exc import CommandError, UnfinishedRevision
from ...util.secrets import shown_sql
from .claims import claim_of
from .replay import Replay, StoppedAt
from .statements import can_be_in_transaction

_UNKNOWN = "a statement that is not in the revision any more"


@dataclass(frozen=True, slots=True)
class Abandoned:
    """What was undone of an unfinished ``revision``, and the statements that stay because nothing reverses them.

    ``target`` is the database's URL with its secrets masked.
    """

    revision: str
    undone: tuple[str, ...]
    remains: tuple[str, ...]
    target: str = ""


@dataclass(frozen=True, slots=True)
class Abandon:
    """How an unfinished revision is abandoned.

    ``force`` undoes what has a reverse although something else stays; ``forget`` undoes nothing, because a person has
    repaired the database, and removes the notes.
    """

    force: bool = False
    forget: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """Executed statements, and the operations that reverse them, in the order to run; None if there are none.

    ``is_outside`` says that they are run outside of a transaction.
    """

    statements: tuple[str, ...]
    reverses: tuple[MigrateOperation, ...] | None
    is_outside: bool = False

    @property
    def sentence(self) -> str:
        """The statements, for a message."""
        return "; ".join(map(shown_sql, self.statements))


class ReadingOperations(Operations):
    """The directives of a revision that is only read: they note which operation each statement belongs to."""

    replay: Replay
    parts: list[Part]
    types: list[Part]

    def invoke(self, operation: MigrateOperation) -> Any:
        """Run an operation whose statements are left out, and note it."""
        self._note_types(operation)
        with self._noted(lambda count: [(operation, count)]):
            return super().invoke(operation)

    @contextmanager
    def batch_alter_table(self, *args: Any, **kw: Any) -> Iterator[BatchOperations]:
        """Collect the operations of a batch; its statements are those of the operations, in their order."""
        collected: list[tuple[MigrateOperation, int]] = []

        def executed(count: int) -> list[tuple[MigrateOperation, int]] | None:
            """Return the operations whose statements were executed; None where that is not certain."""
            total, chosen = 0, list[tuple[MigrateOperation, int]]()
            for operation, changes in collected:
                if total < count:
                    chosen.append((operation, changes))
                    total += changes
            return chosen if total == count else None

        with self._noted(executed), super().batch_alter_table(*args, **kw) as batch:
            vars(batch)["invoke"] = self._collecting(batch, collected)
            yield batch

    @contextmanager
    def _noted(self, operations: Callable[[int], list[tuple[MigrateOperation, int]] | None]) -> Iterator[None]:
        """Note the statements that the block leaves out, with the operations that they belong to."""
        before = len(self.replay.executed)
        self._note_loose(before)
        try:
            yield
        finally:
            statements = tuple(self.replay.executed[before:])
            found = operations(len(statements)) if statements else []
            if found is None:
                self.parts.append(Part(statements, None))
            for operation, count in found or ():
                if count:  # an operation of a batch may need no statement
                    self.parts.append(self._part(statements[:count], operation))
                    statements = statements[count:]

    def _part(self, statements: tuple[str, ...], operation: MigrateOperation) -> Part:
        """Return the executed statements of one operation, with what reverses them."""
        dialect = self.impl.dialect
        claim = claim_of(self.replay.uncertain, dialect) if self.replay.uncertain in statements else None
        if claim is not None and claim.is_conditional:  # what it created may have been there before
            return Part(statements, None)
        is_outside = not all(can_be_in_transaction(each, dialect) for each in statements)
        return Part(statements, _reverses(operation), is_outside)

    def _note_types(self, operation: MigrateOperation) -> None:
        """Note the types that were created for the columns of an operation; now that they exist, it does not again."""
        for create, drop in type_statements(operation, self.impl.dialect):
            if self.replay.take(create):
                self.types.append(Part((create,), (ExecuteSQLOp(drop),)))

    def _collecting(
        self, batch: BatchOperations, collected: list[tuple[MigrateOperation, int]]
    ) -> Callable[[MigrateOperation], Any]:
        """Return the ``invoke`` of a batch that also collects the operation and how many changes it records."""
        invoke = batch.invoke

        def collecting(operation: MigrateOperation) -> Any:
            self._note_types(operation)
            before = len(batch_of(batch.impl).changes)
            result = invoke(operation)
            collected.append((operation, len(batch_of(batch.impl).changes) - before))
            return result

        return collecting

    def _note_loose(self, count: int) -> None:
        """Note the statements that belong to no operation."""
        noted = sum(len(part.statements) for part in self.parts)
        if count > noted:
            self.parts.append(Part(tuple(self.replay.executed[noted:count]), None))

    def finish(self) -> list[Part]:
        """Return all parts, in the order in which they were executed."""
        self._note_loose(len(self.replay.executed))
        missing = self.replay.missing
        return [*self.types, *self.parts, *(Part((each or _UNKNOWN,), None) for each in missing)]


def parts_of(operations: ReadingOperations, function: Callable[[], object]) -> list[Part]:
    """Return what was executed of a revision; ``function`` is its upgrade() or downgrade()."""
    try:
        function()
    except StoppedAt:
        pass
    except Exception as error:
        if operations.replay.has_all:  # it fails where it failed before, behind what is to be undone
            return operations.finish()
        reason = str(getattr(error, "orig", None) or error).rstrip(".")
        raise UnfinishedRevision(
            f"Revision {operations.replay.unfinished.revision} cannot be read to its last executed statement: "
            f"{reason}. Nothing was undone. Repair the database by hand, then: mig abandon --forget.",
            operations.replay.unfinished.revision,
        ) from error
    return operations.finish()


def refuse_remains(parts: list[Part], revision: str) -> None:
    """Raise UnfinishedRevision if some of the statements have no reverse."""
    remains = [part.sentence for part in parts if part.reverses is None]
    if remains:
        raise UnfinishedRevision(
            f"Of revision {revision} this cannot be undone: {'; '.join(remains)}. Nothing was changed. "
            "Undo the rest and keep this: mig abandon --force. Or finish the revision: mig resume.",
            revision,
        )


def undo(part: Part, operations: Operations, is_undone: Callable[[str], bool | None]) -> None:
    """Run the reverses of a part, unless the catalog shows that an earlier call has run them."""
    assert part.reverses is not None, "what has no reverse is not undone"
    claim = claim_of(part.statements[0], operations.impl.dialect)
    if claim is not None and claim.effect != "repeatable" and is_undone(part.statements[0]) is False:
        return
    with operations.get_context().autocommit_block() if part.is_outside else nullcontext():
        for reverse in part.reverses:
            operations.invoke(reverse)


def type_statements(operation: MigrateOperation, dialect: Dialect) -> Iterator[tuple[str, str]]:
    """Yield the CREATE TYPE and DROP TYPE of each enum type of PostgreSQL that an operation creates with a column."""
    if dialect.name != "postgresql":
        return
    from sqlalchemy.dialects.postgresql import CreateEnumType, DropEnumType  # noqa: PLC0415 - only needed here

    columns = [getattr(operation, "column", None), *(getattr(operation, "columns", None) or ())]
    for column in columns:
        if isinstance(column, Column):
            kind = getattr(column.type, "item_type", column.type).dialect_impl(dialect)
            if getattr(kind, "create_type", False):
                yield (
                    str(CreateEnumType(kind).compile(dialect=dialect)),
                    str(DropEnumType(kind).compile(dialect=dialect)),
                )


def _reverses(operation: MigrateOperation) -> tuple[MigrateOperation, ...] | None:
    try:
        reverse = operation.reverse()
    except (CommandError, NotImplementedError):
        return None
    if isinstance(reverse, DropTableOp):  # without its columns: the types that were created for them are dropped apart
        reverse = DropTableOp(reverse.table_name, schema=reverse.schema)
    return (reverse,)
