"""One row of a review as an object: ``review[3]`` stays the same row when rows are moved."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol, Self

from kernel_core.operations.operation import Hint, MigrateOperation
from kernel_core.util.secrets import redact

from ..views.operations import with_rows
from .row import Row


class ReviewedRows(Protocol):
    """What a `SelectedRow` needs of the review that holds it; rows are given by number, from 1."""

    def row_of(self, key: int) -> Row:
        """Return the row with that key."""

    def sql(self, number: int) -> str:
        """Return the SQL of a row."""

    def python(self, number: int) -> str:
        """Return the Python of a row."""

    def downgrade(self, number: int) -> str:
        """Return the Python that reverses a row."""

    def edit(self, number: int, **values: object) -> str:
        """Set fields of a row."""

    def edit_text(self, number: int, field_name: str, text: str) -> str:
        """Set one field of a row from text."""

    def set_accepted(self, number: int, accepted: bool) -> str:
        """Accept or reject a row."""

    def move(self, number: int, to: int) -> str:
        """Move a row to another position."""

    def revert(self, number: int) -> str:
        """Discard the edits of a row."""


class SelectedRow:
    """One row of a review. Properties read the row as it is now; methods change the review and return this row.

        review[3].edit(nullable=True).move(1)

    ``within`` makes a context manager in which every call runs; the notebook converts the engine's errors there.
    """

    def __init__(
        self, review: ReviewedRows, key: int, within: Callable[[], AbstractContextManager[None]] = nullcontext
    ) -> None:
        self._review, self._key, self._within = review, key, within

    @property
    def row(self) -> Row:
        """The row as an immutable value."""
        with self._within():
            return self._review.row_of(self._key)

    @property
    def number(self) -> int:
        """Position of the row, from 1."""
        return self.row.number

    @property
    def operation(self) -> MigrateOperation:
        """The operation with all edits."""
        return self.row.operation

    @property
    def original(self) -> MigrateOperation:
        """The operation before any edit."""
        return self.row.original

    @property
    def accepted(self) -> bool:
        """Whether it will be written."""
        return self.row.accepted

    @property
    def sentence(self) -> str:
        """The operation as a sentence."""
        return self.row.sentence

    @property
    def hints(self) -> tuple[Hint, ...]:
        """Warnings: possible data loss, failure on existing data, or slow statements."""
        return self.row.hints

    @property
    def errors(self) -> tuple[str, ...]:
        """Reasons why the row cannot be written; empty if it can."""
        return self.row.errors

    @property
    def sql(self) -> str:
        """The SQL of the operation for this database."""
        return self._review.sql(self.number)

    @property
    def python(self) -> str:
        """The Python of the operation in ``upgrade()``."""
        return self._review.python(self.number)

    @property
    def downgrade(self) -> str:
        """The Python of the reverse operation in ``downgrade()``."""
        return self._review.downgrade(self.number)

    def edit(self, **values: object) -> Self:
        """Set fields to Python values. Raises CommandError for an invalid value; the row is then unchanged."""
        with self._within():
            self._review.edit(self.number, **values)
        return self

    def edit_text(self, field_name: str, text: str) -> Self:
        """Set one field from text. An invalid text is kept, and the reason is in `errors`."""
        with self._within():
            self._review.edit_text(self.number, field_name, text)
        return self

    def accept(self) -> Self:
        """Accept the row and the rows that it depends on."""
        with self._within():
            self._review.set_accepted(self.number, True)
        return self

    def reject(self) -> Self:
        """Reject the row and the rows that depend on it."""
        with self._within():
            self._review.set_accepted(self.number, False)
        return self

    def move(self, to: int) -> Self:
        """Move the row to position ``to``. Raises CommandError if it would come before a row that it depends on."""
        with self._within():
            self._review.move(self.number, to)
        return self

    def revert(self) -> Self:
        """Discard all edits of the row."""
        with self._within():
            self._review.revert(self.number)
        return self

    def __repr__(self) -> str:
        row = self.row
        lines = [f"{row.number} {row.sign} {row.sentence}{'' if row.accepted else '  (rejected)'}"]
        lines += [f"    {with_rows(row.together)}"] if row.together else []
        if row.edited:
            lines.append(f"    was: {row.original_facts.sentence}")
        lines += [f"    ! {hint.severity}: {hint.text}" for hint in row.hints]
        lines += [f"    ! cannot be downgraded: {row.no_downgrade}"] if row.no_downgrade else []
        lines += [f"    ! {error}" for error in row.errors]
        lines += [f"    {field.name} = {row.text_of(field.name) or '(none)'}" for field in row.operation.fields]
        return redact("\n".join(lines))
