"""The confirmation in the panel before a run that loses data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as widgets

from kernel_core.util.secrets import redact

from ...review import Row
from ...running.confirmation import mismatch, refuse_unconfirmed
from ...views.html import tag
from .parts import SNUG, Status, box, button, html, lean

CONFIRMS = "Confirm that data may be lost, by the text that is asked for"
"""The tooltip of the field for a confirmation; screen readers read its placeholder: the text to type."""


class Mismatch:
    """A line that says, while somebody types, why the text does not confirm yet; screen readers read it."""

    def __init__(self) -> None:
        self.widget = html()
        self.text = ""

    def show(self, typed: str, wanted: str) -> None:
        """Compare what is typed with the text that is asked for."""
        reason = mismatch(typed, wanted)
        self.text = f"Not yet: {reason}. Type {wanted}." if reason else ""
        self.widget.value = str(tag("p", self.text, class_="mig-bad", role="status", aria_live="polite"))


class Ask:
    """A form that requires the name of the table that loses data."""

    def __init__(self, status: Status, on_yes: Callable[[], object]) -> None:
        self._wanted, self._on_yes = "", on_yes
        self._text = html()
        self.answer = widgets.Text(
            description="Type it", **lean(widgets.Text, style=SNUG), continuous_update=True, tooltip=CONFIRMS
        )  # fmt: skip
        self.yes = button("Upgrade, losing data", "Run it now", self._go, status, "danger")
        self.no = button("Cancel", "Run nothing", self.close, status)
        status.watch(self.answer, lambda _: self._compare())
        self._why: Mismatch | None = None
        bar = box(self.answer, self.yes, self.no, classes="mig-bar", across=True)
        self.widget: Any = box(self._text, bar, classes="mig-ask", hides=True)
        self.close()

    @property
    def is_open(self) -> bool:
        """Whether the form is shown."""
        return bool(self.widget.layout.display != "none")

    def open(self, rows: Sequence[Row], rehearsed: Sequence[str] = ()) -> None:
        """Show the form for ``rows``, which lose data; ``rehearsed`` is what a rehearsal counted, in sentences."""
        self._wanted = redact(name_of(rows))
        told = [tag("li", row.sentence) for row in rows[:5]]
        told += [tag("li", f"and {len(rows) - 5} more")] if len(rows) > 5 else []
        told += [tag("li", f"rehearsed: {line}") for line in rehearsed]
        self._text.value = str(
            tag(
                "div",
                tag("p", "⚠ This loses data:", class_="mig-warn"),
                tag("ul", *told),
                tag("p", "To run it, type ", tag("code", self._wanted), ":"),
                role="alert",
            )
        )
        if self._why is None:  # on the page before anything is typed, so that screen readers follow it
            self._why = Mismatch()
            self.widget.children = (*self.widget.children, self._why.widget)
        self.answer.value, self.answer.placeholder = "", self._wanted
        self._compare()
        self.widget.layout.display = None

    def close(self) -> None:
        """Hide the form."""
        self.widget.layout.display = "none"

    def _compare(self) -> None:
        self.yes.disabled = self.answer.value.strip() != self._wanted
        if self._why is not None:
            self._why.show(self.answer.value, self._wanted)

    def _go(self) -> None:
        refuse_unconfirmed(self.answer.value, self._wanted)
        self.close()
        self._on_yes()


def name_of(rows: Sequence[Row]) -> str:
    """Return the text to type: the names of the tables, or their number if there are many; SQL for statements."""
    names = list(dict.fromkeys(row.table or "SQL" for row in rows))
    return ", ".join(names) if len(names) <= 3 else f"{len(names)} tables"
