"""The result of a rehearsal, below the panel, until the rows of the review are changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import ipywidgets as widgets

from ...views.html import page, tag
from ...views.rehearsal import RehearsalReport
from .parts import html


class Rehearsed:
    """Nothing until `take` has a report; one of other rows than those shown now is marked as outdated.

    ``on_first(widget)`` puts its widget into the panel: most reviews need none.
    """

    def __init__(self, on_first: Callable[[Any], object]) -> None:
        self._on_first = on_first
        self.widget: Any = None
        self._report: RehearsalReport | None = None
        self._of: object = None
        self._shown: object = None
        self._is_current = False

    def take(self, report: RehearsalReport, of: object) -> None:
        """Keep a report; ``of`` is what was rehearsed, and is compared in `show`."""
        self._report, self._of, self._is_current = report, of, True
        if self.widget is None:
            self.widget = html(layout=widgets.Layout(display="none"))
            self._on_first(self.widget)

    def show(self, now: object, *, upgraded: bool) -> None:
        """Show the report, or that it is outdated if ``now`` is not what was rehearsed; nothing after the upgrade."""
        self._is_current = self._report is not None and now == self._of and not upgraded
        shown = (self._report, self._is_current, upgraded)
        if shown == self._shown or self.widget is None:
            return
        self._shown = shown
        if self._report is None or upgraded:
            self.widget.value, self.widget.layout.display = "", "none"
            return
        old = tag("p", "⚠ The review was changed since this rehearsal. Rehearse again.", class_="mig-warn")
        self.widget.value = str(self._report.html() if self._is_current else page(old))
        self.widget.layout.display = None

    def counted(self, tables: Iterable[str]) -> tuple[str, ...]:
        """Return what was counted for ``tables``, and the blockers; () where these rows were not rehearsed."""
        if self._report is None or not self._is_current:
            return ()
        blocked = () if self._report.is_clean else (f"✗ {self._report.outcome()}",)
        return (*blocked, *self._report.counted(tables))
