"""A row in a person's hand: ``review[3]`` is read and edited like an object, wherever the row moves."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Self

from kernel_core.operations.operation import Hint, MigrateOperation
from kernel_core.util.secrets import redact

from ..views.operations import with_rows
from .row import Row

if TYPE_CHECKING:
    from .model import Review


class Chosen:
    """One row of a review; reading asks the review, each act is the review's, inside ``plainly()``.

    review[3].edit(nullable=True).move(1)
    """

    def __init__(
        self, review: Review, key: int, plainly: Callable[[], AbstractContextManager[None]] = nullcontext
    ) -> None:
        self._review, self._key, self._plainly = review, key, plainly

    @property
    def row(self) -> Row:
        """The row as it is now."""
        with self._plainly():
            return self._review.row_of(self._key)

    @property
    def number(self) -> int:
        """Its place, from 1."""
        return self.row.number

    @property
    def operation(self) -> MigrateOperation:
        """The operation as it is now."""
        return self.row.operation

    @property
    def original(self) -> MigrateOperation:
        """The operation as it was found."""
        return self.row.original

    @property
    def accepted(self) -> bool:
        """Whether it will be written."""
        return self.row.accepted

    @property
    def sentence(self) -> str:
        """What it does, in words."""
        return self.row.sentence

    @property
    def hints(self) -> tuple[Hint, ...]:
        """What could hurt."""
        return self.row.hints

    @property
    def errors(self) -> tuple[str, ...]:
        """What keeps it from being written."""
        return self.row.errors

    @property
    def sql(self) -> str:
        """Its SQL for this database."""
        return self._review.sql(self.number)

    @property
    def python(self) -> str:
        """Its Python."""
        return self._review.python(self.number)

    @property
    def downgrade(self) -> str:
        """The Python that undoes it."""
        return self._review.downgrade(self.number)

    def edit(self, **values: Any) -> Self:
        """Give fields other values, as Python objects; raises CommandError, and then nothing is changed."""
        with self._plainly():
            self._review.edit(self.number, **values)
        return self

    def edit_text(self, field_name: str, text: str) -> Self:
        """Give one field what was typed; a wrong text is kept with its reason in `errors`."""
        with self._plainly():
            self._review.edit_text(self.number, field_name, text)
        return self

    def accept(self) -> Self:
        """Accept it, and what it needs."""
        with self._plainly():
            self._review.set_accepted(self.number, True)
        return self

    def reject(self) -> Self:
        """Reject it, and what needs it."""
        with self._plainly():
            self._review.set_accepted(self.number, False)
        return self

    def move(self, to: int) -> Self:
        """Put it in another place; raises CommandError where it would come before what it needs."""
        with self._plainly():
            self._review.move(self.number, to)
        return self

    def revert(self) -> Self:
        """Make it what it was when it was found."""
        with self._plainly():
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
