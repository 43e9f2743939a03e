"""The list of rows: for each a checkbox with its number and a button with its sentence, under headings by table."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import ipywidgets as widgets

from kernel_core.util.secrets import redact

from ...review import Row
from ...views.html import Html, tag
from ...views.operations import with_rows
from .parts import AUTO, Status, box, hidden_style, html, lean, shared

MOST = 200
"""Rows that are listed at once; a button at the end lists as many more."""

_WHILE_TYPING = 25
"""Rows that a search or filter lists at once, if their controls must be created: 2 ms each, browser included."""

_AROUND = 10
"""Rows before and after the selected one that are listed, wherever it is."""

_BLOCK = 25
"""Rows in one box: JupyterLab draws again what follows a row that is added to a box."""


class RowList:
    """The list: two controls for each row, created when the row is first listed, and never used for another row.

    So a click that was made while the kernel was busy is about the row that the person saw. Rows that search and
    filters leave out are hidden by one style sheet: a single message to the browser, and nothing is drawn again.
    ``on_accept(key, accepted)`` and ``on_choose(key)`` are called when a person ticks or clicks a row.
    """

    def __init__(
        self, status: Status, on_accept: Callable[[int, bool], object], on_choose: Callable[[int], object]
    ) -> None:
        self._status, self._on_accept, self._on_choose = status, on_accept, on_choose
        self._id = f"mig-list-{secrets.token_hex(4)}"
        self._hiding = hidden_style("")
        self._none = html("", "mig-none", layout=widgets.Layout(display="none"))
        self.more = widgets.Button(
            tooltip="List more rows", layout=widgets.Layout(**AUTO, display="none"), _dom_classes=("mig-more",)
        )
        status.on_click(self.more, self._list_more, once=False)  # not disabled meanwhile: it keeps the focus
        self._list = widgets.GridBox(layout=shared(widgets.Layout), _dom_classes=("mig-list", self._id))
        self.widget = box(self._list, self._none, self.more, self._hiding)
        self.checks: dict[int, Any] = {}
        self.buttons: dict[int, Any] = {}
        self.listed: tuple[int, ...] = ()
        self.shown: tuple[Any, ...] = ()
        self._headings: dict[tuple[str, int], Any] = {}
        self._states: dict[int, tuple[Row, bool, bool]] = {}
        self._blocks: list[Any] = []
        self._limit, self._creates = MOST, 0
        self._asked: tuple[tuple[Row, ...], set[int], int | None, bool] = (), set(), None, False
        self._known: tuple[list[int], list[int]] = [], []
        self._quiet = self._disabled = False

    def show(self, rows: Sequence[Row], visible: Iterable[int], chosen: int | None, *, stepped: bool = False) -> None:
        """Show the rows whose numbers are ``visible``, the one with the key ``chosen`` marked.

        With ``stepped`` Tab stops at one row only, as there is another way through the rows.
        """
        numbers = set(visible)
        self._asked = tuple(rows), numbers, chosen, stepped
        matching = [row for row in rows if row.number in numbers]
        self._limit_again(rows, matching)
        listed = self._choose_listed(matching, chosen, filtered=len(matching) < len(rows))
        self.listed = tuple(row.key for row in listed)
        stops = None if not stepped else chosen if chosen in self.listed else next(iter(self.listed), None)
        wanted = set(self.listed)
        self._quiet = True
        try:
            for row in rows:
                if row.key in self.checks or row.key in wanted:
                    self._update(row, row.key == chosen, not stepped or row.key == stops)
        finally:
            self._quiet = False
        headings = self._headed(rows, matching)
        self._arrange(rows)
        self._hide(headings)
        self._show_end(len(matching) - len(listed), is_empty=not rows)

    def disable(self, disabled: bool) -> None:
        """Disable the checkboxes; rows can still be selected."""
        self._disabled = disabled
        for check in self.checks.values():
            check.disabled = disabled

    @property
    def said(self) -> str:
        """What is said instead of rows, as HTML; "" while rows are listed."""
        return str(self._none.value)

    # ---- which rows are listed -------------------------------------------------------------------------------------

    def _limit_again(self, rows: Sequence[Row], matching: Sequence[Row]) -> None:
        """List the first rows only, where search or filters have changed."""
        before, self._known = self._known, ([row.key for row in rows], [row.key for row in matching])
        if self._known[0] == before[0] and self._known[1] != before[1]:
            self._limit = MOST

    def _choose_listed(self, matching: Sequence[Row], chosen: int | None, *, filtered: bool) -> list[Row]:
        """Return the rows to list: the first that match, if their controls exist or may be created, and the chosen."""
        at = next((place for place, row in enumerate(matching) if row.key == chosen), None)
        created = sum(row.key in self.checks for row in matching[: self._limit]) if filtered else 0
        left = self._creates or (_WHILE_TYPING - created if filtered else MOST)
        self._creates = 0
        listed = []
        for place, row in enumerate(matching):
            near = at is not None and abs(place - at) <= _AROUND
            left -= row.key not in self.checks and (near or place < self._limit)
            if near or (place < self._limit and (row.key in self.checks or left >= 0)):
                listed.append(row)
        return listed

    def _list_more(self) -> None:
        """List more rows."""
        self._limit = -(-len(self.listed) // MOST) * MOST + MOST
        self._creates = MOST
        rows, visible, chosen, stepped = self._asked
        self.show(rows, visible, chosen, stepped=stepped)

    def _show_end(self, more: int, *, is_empty: bool) -> None:
        said = "" if self.listed or is_empty else "No row matches. Clear the search or the filters."
        self._none.value = str(tag("p", said, role="status")) if said else ""
        self._none.layout.display = None if said else "none"
        self.more.description = f"Show {min(more, MOST)} more of {more} rows that are not listed" if more else ""
        self.more.layout.display = None if more else "none"  # JupyterLab keeps the text of a button without one

    # ---- headings and hiding ---------------------------------------------------------------------------------------

    def _headed(self, rows: Sequence[Row], matching: Sequence[Row]) -> set[tuple[str, int]]:
        """Create the missing headings, and return the places of those to show."""
        runs = sum(row.group != before for row, before in zip(matching, _befores(matching), strict=True))
        if runs * 3 > len(matching) * 2:  # headings over single rows would only repeat the sentences
            return set()
        wanted, shown, place = set(self.listed), set[tuple[str, int]](), ("", 0)
        for row, before in zip(rows, _befores(rows), strict=True):
            place = place if row.group == before else (row.group, row.key)
            if row.key in wanted:
                shown.add(place)
        for text, key in shown - self._headings.keys():
            title = tag("div", text, role="heading", aria_level="4")
            self._headings[text, key] = html(title, "mig-table", f"mig-h{key}")
        return shown

    def _arrange(self, rows: Sequence[Row]) -> None:
        """Put what was created into blocks, in the order of the rows."""
        blocks: list[list[Any]] = []
        for place, (row, before) in enumerate(zip(rows, _befores(rows), strict=True)):
            if place % _BLOCK == 0:
                blocks.append([])
            heading = self._headings.get((row.group, row.key)) if row.group != before else None
            blocks[-1] += [heading] if heading is not None else []
            blocks[-1] += [self.checks[row.key], self.buttons[row.key]] if row.key in self.checks else []
        while blocks and not blocks[-1]:
            blocks.pop()
        for place, children in enumerate(blocks):
            if place == len(self._blocks):
                self._blocks.append(box(*children, classes="mig-block"))
            elif self._blocks[place].children != tuple(children):
                self._blocks[place].children = children
        for block in self._blocks[len(blocks) :]:
            block.close()
        del self._blocks[len(blocks) :]
        if self._list.children != tuple(self._blocks):
            self._list.children = self._blocks

    def _hide(self, headings: set[tuple[str, int]]) -> None:
        """Hide what was created and is not listed, by one style sheet."""
        parts: dict[str, tuple[Any, ...]] = {f"mig-h{place[1]}": (made,) for place, made in self._headings.items()}
        parts |= {f"mig-r{key}": (self.checks[key], self.buttons[key]) for key in self.checks}
        shown = {f"mig-r{key}" for key in self.listed} | {f"mig-h{key}" for _, key in headings}
        hidden = [name for name in parts if name not in shown]
        self._hiding.value = Html(f"<style>{self._rule(hidden, sorted(shown))}</style>")
        unseen = {id(part) for name in hidden for part in parts[name]}
        self.shown = tuple(part for block in self._blocks for part in block.children if id(part) not in unseen)

    def _rule(self, hidden: Sequence[str], shown: Sequence[str]) -> str:
        """Return the rule that hides these classes, by naming them or the others, whichever are fewer."""
        if not hidden:
            return ""
        fewer, which = (hidden, "is") if len(hidden) <= len(shown) else (shown, "not")
        names = ",".join(f".{name}" for name in fewer) or ".mig-no-row"
        return f".{self._id}>.mig-block>:{which}({names}){{display:none!important}}"

    # ---- the controls of a row -------------------------------------------------------------------------------------

    def _update(self, row: Row, chosen: bool, tabbable: bool) -> None:
        known = self._states.get(row.key)
        if known is not None and known[0] is row and known[1:] == (chosen, tabbable):
            return
        self._states[row.key] = row, chosen, tabbable
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
        if known is None:
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
        look = lean(widgets.Checkbox)
        check = widgets.Checkbox(indent=False, disabled=self._disabled, _dom_classes=(f"mig-r{key}",), **look, **ticked)
        made = widgets.Button(**lean(widgets.Button), **said)
        self._status.watch(check, lambda change: self._ticked(key, change["new"]))
        self._status.on_click(made, lambda: self._on_choose(key), once=False)
        self.checks[key], self.buttons[key] = check, made

    def _ticked(self, key: int, accepted: bool) -> None:
        if not self._quiet:
            self._on_accept(key, accepted)


def _classes(row: Row, chosen: bool) -> tuple[str, ...]:
    marks = {
        "mig-chosen": chosen,
        "mig-refused": not row.accepted,
        "mig-wrong": row.accepted and bool(row.errors),
    }
    return ("mig-row", *(name for name, on in marks.items() if on), f"mig-r{row.key}")


def _befores(rows: Sequence[Row]) -> Iterator[str | None]:
    """Yield for each row the group of the row before it."""
    group: str | None = None
    for row in rows:
        yield group
        group = row.group


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
