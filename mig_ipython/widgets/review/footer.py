"""The way out of the review: message, file name, the script as it will be, and the buttons that write and run it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as widgets

from kernel_core.util.exc import CommandError
from kernel_core.util.secrets import redact

from ...errors import MigError
from ...review import Row
from ...views.html import tag
from .parts import AUTO, Status, box, button, code, html


class Footer:
    """Message, file name and script, and what is done with them.

    ``file_name(message)`` and ``script(message)`` tell what would be written; ``on_write`` and ``on_upgrade`` do it.
    """

    def __init__(
        self,
        message: str,
        *,
        file_name: Callable[[str | None], str],
        script: Callable[[str | None], str],
        on_write: Callable[[], object],
        on_upgrade: Callable[[], object],
        status: Status,
    ) -> None:
        self._file_name, self._script = file_name, script
        self.message = widgets.Text(
            value=message, description="Message", placeholder="what the change is about", layout=widgets.Layout(**AUTO),
            tooltip="What the change is about; it becomes the file's name and first line",
        )  # fmt: skip
        self.message.observe(status.guard(lambda _: self.show_script()), "value")
        self._file = html()
        self._code = html()
        self.script = widgets.Accordion([self._code], titles=("Script",))
        self.script.observe(status.guard(lambda _: self.show_script()), "selected_index")
        self.write = button(
            "Accept & write", "Write the accepted rows into a version file", on_write, status, "primary"
        )
        self.upgrade = button("Write & upgrade", "Write the file, then upgrade the database", on_upgrade, status)
        self.buttons = box(self.write, self.upgrade, classes="mig-bar", across=True)
        self.widget = box(
            box(self.message, self._file, classes="mig-bar", across=True), self.script, self.buttons, classes="mig-foot"
        )

    def show(self, *, written: bool, upgraded: bool, blocked: str) -> None:
        """Show what can be done: ``blocked`` says why nothing can, and "" that it can."""
        self.message.disabled = written
        self.write.disabled = written or bool(blocked)
        self.upgrade.disabled = upgraded or (bool(blocked) and not written)
        self.upgrade.description = "Upgrade" if written else "Write & upgrade"
        self.write.tooltip = blocked or "Write the accepted rows into a version file"
        self.show_script()

    def show_script(self) -> None:
        """Show the file's name, and its text where that is unfolded; what cannot be known yet says why."""
        message = self.message.value.strip() or None
        self._file.value = str(
            tag("span", "File: ", tag("code", _or_reason(self._file_name, message)), class_="mig-dim")
        )
        if self.script.selected_index is not None:
            self._code.value = str(code(_or_reason(self._script, message)))


class Ask:
    """Asks for the name of what will lose data, before that is run."""

    def __init__(self, status: Status, on_yes: Callable[[], object]) -> None:
        self._wanted, self._on_yes = "", on_yes
        self._text = html()
        self.answer = widgets.Text(
            description="Type it", layout=widgets.Layout(**AUTO), continuous_update=True,
            tooltip="Type what is asked for, to confirm that data may be lost",
        )  # fmt: skip
        self.yes = button("Upgrade, losing data", "Run it now", self._go, status, "danger")
        self.no = button("Cancel", "Run nothing", self.close, status)
        self.answer.observe(status.guard(lambda _: self._compare()), "value")
        bar = box(self.answer, self.yes, self.no, classes="mig-bar", across=True)
        self.widget = box(self._text, bar, classes="mig-ask")
        self.close()

    @property
    def is_open(self) -> bool:
        """Whether an answer is waited for."""
        return bool(self.widget.layout.display != "none")

    def open(self, rows: Sequence[Row]) -> None:
        """Ask for the name that stands for all that ``rows`` lose."""
        self._wanted = redact(name_of(rows))
        told = [tag("li", row.sentence) for row in rows[:5]]
        told += [tag("li", f"and {len(rows) - 5} more")] if len(rows) > 5 else []
        self._text.value = str(
            tag(
                "div",
                tag("p", "⚠ This loses data:", class_="mig-warn"),
                tag("ul", *told),
                tag("p", "To run it, type ", tag("code", self._wanted), ":"),
                role="alert",
            )
        )
        self.answer.value = ""
        self._compare()
        self.widget.layout.display = None

    def close(self) -> None:
        """Ask no more."""
        self.widget.layout.display = "none"

    def _compare(self) -> None:
        self.yes.disabled = self.answer.value.strip() != self._wanted

    def _go(self) -> None:
        if self.answer.value.strip() != self._wanted:
            raise CommandError(f"Type {self._wanted} to confirm; nothing was run.")
        self.close()
        self._on_yes()


def name_of(rows: Sequence[Row]) -> str:
    """Return what is asked for: the tables' names, or their number where they are many; SQL for statements."""
    names = list(dict.fromkeys(row.table or "SQL" for row in rows))
    return ", ".join(names) if len(names) <= 3 else f"{len(names)} tables"


def _or_reason(ask: Callable[[Any], str], message: str | None) -> str:
    try:
        return ask(message)
    except (CommandError, MigError) as error:
        return f"# {redact(str(error).splitlines()[0])}"
