"""A notice at the top about a required action, with a button for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...views.html import tag
from .parts import Status, box, button, html


class Notice:
    """Hidden until `say` has a text; its button calls ``act()``."""

    def __init__(self, label: str, tooltip: str, act: Callable[[], object], status: Status) -> None:
        self._text = html()
        self.button = button(label, tooltip, act, status)
        self.widget: Any = box(self._text, self.button, classes="mig-notice mig-bar", across=True, hides=True)
        self.say("")

    def say(self, text: str) -> None:
        """Show a sentence; "" hides all of it."""
        self._text.value = str(tag("p", f"⚠ {text}", class_="mig-note", role="alert")) if text else ""
        self.widget.layout.display = None if text else "none"
