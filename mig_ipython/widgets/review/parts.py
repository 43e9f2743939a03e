"""What the parts of the panel are made of: escaped HTML, code, buttons that are safe to press, the status line."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import ipywidgets as widgets

from kernel_core.util.exc import CommandError
from kernel_core.util.secrets import redact

from ...errors import MigError
from ...views.html import Html, esc, tag

Act = Callable[[], object]

AUTO = {"width": "auto"}


def html(content: Html | str = "", *classes: str) -> Any:
    """Return a piece of HTML; a plain str is escaped."""
    made = widgets.HTML(str(esc(content)))
    for name in classes:
        made.add_class(name)
    return made


def box(*children: Any, classes: str = "", across: bool = False) -> Any:
    """Return the children below, or with ``across`` beside each other."""
    made = (widgets.HBox if across else widgets.VBox)(children)
    for name in classes.split():
        made.add_class(name)
    return made


def code(text: str) -> Html:
    """Return SQL or Python as a block that scrolls by keyboard too."""
    return tag("pre", text.rstrip("\n"), class_="mig-code", tabindex="0")


def with_code(text: str) -> Html:
    """Return words in which what stands between backticks is code.

    >>> with_code("`Base` (<7> tables)")
    '<code>Base</code> (&lt;7&gt; tables)'
    """
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return esc(text)
    return Html("".join(tag("code", part) if place % 2 else esc(part) for place, part in enumerate(parts)))


def two_lines(error: BaseException) -> str:
    """Return what an error says in at most two lines, without secrets; a bug of ours also says its type."""
    lines = [line.strip() for line in redact(str(error)).splitlines() if line.strip()]
    if not isinstance(error, CommandError | MigError):
        lines[:1] = [": ".join((type(error).__name__, *lines[:1]))]
    return "\n".join(lines[:2])


class Status:
    """The line at the foot that says what was done, or what went wrong.

    ``guard`` makes a callback safe: an error becomes two lines here, and is kept in ``error`` for whoever looks deeper.
    ``on_end()`` is called after a button or a failure, to bring every control to what it should be.
    """

    def __init__(self, on_end: Act = lambda: None) -> None:
        self.text = ""
        self.error: BaseException | None = None
        self.widget = html("", "mig-status")
        self._on_end = on_end
        self.say("")

    def say(self, text: str) -> None:
        """Show what was done; at most two lines."""
        self.error = None
        self._show(redact(text), "status", "")

    def fail(self, error: BaseException) -> None:
        """Show what went wrong."""
        self.error = error
        self._show(two_lines(error), "alert", "Not done: ")

    def guard(self, act: Callable[..., object], *, busy: Any = None) -> Callable[..., None]:
        """Return a callback that does ``act``, the button ``busy`` disabled meanwhile, and shows any error here."""

        def guarded(*args: Any) -> None:
            failed = False
            with disabled(busy) if busy is not None else nullcontext():
                try:
                    act(*args)
                except Exception as error:  # noqa: BLE001  a callback has no caller: the status line is where it is told
                    failed = True
                    self.fail(error)
            if failed or busy is not None:
                self._on_end()

        return guarded

    def _show(self, text: str, role: str, lead: str) -> None:
        self.text = lead + text
        shown = tag("p", tag("span", lead, class_="mig-bad") if lead else "", text, role=role, aria_live="polite")
        self.widget.value = str(shown)


class disabled(AbstractContextManager[None]):  # noqa: N801  reads as a word: with disabled(button)
    """Disable a button for the time of a block."""

    def __init__(self, button: Any) -> None:
        self._button, self._was = button, button.disabled

    def __enter__(self) -> None:
        self._button.disabled = True
        self._button.add_class("mig-busy")

    def __exit__(self, *error: object) -> None:
        self._button.remove_class("mig-busy")
        self._button.disabled = self._was


def button(label: str, tooltip: str, act: Callable[[], object], status: Status, style: str = "") -> Any:
    """Return a button that does ``act`` under guard."""
    made = widgets.Button(description=label, tooltip=tooltip, button_style=style, layout=widgets.Layout(**AUTO))
    made.on_click(status.guard(lambda _: act(), busy=made))
    return made
