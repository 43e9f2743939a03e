"""The version file as it will be, with edited lines marked."""

from __future__ import annotations

from typing import Protocol

import ipywidgets as widgets

from kernel_core.util.exc import CommandError
from kernel_core.util.secrets import redact

from ...errors import MigError
from ...review.line_diff import Sign, line_diff
from ...views.html import Html, join, tag
from .parts import html
from .source import code, marked_code


class Written(Protocol):
    """The version file that the review becomes."""

    def file_name(self, message: str | None = None) -> str:
        """Return the name of the file."""

    def text(self, message: str | None = None) -> str:
        """Return the text of the file with all edits."""

    def found_text(self, message: str | None = None) -> str:
        """Return the text of the file without any edit."""


class Script:
    """The name of the file, and its text if that part is open."""

    def __init__(self, draft: Written) -> None:
        self.draft = draft
        self.file, self.text = html(), html(layout=widgets.Layout())
        self._made_from: object = None
        self._asked: tuple[str | None, bool] | None = None

    def show(self, message: str | None, made_from: object, *, unfolded: bool) -> None:
        """Show the file with all edits, or the reason why it is not known yet.

        It is rendered again only if ``made_from`` is another object, or the message or visibility changed.
        """
        if made_from is self._made_from and self._asked == (message, unfolded):
            return
        self._made_from, self._asked = made_from, (message, unfolded)
        name = self._name(message)
        self.file.value = str(tag("p", "File ", tag("code", name), class_="mig-dim")) if name else ""
        if unfolded:
            self.text.value = str(self._text(message))

    def _name(self, message: str | None) -> str:
        """Return the name of the file; "" if there is no folder for it yet."""
        try:
            return self.draft.file_name(message)
        except (CommandError, MigError):
            return ""

    def _text(self, message: str | None) -> Html:
        try:
            lines = self._lines(message)
        except (CommandError, MigError) as error:
            return code(f"# {redact(str(error).splitlines()[0])}", "python")
        added, gone = (sum(sign == wanted for sign, _ in lines) for wanted in "+-")
        if not added and not gone:
            return marked_code(lines)
        told = f"Against what was found: {_lines(added)} added (+), {_lines(gone)} left out (\N{MINUS SIGN})."
        return join((tag("p", told, class_="mig-dim"), marked_code(lines)))

    def _lines(self, message: str | None) -> tuple[tuple[Sign, str], ...]:
        now = self.draft.text(message)
        try:
            found = self.draft.found_text(message)
        except (CommandError, MigError):  # what was found could not be undone, so there was no such file
            found = now
        return line_diff(found, now)


def _lines(number: int) -> str:
    return f"{number} {'line' if number == 1 else 'lines'}"
