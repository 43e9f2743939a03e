"""A proposal: what autogenerate found, as a person reviews it, writes it and runs it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from kernel_core.autogenerate.renames import RenameCandidate
from kernel_core.script.write import new_id

from ..errors import user_errors
from ..review import Review, Row, SelectedRow
from ..running.confirmation import Confirmation
from ..running.planning import announce
from ..views.html import Html, beneath_panel, page, tag, with_code
from ..views.operations import Line, lines_html, lines_text, python_text, source_html, sql_text, summary
from ..views.report import RunReport, WrittenPath
from ..views.view import View
from .comparison import Comparison, compare
from .draft import Draft

if TYPE_CHECKING:
    from ..environment import Environment
    from ..session import Session

CANNOT_BE_DOWNGRADED = "cannot be downgraded"
"""What a line's hint begins with where the downgrade cannot be derived from its operation."""


class Proposal(View):
    """The operations that would bring the database to the models, waiting for a person's word.

        p = %mig_autogenerate Base -m "Add e-mail"
        p.accept("safe")
        p[3].edit(nullable=True)
        p.move(3, 1)
        p.write()

    False when there is nothing to do. ``review`` is the model of the review, ``draft`` the file that it becomes.
    """

    def __init__(
        self,
        review: Review,
        session: Session,
        message: str | None = None,
        *,
        comparison: Comparison,
        where: str = "",
        rev_id: str | None = None,
        head: str | None = None,
        branch_label: str | None = None,
        depends_on: str | None = None,
        version_path: str | None = None,
    ) -> None:
        self.review, self.session, self.comparison, self.where = review, session, comparison, where
        self.draft = Draft(
            session,
            review,
            comparison,
            rev_id=rev_id or comparison.rev_id or new_id(),
            message=message,
            head=head,
            label=branch_label,
            depends_on=depends_on,
            version_path=version_path,
        )
        self.folded = False
        self._spoken: tuple[object, tuple[Line, ...]] | None = None

    @property
    def rev_id(self) -> str:
        """The id that the revision has, or will have."""
        return self.draft.rev_id

    @property
    def message(self) -> str | None:
        """What the change is about."""
        return self.draft.message

    @property
    def path(self) -> Path | None:
        """The version file once it is written."""
        return self.draft.path

    # ---- what a person does ----------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.review.rows)

    def __iter__(self) -> Iterator[SelectedRow]:
        return (self._chosen(row.number) for row in self.review.rows)

    def __getitem__(self, which: int | str) -> SelectedRow:
        """Return a row by its number, from 1, or by what it is about: ``p["users.email"]``.

        Raises MigError where there is none, or several are about it.
        """
        with user_errors():
            return self._chosen(which if isinstance(which, int) else self.review.number_of(which))

    def _ipython_key_completions_(self) -> list[str]:
        return list(self.review.names())

    def _chosen(self, number: int) -> SelectedRow:
        return SelectedRow(self.review, self.review.row(number).key, within=user_errors)

    def accept(self, which: str = "all") -> Self:
        """Keep ``all``, only the ``safe`` ones, ``none``, or those of a list such as ``1,3-5``; the rest is refused."""
        return self._by(self.review.accept, which)

    def move(self, number: int, to: int) -> Self:
        """Put row ``number`` in another place; raises MigError where it would come before what it needs."""
        return self._by(self.review.move, number, to)

    @property
    def renames(self) -> tuple[RenameCandidate, ...]:
        """What looks like a rename: each says `sentence`, and ``p.rename(1)`` makes the first of them one."""
        return self.review.renames

    def rename(self, number: int = 1) -> Self:
        """Make a rename of a drop and an addition: candidate ``number`` of `renames`, from 1."""
        return self._by(self.review.rename, number)

    def add_sql(self, sql: str, reverse: str | None = None) -> Self:
        """Add a statement of SQL behind the last row, with the one that undoes it."""
        return self._by(self.review.add_sql, sql, reverse)

    def undo(self) -> Self:
        """Take back the last act: the file where it is written, otherwise what was done in the review."""
        return self._by(self.draft.unwrite if self.path is not None else self.review.undo)

    def redo(self) -> Self:
        """Do again what was undone last."""
        return self._by(self.review.redo)

    def stale(self) -> str:
        """Return what has changed since the review was made, in a sentence; "" where nothing has."""
        with user_errors():
            return self.draft.stale()

    def write(self, message: str | None = None, *, just_compared: bool = False) -> WrittenPath:
        """Write the accepted operations into a version file and return its path, which shows the next step.

        Written once: a second call returns the same path. Raises MigError where nothing is accepted, a field holds a
        wrong value, or models, database or files have changed since the review was made; then nothing is written.
        """
        with user_errors():
            return WrittenPath(self.draft.write(message, just_compared=just_compared))

    def upgrade(self, on_step: Callable[[Any], object] | None = None, *, yes: bool = False) -> RunReport:
        """Upgrade the database to this revision, writing it first where that is not done.

        Raises MigError, and runs nothing, where data that is there now would be lost and not ``yes``.
        """
        with user_errors():
            self.write()
            plan = self.session.plan("upgrade", self.rev_id)
            if plan.losses and not yes:
                raise Confirmation(plan, ".upgrade(yes=True)", self.upgrade).refusal()
            announce(plan)
            return self.session.upgrade(self.rev_id, on_step=on_step)

    # ---- what a panel shows ------------------------------------------------------------------------------------------

    @property
    def describe_source(self) -> str:
        """The models and their number of tables."""
        return str(self.comparison.models)

    @property
    def revisions(self) -> str:
        """From which revision to which it leads."""
        return f"revision {', '.join(self.comparison.database_heads) or 'base'} → {self.rev_id}"

    @property
    def needs_environment(self) -> bool:
        """Whether there is no environment to write into."""
        return not self.session.has_environment

    def make_environment(self, directory: str = "migrations") -> Environment:
        """Make one, as ``%mig_init`` does."""
        with user_errors():
            return self.session.init(directory)

    def again(self) -> Self:
        """Compare again and begin a new review; message and place in the history stay, what was written too."""
        with user_errors():
            named = self.draft.models_now()
            self.comparison = compare(self.session, named, wanted=self.comparison.wanted)
            self.review = review_of(self.session, self.comparison)
            self.draft = self.draft.anew(self.review, self.comparison)
        return self

    def lines(self) -> tuple[Line, ...]:
        """Return the operations in words, as they stand in the review now."""
        rows = self.review.rows
        if self._spoken is None or self._spoken[0] is not rows:
            self._spoken = (rows, lines_of(self.review))
        return self._spoken[1]

    def text(self) -> str:
        if not len(self):
            return "\n".join((self._nothing, *(f"! {note}" for note in self.comparison.notes)))
        return "\n".join((self._lead(), lines_text(self.lines()), *self._renames(), *self._notes(), self._state()))

    def html(self) -> Html:
        if not len(self):
            return page(tag("p", self._nothing), *(tag("p", note) for note in self.comparison.notes))
        lines = self.lines()
        body = (
            lines_html(lines),
            *(tag("p", said, class_="mig-lead") for said in self._renames()),
            *(tag("p", said) for said in self._notes()),
            source_html("SQL", sql_text([line for line in lines if line.accepted])),
            source_html("Python", python_text("upgrade", [line for line in lines if line.accepted])),
        )
        lead, state = tag("p", with_code(self._lead()), class_="mig-lead"), tag("p", self._state())
        if self.folded:
            return beneath_panel(with_code(self._lead()), *body, state, what="Review")
        return page(lead, *body, state, label="Review")

    # ---- the rest ----------------------------------------------------------------------------------------------------

    def _lead(self) -> str:
        return summary(self.lines(), f"{self.describe_source} and {self.where}")

    @property
    def _nothing(self) -> str:
        wanted = str(self.comparison.wanted)
        chosen = f" ({wanted})" if wanted else ""
        return f"Nothing to do{chosen}: {self.where} is as the models say."

    def _renames(self) -> list[str]:
        return [f"? {one.sentence()}: .rename({number})" for number, one in enumerate(self.renames, 1)]

    def _notes(self) -> tuple[str, ...]:
        """Return what else was included or left out: by options, and by the last act in the review."""
        return (*self.review.notes, *([self.review.message] if self.review.message else ()))

    def _state(self) -> str:
        if self.path is not None:
            return f"Written to {os.path.relpath(self.path)}"
        suggested = "" if self.message else self.draft.suggested_message
        message = f'"{suggested}"' if suggested else ""
        return f"Nothing is written yet: .write({message}), or %mig_autogenerate --write"

    def _by(self, act: Callable[..., object], *args: object) -> Self:
        with user_errors():
            act(*args)
        return self


def lines_of(review: Review) -> tuple[Line, ...]:
    """Return the rows of a review as the views show them."""
    return tuple(
        Line(
            sign=row.sign,
            sentence=row.sentence,
            table=row.table,
            hints=(*((hint.severity, hint.text) for hint in row.hints), *_no_downgrade(row)),
            sql=review.sql(row.number),
            python=review.python(row.number),
            number=row.number,
            accepted=row.accepted,
            group=row.group,
            together=row.together,
        )
        for row in review.rows
    )


def _no_downgrade(row: Row) -> tuple[tuple[str, str], ...]:
    return ((CANNOT_BE_DOWNGRADED, row.no_downgrade),) if row.no_downgrade else ()


def review_of(session: Session, found: Comparison) -> Review:
    """Return the review of a comparison, everything accepted."""
    return Review(
        found.operations,
        dialect=found.dialect,
        source=str(found.models),
        target=session.connection.target,
        notes=found.notes,
        opts=found.opts,
        connect=session.connection.open,
        dialects={part.label: part.dialect for part in found.parts},
    )
