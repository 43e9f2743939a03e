"""The review as a panel of ipywidgets; all that it knows is in the review model."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Protocol

from kernel_core.util.secrets import redact

from ...review import Review
from ...views.html import Html
from .addsql import AddSQL
from .detail import Detail
from .footer import Ask, Footer
from .header import Header
from .parts import Status, box, button, html
from .rows import RowList
from .style import CSS


class Reviewable(Protocol):
    """What the panel needs of a proposal."""

    @property
    def review(self) -> Review:
        """The model of the review."""

    @property
    def describe_source(self) -> str:
        """What the models are, in words; between backticks stands code."""

    def write(self, message: str | None = None) -> Any:
        """Write the version file and return its path."""

    def upgrade(self) -> Any:
        """Upgrade the database to the written revision and return a report."""

    def file_name(self, message: str | None = None) -> str:
        """Return the name that the file will have."""

    def script(self, message: str | None = None) -> str:
        """Return the text that the file will have."""


class ReviewPanel:
    """The panel; ``widget`` is the whole of it, and a cell that ends with the panel shows it.

        display(ReviewPanel(proposal))

    Every act goes to the review model, and what the model says comes back here, also when a cell did it.
    """

    def __init__(self, proposal: Reviewable) -> None:
        self.proposal, self.review = proposal, proposal.review
        self._wrote = False
        self.upgraded = False
        rows = self.review.rows
        self.chosen: int | None = rows[0].key if rows else None
        self.status = Status(on_end=self.show)
        self.header = Header(self.review, self._lead(), self._revisions(), self.status, self.show)
        self.rows = RowList(self.status, self._accept, self._choose)
        self.detail = Detail(self.review, self.status)
        self.add_sql = AddSQL(self.review, self.status)
        self.footer = Footer(
            getattr(proposal, "message", None) or "",
            file_name=proposal.file_name,
            script=proposal.script,
            on_write=self._write,
            on_upgrade=self._upgrade,
            status=self.status,
        )
        self.ask = Ask(self.status, self._upgrade_now)
        self.undo = button("Undo", "Take back the last act", self.review.undo, self.status)
        self.redo = button("Redo", "Do again what was undone", self.review.redo, self.status)
        self.footer.buttons.children = (*self.footer.buttons.children, self.undo, self.redo, self.add_sql.open)
        self.widget = self._whole()
        self.show()
        self._stop: Callable[[], None] = self.review.observe(self._observed)

    @property
    def written(self) -> bool:
        """Whether the file is written, here or by a cell; then nothing can be edited any more."""
        return self._wrote or getattr(self.proposal, "path", None) is not None

    def show(self) -> None:
        """Bring every part to what the model says now."""
        rows, frozen = self.review.rows, self.written
        if self.chosen not in {row.key for row in rows}:
            self.chosen = rows[0].key if rows else None
        chosen = next((row for row in rows if row.key == self.chosen), None)
        self.header.show(frozen=frozen)
        self.rows.show(rows, self.header.visible(), self.chosen)
        self.rows.disable(frozen)
        self.detail.show(chosen, frozen=frozen)
        self.add_sql.show(frozen=frozen)
        self.footer.show(written=self.written, upgraded=self.upgraded, blocked=self._blocked())
        self.undo.disabled = frozen or not self.review.can_undo
        self.redo.disabled = frozen or not self.review.can_redo

    def close(self) -> None:
        """Watch the review no more, and take the panel out of the page."""
        self._stop()
        self.widget.close()

    def _repr_mimebundle_(self, **options: Any) -> Any:
        return self.widget._repr_mimebundle_(**options)

    # ---- what a person does ----------------------------------------------------------------------------------------

    def _observed(self, said: str) -> None:
        self.status.say(said)
        if self.ask.is_open:  # the answer must be about what would be lost now
            self._ask_or_close()
        self.show()

    def _accept(self, key: int, accepted: bool) -> None:
        self.chosen = key
        self.review.set_accepted(self.review.row_of(key).number, accepted)

    def _choose(self, key: int) -> None:
        self.chosen = key
        self.show()

    def _write(self) -> None:
        path = self.proposal.write(self.footer.message.value.strip() or None)
        self._wrote = True
        self.show()
        self.status.say(f"Written to {os.path.relpath(path)}. Run it with Upgrade, or %mig_upgrade.")

    def _upgrade(self) -> None:
        if self.review.errors:
            self.review.accepted()  # raises, naming the first of them
        if self._ask_or_close():
            self.status.say("Nothing is run yet: data would be lost.")
        else:
            self._upgrade_now()

    def _ask_or_close(self) -> bool:
        """Ask about the rows that lose data; tell whether there are any."""
        losing = [row for row in self.review.rows if row.accepted and row.loses_data]
        if losing:
            self.ask.open(losing)
        else:
            self.ask.close()
        return bool(losing)

    def _upgrade_now(self) -> None:
        if not self.written:
            self._write()
        self.status.say("Upgrading ...")
        report = self.proposal.upgrade()
        self.upgraded = True
        self.show()
        said = redact(str(report)).strip().splitlines()
        self.status.say(said[0] if said else "Upgraded.")

    # ---- the rest --------------------------------------------------------------------------------------------------

    def _blocked(self) -> str:
        """Say why nothing can be written, or ""."""
        if self.review.errors:
            return self.review.errors[0]
        return "" if any(row.accepted for row in self.review.rows) else "No row is accepted."

    def _lead(self) -> str:
        count = len(self.review)
        source = self.proposal.describe_source or self.review.source
        target = self.review.target or str(getattr(self.proposal, "where", ""))
        return f"{count} {'change' if count == 1 else 'changes'} between {source} and {target}"

    def _revisions(self) -> str:
        """Return from which revision to which this leads, where the proposal knows."""
        to = getattr(self.proposal, "rev_id", None)
        heads = getattr(getattr(self.proposal, "comparison", None), "database_heads", None)
        return f"revision {', '.join(heads) or 'base'} → {to}" if to and heads is not None else ""

    def _whole(self) -> Any:
        body = box(self.rows.widget, self.detail.widget, classes="mig-body", across=True)
        style = html(Html(f"<style>{CSS}</style>"))
        style.layout.display = "none"
        parts = (style, self.header.widget, body, self.footer.widget, self.add_sql.widget, self.ask.widget)
        return box(*parts, self.status.widget, classes="mig-review")
