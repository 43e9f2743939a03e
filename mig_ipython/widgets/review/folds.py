"""Foldable parts, one open at a time, with buttons that can be reached by keyboard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .parts import Status, box, button


class Folds:
    """A button for each (title, content); ``on_open()`` runs after a part was opened or closed.

    ipywidgets has an Accordion for this, whose headings the keyboard does not reach.
    """

    def __init__(self, titled: dict[str, Any], status: Status, on_open: Callable[[], object]) -> None:
        self._contents, self._on_open = titled, on_open
        self.open: str | None = None
        self.buttons = {
            title: button(title, "", lambda title=title: self.turn(title), status, "", "mig-fold")  # type: ignore[misc]
            for title in titled
        }
        bar = box(*self.buttons.values(), classes="mig-bar", across=True)
        self.widget: Any = box(bar, *titled.values())
        self._show()

    def turn(self, title: str) -> None:
        """Open a part, or close it if it is open."""
        self.open = None if self.open == title else title
        self._show()
        self._on_open()

    def _show(self) -> None:
        for title, content in self._contents.items():
            unfolded = title == self.open
            content.layout.display = None if unfolded else "none"
            self.buttons[title].description = f"{'▾' if unfolded else '▸'} {title}"
            self.buttons[title].tooltip = f"{'Hide' if unfolded else 'Show'}: {title}"
