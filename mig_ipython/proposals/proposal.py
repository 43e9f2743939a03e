"""A proposal: the operations that autogenerate found, to review, write and run."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Self

from kernel_core.autogenerate.renames import RenameCandidate
from kernel_core.operations.containers import UpgradeOps
from kernel_core.runtime.report import OnStep
from kernel_core.script.write import new_id
from kernel_core.util.exc import CommandError

from ..errors import user_errors
from ..review import Review, SelectedRow
from ..review.lines import lines_of
from ..review.rewriting import Offer, remedies
from ..running.confirmation import Confirmation
from ..running.execution import run
from ..running.planning import announce, plan
from ..running.rehearsing import rehearsed
from ..views.html import Html, beneath_panel, page, tag, with_code
from ..views.operations import Line, lines_html, lines_text, python_text, source_html, sql_text, summary
from ..views.rehearsal import RehearsalReport
from ..views.report import RunReport, WrittenPath
from ..views.view import View
from ..workspace.environment import Environment
from ..workspace.workspace import Host, Workspace
from .comparison import Comparison, compare
from .draft import Draft
from .rewriting import rehearse_rewrite


class Proposal(View):
    """The operations that bring the database to the models; nothing is written or run by default.

        p = %mig_autogenerate Base -m "Add e-mail"
        p.accept("safe")
        p[3].edit(nullable=True)
        p.move(3, 1)
        p.write()

    False when there is nothing to do. ``review`` is the model of the review, ``draft`` its version file.
    """

    marks = False
    """Whether writing marks the database as being at the revision; then there is no upgrade."""

    def __init__(
        self,
        review: Review,
        host: Host,
        message: str | None = None,
        *,
        comparison: Comparison,
        where: str = "",
        rev_id: str | None = None,
        head: str | None = None,
        splice: bool = False,
        branch_label: str | None = None,
        depends_on: str | None = None,
        version_path: str | None = None,
    ) -> None:
        self.review, self.comparison, self.where = review, comparison, where
        self._host = host
        self.draft = Draft(
            host,
            review,
            comparison,
            rev_id=rev_id or comparison.rev_id or new_id(),
            message=message,
            head=head,
            splice=splice,
            label=branch_label,
            depends_on=depends_on,
            version_path=version_path,
        )
        self.folded = False
        self._lines: tuple[object, tuple[Line, ...]] | None = None
        self._rehearsal: tuple[object, RehearsalReport] | None = None

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

    # ---- the review ------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.review.rows)

    def __iter__(self) -> Iterator[SelectedRow]:
        return (self._chosen(row.number) for row in self.review.rows)

    def __getitem__(self, which: int | str) -> SelectedRow:
        """Return a row by its number, from 1, or by the name of its table or column: ``p["users.email"]``.

        Raises MigError where there is none, or several have that name.
        """
        with user_errors():
            return self._chosen(which if isinstance(which, int) else self.review.number_of(which))

    def _ipython_key_completions_(self) -> list[str]:
        return list(self.review.names())

    def _chosen(self, number: int) -> SelectedRow:
        return SelectedRow(self.review, self.review.row(number).key, within=user_errors)

    def accept(self, which: str = "all") -> Self:
        """Accept ``all``, only the ``safe`` rows, ``none``, or those of a list such as ``1,3-5``; reject the others."""
        return self._by(self.review.accept, which)

    def move(self, number: int, to: int) -> Self:
        """Move row ``number`` to another position; raises MigError where it would come before a row that it needs."""
        return self._by(self.review.move, number, to)

    @property
    def renames(self) -> tuple[RenameCandidate, ...]:
        """The possible renames: each has a `sentence`, and ``p.rename(1)`` accepts the first of them."""
        return self.review.renames

    def rename(self, number: int = 1) -> Self:
        """Replace a drop and an addition by a rename: candidate ``number`` of `renames`, from 1."""
        return self._by(self.review.rename, number)

    def add_sql(self, sql: str, reverse: str | None = None) -> Self:
        """Add an SQL statement after the last row, with the statement that reverses it."""
        return self._by(self.review.add_sql, sql, reverse)

    @property
    def rewrites(self) -> tuple[Offer, ...]:
        """The safer ways to do what the accepted rows do; each has a `sentence` with the call that chooses it."""
        with user_errors():
            accepted = [row.number for row in self.review.rows if row.accepted]
            return tuple(offer for number in accepted for offer in self.review.rewrites(number))

    def rehearse_rewrite(self, which: int | str, name: str, sql: str = "") -> RehearsalReport:
        """Rehearse the accepted rows with one of the `rewrites`, and return the report; the review stays as it is.

            p.rehearse_rewrite("users.email", "backfill", "'unknown'").is_good

        Its `verdicts` compare it with the rows as they are, which are rehearsed too: whether no blocker is left, all
        rows and values are kept, and the schema becomes the same. Raises MigError as `rewrite` and `rehearse` do.
        """
        with user_errors():
            number = which if isinstance(which, int) else self.review.number_of(which)
            if self.path is not None:
                raise CommandError("The file is written, so no row can be rewritten. Undo that first: .undo()")
            self.draft.unwritten()  # raises where the review is out of date
            return rehearse_rewrite(self.review, self._rehearsed, number, name, sql)

    def rewrite(self, which: int | str, name: str, sql: str = "", *, rehearse: bool = True) -> Self:
        """Replace a row by a safer way to do the same, after `rehearse_rewrite`: `rehearsal` is its report.

            p.rewrite("users.email", "backfill", "'unknown'")
            p.rewrite(3, "deduplicate", "created_at DESC").rehearsal

        ``name`` is that of one of `rewrites`, ``sql`` the expression that it needs. The rows are shown in the review,
        and can be edited and undone. Raises MigError where the row has no such rewrite, or the expression is invalid.
        """
        with user_errors():
            number = which if isinstance(which, int) else self.review.number_of(which)
            report = self.rehearse_rewrite(number, name, sql) if rehearse else None
            self.review.rewrite(number, name, sql)
            self._rehearsal = None if report is None else (self.review.rows, self._with_rewrites(report))
        return self

    @property
    def rehearsal(self) -> RehearsalReport | None:
        """The report of the rehearsal of the rows as they are now; None where they were not rehearsed by `rewrite`."""
        if self._rehearsal is None or self._rehearsal[0] is not self.review.rows:
            return None
        return self._rehearsal[1]

    def undo(self) -> Self:
        """Undo the last change: delete the file where it is written, otherwise undo a change of the review."""
        return self._by(self.draft.delete if self.path is not None else self.review.undo)

    def redo(self) -> Self:
        """Redo the change that was undone last."""
        return self._by(self.review.redo)

    def stale(self) -> str:
        """Return what has changed since the review was made, in a sentence; "" where nothing has."""
        with user_errors():
            return self.draft.stale()

    def write(self, message: str | None = None, *, just_compared: bool = False) -> WrittenPath:
        """Write the accepted operations into a version file and return its path, which displays the next step.

        A second call returns the same path. Raises MigError, and writes nothing, where nothing is accepted, a field has
        an invalid value, or models, database or files have changed since the review was made.
        """
        with user_errors():
            return WrittenPath(self.draft.write(message, just_compared=just_compared))

    def upgrade(self, on_step: OnStep | None = None, *, yes: bool = False) -> RunReport:
        """Write the file where that is not done, and upgrade the database to it.

        Raises MigError, and runs nothing, where existing data would be lost and not ``yes``, or where the notebook uses
        another database or environment than the review, or other revisions would run too by now.
        """
        with user_errors():
            self.write()
            self.draft.refuse_elsewhere()
            workspace = self._host.workspace()
            planned = plan(workspace, "upgrade", self.rev_id)
            self.draft.refuse_others(planned)
            if planned.losses and not yes:
                raise Confirmation(planned, ".upgrade(yes=True)", self.upgrade).refusal()
            announce(planned)
            return run(workspace, "upgrade", self.rev_id, on_step=on_step, plan=planned)

    def rehearse(self, *, sample: int | None = None, schema_only: bool = False, mask: bool = False) -> RehearsalReport:
        """Upgrade a clone of the database by the accepted operations as they are now, and return what that did.

            p.rehearse().blockers

        No version file is written for it, and the database itself is only read; ``sample``, ``schema_only`` and
        ``mask`` are those of ``%mig_rehearse``. Raises MigError where nothing is accepted, a field has an invalid
        value, an environment is missing, or models, database or files have changed since the review was made.
        """
        with user_errors():
            report = rehearsed(
                self._host.workspace(),
                "upgrade",
                self.rev_id,
                sample=sample,
                schema_only=schema_only,
                mask=mask,
                unwritten=self.draft.unwritten(),
            )
            return self._with_rewrites(report)

    def _rehearsed(self, operations: UpgradeOps, schema_only: bool) -> RehearsalReport:
        """Rehearse operations that are not all those of the review as it is."""
        unwritten = self.draft.unwritten_of(operations)
        return rehearsed(self._host.workspace(), "upgrade", self.rev_id, schema_only=schema_only, unwritten=unwritten)

    def _with_rewrites(self, report: RehearsalReport) -> RehearsalReport:
        """Return a report of the present rows with the rewrites that may remove its blockers."""
        offers = remedies(self.review, report.blockers)
        return replace(report, rewrites=tuple(each.sentence() for each in offers))

    # ---- for the panel -----------------------------------------------------------------------------------------------

    @property
    def describe_source(self) -> str:
        """The models and their number of tables."""
        return str(self.comparison.models)

    @property
    def revisions(self) -> str:
        """The revision before and after."""
        return f"revision {', '.join(self.comparison.database_heads) or 'base'} → {self.rev_id}"

    @property
    def needs_environment(self) -> bool:
        """Whether an environment must be created before writing."""
        return not self._host.workspace().has_environment

    def make_environment(self, directory: str = "migrations") -> Environment:
        """Create an environment, as ``%mig_init`` does."""
        with user_errors():
            return self._host.init(directory)

    def again(self) -> Self:
        """Compare again and start a new review; message, place in the history and written files are kept."""
        with user_errors():
            workspace, models = self._host.workspace(), self.draft.models_now()
            self.comparison = compare(workspace, models, scope=self.comparison.scope, fingerprinted=True)
            self.review, self.where = review_of(workspace, self.comparison), workspace.where
            self.draft = self.draft.for_review(self.review, self.comparison)
        return self

    def lines(self) -> tuple[Line, ...]:
        """Return a line for each operation, in the current order of the review."""
        rows = self.review.rows
        if self._lines is None or self._lines[0] is not rows:
            self._lines = (rows, lines_of(self.review))
        return self._lines[1]

    def text(self) -> str:
        if not len(self):
            return "\n".join((self._nothing, *(f"! {note}" for note in (*self._warnings, *self.comparison.notes))))
        warnings = (f"! {warning}" for warning in self._warnings)
        lines = lines_text(self.lines())
        return "\n".join((self._lead(), lines, *self._renames(), *warnings, *self._notes(), self._state()))

    def html(self) -> Html:
        warnings = tuple(tag("p", warning, class_="mig-warn") for warning in self._warnings)
        if not len(self):
            return page(tag("p", self._nothing), *warnings, *(tag("p", note) for note in self.comparison.notes))
        lines = self.lines()
        body = (
            lines_html(lines),
            *(tag("p", rename, class_="mig-lead") for rename in self._renames()),
            *warnings,
            *(tag("p", note) for note in self._notes()),
            source_html("SQL", sql_text([line for line in lines if line.accepted])),
            source_html("Python", python_text("upgrade", [line for line in lines if line.accepted])),
        )
        lead, state = tag("p", with_code(self._lead()), class_="mig-lead"), tag("p", self._state())
        if self.folded:
            return beneath_panel(with_code(self._lead()), *body, state, what="Review")
        return page(lead, *body, state, label="Review")

    # ---- texts -------------------------------------------------------------------------------------------------------

    def _lead(self) -> str:
        return summary(self.lines(), f"{self.describe_source} and {self.where}")

    @property
    def _nothing(self) -> str:
        scope = str(self.comparison.scope)
        limited = f" ({scope})" if scope else ""
        if self._warnings:
            return f"Nothing to do{limited}: no operation removes what differs in {self.where}."
        return f"Nothing to do{limited}: {self.where} matches the models."

    @property
    def _warnings(self) -> tuple[str, ...]:
        return self.comparison.warnings

    def _renames(self) -> list[str]:
        return [f"? {one.sentence()}: .rename({number})" for number, one in enumerate(self.renames, 1)]

    def _notes(self) -> tuple[str, ...]:
        """Return what was included or left out in addition: by options, and by the last change of the review."""
        report = self.rehearsal
        rehearsed_as = () if report is None else (f"Rehearsed on a clone: {report.outcome()}.",)
        return (*self.review.notes, *([self.review.message] if self.review.message else ()), *rehearsed_as)

    def _state(self) -> str:
        if self.path is not None:
            return f"Written to {os.path.relpath(self.path)}"
        suggested = "" if self.message else self.draft.suggested_message
        message = f'"{suggested}"' if suggested else ""
        return f"Nothing is written yet: .write({message}), or %mig_autogenerate --write"

    def _by(self, change: Callable[..., object], *args: object) -> Self:
        with user_errors():
            change(*args)
        return self


def review_of(workspace: Workspace, found: Comparison) -> Review:
    """Return the review of a comparison, with every row accepted."""
    return Review(
        found.operations,
        dialect=found.dialect,
        source=str(found.models),
        target=workspace.connection.target,
        notes=found.notes,
        warnings=found.warnings,
        opts=found.opts,
        connect=workspace.connection.open,
        dialects={part.label: part.dialect for part in found.parts},
    )
