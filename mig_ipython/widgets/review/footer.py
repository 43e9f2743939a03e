"""The footer of the review: message, position in the history, preview of the script, and the buttons."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from .folds import Folds
from .parts import LABELLED, Status, box, button, lean
from .place import Place
from .script import Script

PLACE, SCRIPT = "Place in the history", "Script"


WRITES = "Write the accepted rows into a version file"
"""What the first button does."""

REHEARSES = "Run it on a clone of the database, and show everything that it does; the database itself is only read"


class Footer:
    """Message, place and script of a draft, and the buttons that write and run it.

    ``marks`` is for a baseline: writing it marks the database too, and there is no upgrade.
    ``on_write()``, ``on_upgrade()`` and ``on_rehearse()`` do it; ``on_change()`` runs after a change of the position.
    """

    def __init__(
        self,
        draft: Any,
        status: Status,
        *,
        on_write: Callable[[], object],
        on_upgrade: Callable[[], object],
        on_change: Callable[[], object],
        on_rehearse: Callable[[], object],
        marks: bool = False,
    ) -> None:
        self.message = widgets.Text(
            value=draft.message or draft.suggested_message,
            description="Message", placeholder="what the change is about",
            tooltip="What the change is about; it becomes the file's name and first line",
            **lean(widgets.Text, style=LABELLED),
        )  # fmt: skip
        self._draft, self._suggested = draft, self.message.value
        status.watch(self.message, lambda _: self.show_script())
        self.place = Place(draft, status, on_change)
        self.script = Script(draft)
        self.folds = Folds({PLACE: self.place.widget, SCRIPT: self.script.text}, status, self.show_script)
        self._writes = "Write the version file and mark the database" if marks else WRITES
        self.write = button("Write & mark" if marks else "Accept & write", self._writes, on_write, status, "primary")
        self.upgrade = button("Write & upgrade", "Write the file, then upgrade the database", on_upgrade, status)
        self.rehearse = button("Rehearse", REHEARSES, on_rehearse, status)
        buttons = (self.write,) if marks else (self.rehearse, self.write, self.upgrade)
        self.buttons = box(*buttons, classes="mig-bar", across=True)
        self._rows: object = None
        self._asked: tuple[object, ...] = ()
        self.widget = box(
            self.message,
            self.script.file,
            self.folds.widget,
            self.buttons,
            classes="mig-foot mig-field",
        )

    @property
    def typed_message(self) -> str | None:
        """The message; None if it is empty."""
        return self.message.value.strip() or None

    def show(self, rows: object, *, written: bool, upgraded: bool, blocked: str) -> None:
        """Enable and disable the buttons; ``blocked`` is the reason why nothing can be written, "" if it can.

        ``rows`` are those of the review; position and script are computed again only if these or the position changed.
        """
        asked = (*self.place.chosen, written, blocked)
        if rows is not self._rows or asked != self._asked:
            self._rows, self._asked = rows, asked
            self.place.show(frozen=written)
        blocked = blocked or self.place.blocked
        if self.place.problems and self.folds.open is None:
            self.folds.turn(PLACE)
        if not written:
            self._suggest()
        self.message.disabled = written
        self.write.disabled = written or bool(blocked)
        self.upgrade.disabled = upgraded or (bool(blocked) and not written)
        self.rehearse.disabled = self.upgrade.disabled
        self.rehearse.tooltip = REHEARSES if written else blocked or REHEARSES
        self.upgrade.description = "Upgrade" if written else "Write & upgrade"
        self.write.tooltip = blocked or self._writes
        self.show_script()

    def _suggest(self) -> None:
        """Update the suggested message, unless a message was given or typed."""
        suggested = self._draft.suggested_message
        if not self._draft.message and self.message.value in ("", self._suggested):
            self.message.value = suggested
        self._suggested = suggested

    def show_script(self) -> None:
        """Show the script with all edits."""
        self.script.show(self.typed_message, self._asked, unfolded=self.folds.open == SCRIPT)
