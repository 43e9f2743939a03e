"""The list of rows: for each a checkbox with its number and a button with its sentence, under headings by table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import ipywidgets as widgets

from kernel_core.util.secrets import redact

from ...review import Row
from ...views.html import tag
from ...views.operations import with_rows
from .parts import AUTO, Status, html


class RowList:
    """The list: two controls for each row, one Layout and one Style for all, so that 200 rows appear at once.

    ``on_accept(key, accepted)`` and ``on_choose(key)`` are called when a person ticks or clicks a row.
    """

    def __init__(
        self, status: Status, on_accept: Callable[[int, bool], object], on_choose: Callable[[int], object]
    ) -> None:
        self._status, self._on_accept, self._on_choose = status, on_accept, on_choose
        self.widget = widgets.GridBox()
        self.widget.add_class("mig-list")
        self._layout = widgets.Layout(**AUTO)
        self._check_style = widgets.Checkbox().style
        self._button_style = widgets.Button().style
        self.checks: dict[int, Any] = {}
        self.buttons: dict[int, Any] = {}
        self._headings: dict[tuple[str, int], Any] = {}
        self._quiet = False
        self._stepped = False
        self._stops: int | None = None

    def show(self, rows: Sequence[Row], visible: Iterable[int], chosen: int | None, *, stepped: bool = False) -> None:
        """Show the rows whose numbers are ``visible``, the one with the key ``chosen`` marked.

        With ``stepped`` Tab stops at one row only, as there is another way through the rows.
        """
        numbers = set(visible)
        shown = [row for row in rows if row.number in numbers]
        keys = [row.key for row in shown]
        self._stops = None if not stepped else chosen if chosen in keys else next(iter(keys), None)
        self._stepped = stepped
        self._quiet = True
        try:
            for row in rows:
                self._update(row, row.key == chosen)
        finally:
            self._quiet = False
        children = tuple(self._children(shown))
        if children != self.widget.children:
            self.widget.children = children

    def disable(self, disabled: bool) -> None:
        """Disable the checkboxes; rows can still be selected."""
        for check in self.checks.values():
            check.disabled = disabled

    def _children(self, rows: Sequence[Row]) -> Iterable[Any]:
        if not rows:
            yield self._heading("No row matches. Clear the search or the filters.", 0)
            return
        runs = sum(row.group != before for row, before in zip(rows, (None, *(row.group for row in rows)), strict=False))
        headed = runs * 3 <= len(rows) * 2  # headings over single rows would only repeat the sentences
        group: str | None = None
        for row in rows:
            if headed and row.group != group:
                group = row.group
                yield self._heading(group, row.key)
            yield self.checks[row.key]
            yield self.buttons[row.key]

    def _heading(self, text: str, key: int) -> Any:
        place = (text, key)
        if place not in self._headings:
            self._headings[place] = html(tag("div", text, role="heading", aria_level="4"), "mig-table")
        return self._headings[place]

    def _update(self, row: Row, chosen: bool) -> None:
        tabbable = not self._stepped or row.key == self._stops
        ticked = {
            "value": row.accepted,
            "description": tick_text(row),
            "tabbable": tabbable,
        }
        said = {
            "tabbable": tabbable,
            "description": row_text(row, chosen),
            "tooltip": redact("\n".join((f"Show row {row.number}", *hint_lines(row)))),
            "_dom_classes": _classes(row, chosen),
        }
        if row.key not in self.checks:
            self._make(row.key, ticked, said)
            return
        for widget, state in ((self.checks[row.key], ticked), (self.buttons[row.key], said)):
            changed = {name: value for name, value in state.items() if getattr(widget, name) != value}
            if changed:
                with widget.hold_sync():  # one message a widget
                    for name, value in changed.items():
                        setattr(widget, name, value)

    def _make(self, key: int, ticked: dict[str, Any], said: dict[str, Any]) -> None:
        """Create the controls with their complete state: one message to the browser each."""
        check = widgets.Checkbox(indent=False, layout=self._layout, style=self._check_style, **ticked)
        button = widgets.Button(layout=self._layout, style=self._button_style, **said)
        check.observe(self._status.guard(lambda change: self._ticked(key, change["new"])), "value")
        button.on_click(self._status.guard(lambda _: self._on_choose(key)))
        self.checks[key], self.buttons[key] = check, button

    def _ticked(self, key: int, accepted: bool) -> None:
        if not self._quiet:
            self._on_accept(key, accepted)


def _classes(row: Row, chosen: bool) -> tuple[str, ...]:
    marks = {
        "mig-chosen": chosen,
        "mig-refused": not row.accepted,
        "mig-wrong": row.accepted and bool(row.errors),
    }
    return ("mig-row", *(name for name, on in marks.items() if on))


def tick_text(row: Row) -> str:
    """Return the label of a checkbox: the number, and for screen readers the sentence of the row.

    The style shows the first three characters; JupyterLab makes the whole its tooltip, and would set formulas in it.
    """
    return redact(f"{row.number:\N{FIGURE SPACE}>3} Accept: {row.sentence}").translate(_NO_FORMULAS)


_NO_FORMULAS = str.maketrans("$\\", "\N{FULLWIDTH DOLLAR SIGN}\N{FULLWIDTH REVERSE SOLIDUS}")


def row_text(row: Row, chosen: bool = False) -> str:
    """Return the text of a row: its sign, its sentence, and its state in words (never by colour alone)."""
    marks = []
    if not row.accepted:
        marks.append("rejected")
    if row.added:
        marks.append("added by hand")
    elif row.edited:
        marks.append("edited")
    if row.accepted and row.errors:
        marks.append("✖ wrong value")
    if row.loses_data:
        marks.append("⚠ loses data")
    elif not row.is_safe:
        marks.append(next((hint.severity for hint in row.hints if hint.severity != "slow"), "may fail"))
    if row.no_downgrade:
        marks.append("cannot be downgraded")
    if row.together:
        marks.append(with_rows(row.together))
    text = " · ".join((f"{row.sign}\N{NO-BREAK SPACE} {row.sentence}", *marks))
    return redact(f"{text}  ▸" if chosen else text)


def hint_lines(row: Row) -> tuple[str, ...]:
    """Return the warnings, one line each."""
    return tuple(f"{hint.severity}: {hint.text}" for hint in row.hints)
