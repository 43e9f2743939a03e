"""Rename candidates: keep the drop and the addition, or replace them by a rename."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kernel_core.operations.renames import RenameCandidate

from ...review import Review
from ...views.html import tag
from .parts import Status, box, button, html

MOST = 8
"""Number of candidates offered at once, most likely first."""


class Renames:
    """A line for each candidate, with a button that makes it a rename."""

    def __init__(self, review: Review, status: Status) -> None:
        self._review, self._status = review, status
        self._offered: tuple[RenameCandidate, ...] = ()
        self.buttons: list[Any] = []
        self.widget: Any = box(classes="mig-renames")

    def show(self, *, frozen: bool) -> None:
        """Update the offered candidates."""
        offered = () if frozen else self._review.renames[:MOST]
        if offered == self._offered:
            return
        old, self._offered = self.widget.children, offered
        self.buttons = [
            button("Rename", f"Replace the drop and the addition: {one.sentence()}", self._renaming(one), self._status)
            for one in offered
        ]
        self.widget.children = [
            box(html(tag("p", "? ", one.sentence())), made, classes="mig-notice mig-bar", across=True)
            for one, made in zip(offered, self.buttons, strict=True)
        ]
        for line in old:
            for part in (*line.children, line):
                part.close()

    def _renaming(self, candidate: RenameCandidate) -> Callable[[], str]:
        return lambda: self._review.rename(self._review.renames.index(candidate) + 1)
