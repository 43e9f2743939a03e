"""The confirmation before data loss: a field for a table name, and a button that is disabled until it is typed."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets

from ..running.confirmation import Confirmation
from ..views.html import Html, page, tag
from ..views.text import panel_text
from .review.ask import CONFIRMS, Mismatch
from .review.footer import REHEARSES
from .review.parts import AUTO, SNUG, Status, box, button, hidden_style, html, with_text
from .review.style import CSS


class ConfirmPanel:
    """The panel of a `Confirmation`; the report of the run replaces it.

    display(ConfirmPanel(confirmation))
    """

    def __init__(self, confirmation: Confirmation) -> None:
        self.confirmation = confirmation
        self.status = Status(on_end=self.show)
        self._told = html()
        self.answer = widgets.Text(
            description="Type it", layout=widgets.Layout(**AUTO), style=dict(SNUG), continuous_update=True,
            placeholder=confirmation.word, tooltip=CONFIRMS,
        )  # fmt: skip
        verb = confirmation.plan.verb.capitalize()
        losing = ", losing data" if confirmation.plan.losses else ""
        self.yes = button(f"{verb}{losing}", "Run it now", self._go, self.status, "danger")
        self.try_it = button("Rehearse", REHEARSES, self._rehearse, self.status)
        self._rehearsed = html(layout=widgets.Layout(display="none"))
        self.no = button("Cancel", "Run nothing", self._cancel, self.status)
        self.status.watch(self.answer, lambda _: self.show())
        self._why = Mismatch()
        self._bar = box(self.answer, self.yes, self.try_it, self.no, classes="mig-bar", across=True, hides=True)
        self.widget = box(
            hidden_style(CSS),
            self._told,
            self._bar,
            self._why.widget,
            self.status.widget,
            self._rehearsed,
            classes="mig-review",
        )
        self._cancelled = self._moved = False
        confirmation.observe(self.show)
        self.show()

    def show(self) -> None:
        """Update every part from the confirmation."""
        done = self.confirmation.report is not None or self._cancelled or self._moved
        self._told.value = str(self.confirmation.html() if self.confirmation.report is not None else self._question())
        self._bar.layout.display = "none" if done else None
        self.try_it.layout.display = None if self.confirmation.can_rehearse else "none"
        rehearsal = self.confirmation.rehearsal
        self._rehearsed.value = "" if rehearsal is None or done else str(rehearsal.html())
        self._rehearsed.layout.display = None if self._rehearsed.value else "none"
        word = self.confirmation.word
        self.answer.layout.display = None if word else "none"
        (self.widget.remove_class if done else self.widget.add_class)("mig-ask")
        self.yes.disabled = done or bool(word and self.answer.value.strip() != word)
        self._why.show("" if done else self.answer.value, word)

    def refresh(self) -> None:
        """Show changes made elsewhere: confirmed in another cell, or the database at another revision."""
        self.status.guard(self._refresh)()

    def _refresh(self) -> None:
        if self._cancelled or self._moved:
            return
        moved = self.confirmation.moved()
        self._moved = bool(moved)
        self.show()
        if moved:
            self.status.say(f"{moved} Run the cell again.")

    def _question(self) -> Html:
        plan = self.confirmation.plan
        told = (tag("li", f"loses data: {loss}", class_="mig-warn") for loss in plan.losses[:10])
        word = self.confirmation.word
        typed = tag("p", "To run it, type ", tag("code", word), ":") if word else tag("p", "It loses no data.")
        failing = (tag("li", line, class_="mig-warn") for line in plan.obstacles())
        lead = tag("p", "⚠ ", plan.intent(), class_="mig-lead")
        counted = (
            tag("li", line, class_="mig-warn" if line.startswith("✗") else None)
            for line in self.confirmation.rehearsed()
        )
        asked = tag("div", lead, tag("ul", *told, *failing, *counted), typed, role="alert")
        return page(asked, label="Confirmation")

    def _go(self) -> None:
        self.status.say("Running ...")
        report = self.confirmation.confirm(self.answer.value)
        self.show()
        self.status.say(report.summary())

    def _rehearse(self) -> None:
        self.status.say("Rehearsing on a clone ...")
        report = self.confirmation.rehearse()
        self.show()
        self.status.say(f"Rehearsed on a clone: {report.outcome()}. The report is below.")

    def _cancel(self) -> None:
        self._cancelled = True
        self.show()
        self.status.say("Nothing was run.")

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """Return the live panel, with a line of text for front ends that cannot show it."""
        return with_text(self.widget, panel_text(self.confirmation.plan.intent(), self.confirmation.again), **options)
