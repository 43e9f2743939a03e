"""Selecting rows of a long list by the arrow keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from ...views.html import tag
from .parts import Status, box, html

SHORT = 12
"""Rows up to which Tab is enough and the control is hidden."""


class Steps:
    """The number of the selected row, typed or changed by the arrow keys; calls ``on_number(number)``."""

    def __init__(self, status: Status, on_number: Callable[[int], object]) -> None:
        self._on_number, self._quiet = on_number, False
        self.control = widgets.BoundedIntText(
            value=1, min=1, max=1, description="Row", tooltip="Row: the arrow keys go through the list",
            style={"description_width": "auto"},
        )  # fmt: skip
        self._beside = html()
        self.widget: Any = box(self.control, self._beside, classes="mig-steps", across=True, hides=True)
        status.watch(self.control, lambda change: self._changed(change["new"]))

    @property
    def shown(self) -> bool:
        """Whether the control is shown."""
        return bool(self.widget.layout.display != "none")

    def show(self, number: int, of: int) -> None:
        """Show the number of the selected row."""
        self.widget.layout.display = None if of > SHORT else "none"
        if of <= SHORT:
            return
        self._quiet = True
        try:
            self.control.max = of
            self.control.value = number
        finally:
            self._quiet = False
        self._beside.value = str(tag("span", f"of {of}", class_="mig-dim"))

    def _changed(self, number: int) -> None:
        if not self._quiet:
            self._on_number(number)
