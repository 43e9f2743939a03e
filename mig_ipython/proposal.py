"""A proposal: what autogenerate found, as a person reviews it, writes it and runs it."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from kernel_core.operations.containers import UpgradeOps
from kernel_core.script import write
from kernel_core.util.exc import CommandError

from .comparison import Comparison, fingerprint
from .errors import told_plainly
from .review import Review
from .views.html import Html, details, page, tag
from .views.operations import Line, lines_html, lines_text, python_text, source_html, sql_text, summary
from .views.report import RunReport
from .views.view import View

if TYPE_CHECKING:
    from .session import Session


class Proposal(View):
    """The operations that would bring the database to the models, waiting for a person's word.

        p = %mig_autogenerate Base -m "Add e-mail"
        p.accept("safe")
        p[3].edit(nullable=True)
        p.write()

    False when there is nothing to do. ``review`` is the model of the review, ``path`` the file once it is written.
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
    ) -> None:
        self.review, self.session, self.message = review, session, message
        self.comparison, self.where = comparison, where
        self.rev_id = rev_id or write.new_id()
        self.head, self.branch_label = head, branch_label
        self.path: Path | None = None
        self.folded = False
        self._spoken: tuple[object, tuple[Line, ...]] | None = None

    # ---- what a person does ----------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.review.rows)

    def __getitem__(self, index: int) -> Any:
        return self.review[index]

    def accept(self, which: str = "all") -> Self:
        """Keep ``all``, only the ``safe`` ones, ``none``, or those of a list such as ``1,3-5``; the rest is refused."""
        with told_plainly():
            self.review.accept(which)
        return self

    def write(self, message: str | None = None) -> Path:
        """Write the accepted operations into a version file and return its path.

        Written once: a second call returns the same path. Raises MigError where nothing is accepted, a field holds a
        wrong value, or models, database or files have changed since the review was made; then nothing is written.
        """
        with told_plainly():
            if self.path is not None:
                return self.path
            self._refuse_stale()
            operations = self._accepted()
            script = self.session.scripts().generate_revision(
                self.rev_id,
                message or self.message,
                head=self.head or "head",
                branch_labels=self.branch_label,
                **self.comparison.template_args(operations),
            )
            self.path = Path(self.session.wrote(script).path)
            return self.path

    def upgrade(self) -> RunReport:
        """Upgrade the database to this revision, writing it first where that is not done."""
        with told_plainly():
            self.write()
            return self.session.upgrade(self.rev_id)

    # ---- what a panel shows ------------------------------------------------------------------------------------------

    @property
    def describe_source(self) -> str:
        """The models and their number of tables."""
        return str(self.comparison.models)

    def file_name(self, message: str | None = None) -> str:
        """Return the name that the version file will have."""
        if self.path is not None:
            return self.path.name
        scripts = self.session.scripts()
        return write.file_name(
            scripts.file_template,
            self.rev_id,
            message or self.message,
            datetime.now(tz=UTC),
            scripts.truncate_slug_length,
        )

    def script(self, message: str | None = None) -> str:
        """Return the version file as it would be written now; raises CommandError where it could not be."""
        if self.path is not None:
            return self.path.read_text(encoding="utf-8")
        args = self.comparison.template_args(self.review.accepted())
        return "\n\n".join(
            f"def {name}() -> None:\n    {args.get(slot) or 'pass'}"
            for name, slot in (("upgrade", "upgrades"), ("downgrade", "downgrades"))
        )

    def lines(self) -> tuple[Line, ...]:
        """Return the operations in words, as they stand in the review now."""
        rows = self.review.rows
        if self._spoken is None or self._spoken[0] is not rows:
            self._spoken = (rows, lines_of(self.review))
        return self._spoken[1]

    def text(self) -> str:
        if not len(self):
            return f"Nothing to do: {self.where} is as the models say."
        return f"{self._lead()}\n{lines_text(self.lines())}\n{self._state()}"

    def html(self) -> Html:
        if not len(self):
            return page(tag("p", self.text()))
        lines = self.lines()
        body = (
            lines_html(lines),
            source_html("SQL", sql_text([line for line in lines if line.accepted])),
            source_html("Python", python_text("upgrade", [line for line in lines if line.accepted])),
        )
        lead, state = tag("p", self._lead(), class_="mig-lead"), tag("p", self._state())
        if self.folded:
            return page(details(self._lead(), *body, state), label="Review, as text")
        return page(lead, *body, state, label="Review")

    # ---- the rest ----------------------------------------------------------------------------------------------------

    def _lead(self) -> str:
        return f"{summary(self.lines())} between {self.describe_source} and {self.where}"

    def _state(self) -> str:
        if self.path is not None:
            return f"Written to {os.path.relpath(self.path)}"
        return "Nothing is written yet: .write(), or %mig_autogenerate --write"

    def _accepted(self) -> UpgradeOps:
        if self.review.errors:
            raise CommandError(
                f"{len(self.review.errors)} value in the review is not valid; nothing was written. Correct or undo it."
            )
        operations = self.review.accepted()
        if operations.is_empty():
            raise CommandError("No operation is accepted, so there is nothing to write. Accept some: .accept('all').")
        return operations

    def _refuse_stale(self) -> None:
        """Raise CommandError where what the review was made from is not so any more."""
        made = self.comparison
        again = "Run %mig_autogenerate again; nothing was written."
        if fingerprint(made.models, made.dialect) != made.fingerprint:
            raise CommandError(f"The models have changed since this review was made. {again}")
        if not self.session.has_environment:
            raise CommandError("There is no environment to write into. Make one first: %mig_init migrations")
        if tuple(self.session.scripts().get_heads()) != made.heads and made.heads:
            raise CommandError(f"A revision was added since this review was made. {again}")
        if self.session.heads_of_database() != made.database_heads:
            raise CommandError(f"The database has moved since this review was made. {again}")


def lines_of(review: Review) -> tuple[Line, ...]:
    """Return the rows of a review as the views show them."""
    return tuple(
        Line(
            sign=row.sign,
            sentence=row.sentence,
            table=row.table,
            hints=tuple((hint.severity, hint.text) for hint in row.hints),
            sql=review.sql(row.number),
            python=review.python(row.number),
            number=row.number,
            accepted=row.accepted,
        )
        for row in review.rows
    )


def review_of(session: Session, found: Comparison) -> Review:
    """Return the review of a comparison, everything accepted."""
    return Review(
        found.operations,
        dialect=found.dialect,
        source=str(found.models),
        target=session.connection.target,
        opts=found.opts,
        connect=session.connection.engine.connect,
    )
