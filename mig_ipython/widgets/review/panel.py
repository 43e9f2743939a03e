"""The review as a panel of ipywidgets; its state is in the review model."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from kernel_core.util.exc import CommandError
from kernel_core.util.secrets import redact

from ...errors import MigError
from ...proposals.draft import Stale
from ...running.progress import Progress, watched
from ...views.rehearsal import RehearsalReport
from ...views.text import panel_text
from .addsql import AddSQL
from .ask import Ask
from .detail import Detail
from .footer import Footer
from .header import Header
from .notice import Notice
from .parts import Status, box, button, close_all, hidden_style, with_text
from .rehearsed import Rehearsed
from .renames import Renames
from .reviewable import Reviewable
from .rows import RowList
from .steps import Steps
from .style import CSS


class ReviewPanel:
    """The panel; ``widget`` is its root widget. A cell that ends with the panel displays it.

        display(ReviewPanel(proposal))

    Every change is made in the review model, which calls back; so a change made by a cell is shown too.
    """

    def __init__(self, proposal: Reviewable) -> None:
        self.proposal = proposal
        self.upgraded = False
        self._shown = (False, False)
        self._acting = False
        self._left = ""
        self._visible: frozenset[int] = frozenset()
        self.chosen: int | None = None
        self.status = Status(on_end=self.show)
        self.stale = Notice("Compare again", "Begin a new review of what differs now", self._again, self.status)
        self.homeless = Notice(
            "Make migrations/", "Make the folder that holds the history", self._make_environment, self.status
        )
        self.widget = box(classes="mig-review")
        self._build()

    def _build(self) -> None:
        """Create every part for the review of the proposal."""
        proposal, review, status = self.proposal, self.proposal.review, self.status
        self.review = review
        self.header = Header(review, proposal.revisions, status, self._filter)
        self.rows = RowList(status, self._accept, self._choose)
        self.renames = Renames(review, status)
        self.steps = Steps(status, self._choose_number)
        self.detail = Detail(review, status, self._rehearse_rewrite, self._rewritten)
        self.add_sql = AddSQL(review, status)
        self.footer = Footer(
            proposal.draft,
            status,
            on_write=self._write,
            on_upgrade=self._upgrade,
            on_change=self.show,
            on_rehearse=self._rehearse,
            marks=proposal.marks,
        )
        self.ask = Ask(status, lambda: self._upgrade_now(yes=True))
        self.rehearsed = Rehearsed(self._append)
        self.undo = button("Undo", "Undo the last change", self._undo, status)
        self.redo = button("Redo", "Redo the undone change", review.redo, status)
        buttons = self.footer.buttons
        buttons.children = (*buttons.children, self.undo, self.redo, self.add_sql.open)
        rows = box(self.steps.widget, self.rows.widget, classes="mig-side")
        self.widget.children = (
            hidden_style(CSS),
            self.header.widget,
            self.stale.widget,
            self.renames.widget,
            box(rows, self.detail.widget, classes="mig-body", across=True),
            self.homeless.widget,
            self.footer.widget,
            self.add_sql.widget,
            self.ask.widget,
            status.widget,
        )
        self.show()
        self._stop: Callable[[], None] = review.observe(self._observed)

    @property
    def written(self) -> bool:
        """Whether the file is written, here or by a cell; it cannot be edited any more then."""
        return self.proposal.draft.path is not None

    def show(self) -> None:
        """Update every part from the model."""
        rows, frozen = self.review.rows, self.written
        self.header.show(self._lead(), frozen=frozen)
        self.renames.show(frozen=frozen)
        self._show_rows(frozenset(self.header.visible()))
        self.rows.disable(frozen)
        self.add_sql.show(frozen=frozen)
        self.homeless.say("There is no folder for the history yet." if self.proposal.needs_environment else "")
        self.footer.show(rows, written=frozen, upgraded=self.upgraded, blocked=self._blocked())
        self.undo.disabled = self.upgraded if frozen else not self.review.can_undo
        self.undo.tooltip = "Delete the written file" if frozen else "Undo the last change"
        self.redo.disabled = frozen or not self.review.can_redo
        self.rehearsed.show(self._what_would_run(), upgraded=self.upgraded)
        self._shown = (frozen, self.upgraded)

    def _show_rows(self, visible: frozenset[int]) -> None:
        """Update what depends on the rows that match search and filters: the list and the selected row."""
        rows, frozen, self._visible = self.review.rows, self.written, visible
        self.header.show_found(len(visible), frozen=frozen)
        listed = [row.key for row in rows if row.number in visible]
        if self.chosen not in listed:
            self.chosen = next(iter(listed), None)
        chosen = next((row for row in rows if row.key == self.chosen), None)
        self.steps.show(chosen.number if chosen else 0, len(rows))
        self.rows.show(rows, visible, self.chosen, stepped=self.steps.shown)
        self.detail.show(chosen, frozen=frozen)

    def refresh(self) -> None:
        """Show changes made elsewhere: the file written or deleted, the revision applied or downgraded."""
        if not self._acting:
            self.status.guard(self._refresh)()

    def _refresh(self) -> None:
        draft = self.proposal.draft
        left = draft.left()
        if left or self._left:
            self.stale.say(left)
        self._left = left
        if left:
            self.ask.close()
            return
        self.upgraded = draft.is_applied()
        written, upgraded = self._shown
        if not self.written and draft.has_moved():
            self.ask.close()
            self.stale.say("The current revision has changed since this review was made.")
        if (self.written, self.upgraded) == (written, upgraded):
            return
        self.ask.close()
        self.show()
        if self.upgraded != upgraded:
            self.status.say("The database is upgraded." if self.upgraded else "The database was downgraded again.")
        else:
            path = os.path.relpath(draft.path) if self.written else ""
            self.status.say(f"Written to {path}." if path else "The file is deleted again.")

    def close(self) -> None:
        """Stop observing the review and remove the panel from the page."""
        self._stop()
        close_all(self.widget)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """Return the live panel, with a line of text for front ends that cannot show it."""
        return with_text(
            self.widget,
            panel_text(f"Review of {self._lead()}", "print() what the command returns; its .write() writes the file"),
            **options,
        )

    # ---- user actions ----------------------------------------------------------------------------------------------

    def _observed(self, message: str) -> None:
        self.status.say(message)
        if self.ask.is_open:  # the answer must be about what would be lost now
            self._ask_or_close()
        self.show()

    def _accept(self, key: int, accepted: bool) -> None:
        self.chosen = key
        self.review.set_accepted(self.review.row_of(key).number, accepted)

    def _filter(self) -> None:
        """Show the rows that match now; many a key leaves them as they are."""
        visible = frozenset(self.header.visible())
        if visible != self._visible:
            self._show_rows(visible)

    def _choose(self, key: int) -> None:
        self.chosen = key
        self.show()

    def _choose_number(self, number: int) -> None:
        self._choose(self.review.row(number).key)

    def _undo(self) -> None:
        if not self.written:
            self.review.undo()
            return
        with self._own_change():
            path = self.proposal.draft.delete()
        self.show()
        self.status.say(f"{os.path.relpath(path)} is deleted again.")

    def _make_environment(self) -> None:
        self.proposal.make_environment()
        self.show()
        self.status.say("Made migrations/. Now the review can be written.")

    def _again(self) -> None:
        self._stop()
        old = self.widget.children
        self.proposal.again()
        self.chosen = None
        self.stale.say("")
        self._left = ""
        self._build()
        for part in old:
            if part not in self.widget.children:
                close_all(part)
        count = len(self.review)
        self.status.say(f"Compared again: {count} {'change' if count == 1 else 'changes'}.")

    def _write(self) -> None:
        with self._noting_stale(), self._own_change():
            path = self.proposal.write(self.footer.typed_message)
        self.show()
        rest = "The database is marked with it." if self.proposal.marks else "Run it with Upgrade, or %mig_upgrade."
        self.status.say(f"Written to {os.path.relpath(path)}. {rest}")

    def _rehearse(self) -> None:
        self._refuse_edited()
        self.status.say("Rehearsing on a clone ...")
        with self._noting_stale():
            report = self.proposal.rehearse()
        self._take(report)
        self.status.say(f"Rehearsed on a clone: {report.outcome()}. The report is below.")

    def _rehearse_rewrite(self, number: int, name: str, sql: str) -> RehearsalReport:
        self.status.say("Rehearsing on a clone ...")
        with self._noting_stale():
            return self.proposal.rehearse_rewrite(number, name, sql)

    def _rewritten(self, report: RehearsalReport) -> None:
        """Show the report of a rewrite that is in the review now."""
        self._take(report)
        self.status.say(f"{self.review.message} {report.verdict_in_words()} The report is below.")

    def _take(self, report: RehearsalReport) -> None:
        self.rehearsed.take(report, self._what_would_run())
        if self.ask.is_open:
            self._ask_or_close()
        self.show()

    def _append(self, widget: Any) -> None:
        self.widget.children = (*self.widget.children, widget)

    def _what_would_run(self) -> object:
        return self.review, self.review.rows

    def _upgrade(self) -> None:
        with self._noting_stale():
            self.proposal.draft.refuse_elsewhere()
        if self.review.errors:
            self.review.accepted()  # raises, naming the first of them
        self._refuse_edited()
        if self._ask_or_close():
            self.status.say("Nothing is run yet: data would be lost.")
        else:
            self._upgrade_now()

    def _refuse_edited(self) -> None:
        """Raise CommandError where the written file is not what the review shows."""
        edited = self.proposal.draft.edited()
        if edited:
            raise CommandError(edited)

    def _ask_or_close(self) -> bool:
        """Ask for confirmation if accepted rows lose data; return whether there are any."""
        losing = [row for row in self.review.rows if row.accepted and row.loses_data]
        if losing:
            self.ask.open(losing, self.rehearsed.counted([row.table for row in losing]))
        else:
            self.ask.close()
        return bool(losing)

    def _upgrade_now(self, *, yes: bool = False) -> None:
        self._refuse_edited()
        if not self.written:
            self._write()
        self.status.say("Upgrading ...")
        with self._own_change(), watched(self._tell) as on_step:
            report = self.proposal.upgrade(on_step, yes=yes)
        self.upgraded = True
        self.show()
        said = redact(str(report)).strip().splitlines()
        self.status.say(said[0] if said else "Upgraded.")

    @contextmanager
    def _noting_stale(self) -> Iterator[None]:
        """Show the reason at the top where the block fails because the review is out of date."""
        try:
            yield
        except MigError as error:
            if isinstance(error.__cause__, Stale):
                self.stale.say(error.__cause__.reason)
            raise
        except Stale as error:
            self.stale.say(error.reason)
            raise

    @contextmanager
    def _own_change(self) -> Iterator[None]:
        """Mark a change as made by this panel, so that it is not announced as made elsewhere."""
        self._acting = True
        try:
            yield
        finally:
            self._acting = False

    def _tell(self, progress: Progress) -> None:
        """Show the progress of an upgrade."""
        if not progress.ended:
            self.status.say(f"Upgrading: {progress.text()}", "Upgrading: ", *progress.parts())

    # ---- the rest --------------------------------------------------------------------------------------------------

    def _blocked(self) -> str:
        """Return the reason why nothing can be written; "" if it can."""
        if self.review.errors:
            return self.review.errors[0]
        if self.proposal.needs_environment:
            return "There is no folder to write into."
        return "" if any(row.accepted for row in self.review.rows) else "No row is accepted."

    def _lead(self) -> str:
        count = len(self.review)
        source = self.proposal.describe_source or self.proposal.review.source
        return f"{count} {'change' if count == 1 else 'changes'} between {source} and {self.proposal.review.target}"
