"""The details of the selected row: its fields, warnings, SQL and Python, and its position."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from ...review import Review, Row
from ...views.html import Html, join, tag
from ...views.operations import with_rows
from ...views.rehearsal import RehearsalReport
from ...views.source import Language
from .fields import FieldControl
from .parts import Status, box, button, close_all, html
from .rewriting import Rehearse, Rewriting
from .rows import hint_lines, row_text
from .source import code

_TABS = ("SQL", "Python", "Downgrade")


class Detail:
    """One pane for the selected row; its controls are created again only if another row is selected.

    ``rehearse`` and ``on_rewrite`` are those of `Rewriting`.
    """

    def __init__(
        self, review: Review, status: Status, rehearse: Rehearse, on_rewrite: Callable[[RehearsalReport], object]
    ) -> None:
        self._review, self._status = review, status
        self.key: int | None = None
        self.fields: dict[str, FieldControl] = {}
        self._frozen = False
        self.rewriting = Rewriting(review, status, rehearse=rehearse, on_rewrite=on_rewrite, on_first=self._insert)
        self._head, self._notes = html(), html()
        self._fields = box(hides=True)
        self.up = button("↑ Up", "Run this row earlier", lambda: self._move(-1), status)
        self.down = button("↓ Down", "Run this row later", lambda: self._move(1), status)
        self.revert = button("Revert", "Make this row what it was when it was found", self._revert, status)
        self._pages = [html() for _ in _TABS]
        self.tabs = widgets.Tab(self._pages, titles=_TABS)
        self._bar = box(self.up, self.down, self.revert, classes="mig-bar", across=True, hides=True)
        status.watch(self.tabs, lambda _: self._show_page(), "selected_index")
        self.widget = box(
            self._head,
            self._notes,
            self._fields,
            self._bar,
            self.tabs,
            classes="mig-detail",
        )

    def show(self, row: Row | None, *, frozen: bool = False) -> None:
        """Show a row; with ``frozen`` it cannot be changed."""
        self._frozen = frozen
        for part in (self._fields, self.tabs, self._bar):
            part.layout.display = None if row is not None else "none"
        self.rewriting.show(row, frozen=frozen)
        if row is None:
            self._fill(None)
            self._head.value = str(tag("p", "There is no row to show.", class_="mig-dim"))
            self._notes.value = ""
            return
        if row.key != self.key or set(self.fields) != {field.name for field in row.operation.fields}:
            self._fill(row)
        self._head.value = str(tag("h4", f"{row.number}. {row.sentence}", aria_label=row_text(row)))
        self._notes.value = str(_notes(row))
        for control in self.fields.values():
            control.show(row, disabled=frozen)
        self.up.disabled = frozen or row.number == 1
        self.down.disabled = frozen or row.number == len(self._review)
        self.revert.disabled = frozen or not (row.edited or row.invalid)
        self._show_page()

    def _insert(self, widget: Any) -> None:
        """Put the controls of rewrites below the notes."""
        head, notes, *rest = self.widget.children
        self.widget.children = (head, notes, widget, *rest)

    def _fill(self, row: Row | None) -> None:
        """Create the controls for a row."""
        for control in self.fields.values():
            control.close()
        self.key = row.key if row is not None else None
        name = self._review.dialect.name
        fields = row.operation.fields if row is not None else ()
        self.fields = {
            field.name: FieldControl(field, row, name, self._status, self._edit) for field in fields if row is not None
        }
        old = self._fields.children
        self._fields.children = [control.widget for control in self.fields.values()] or [
            html(tag("p", "Nothing of this can be edited; accept or reject it.", class_="mig-dim"))
        ]
        for part in old:
            close_all(part)

    def _show_page(self) -> None:
        """Fill the open tab; the others are filled when they are opened."""
        if self.key is None:
            return
        place = self.tabs.selected_index or 0
        ask: Callable[[int], str] = (self._review.sql, self._review.python, self._review.downgrade)[place]
        language: Language = "python" if place else "sql"
        self._pages[place].value = str(code(ask(self._number), language))

    @property
    def _number(self) -> int:
        assert self.key is not None, "there is a row when its controls can be used"
        return self._review.row_of(self.key).number

    def _edit(self, field_name: str, text: str) -> str:
        return self._review.edit_text(self._number, field_name, text)

    def _move(self, by: int) -> str:
        return self._review.move(self._number, self._number + by)

    def _revert(self) -> str:
        return self._review.revert(self._number)


def _notes(row: Row) -> Html:
    lines = []
    if not row.accepted:
        lines.append(tag("p", "Rejected: it will not be written.", class_="mig-dim"))
    if row.together:
        lines.append(tag("p", f"Accepted and rejected together {with_rows(row.together)}.", class_="mig-dim"))
    if row.edited:
        lines.append(tag("p", f"Found as: {row.original_facts.sentence}", class_="mig-dim"))
    for hint, line in zip(row.hints, hint_lines(row), strict=True):
        lines.append(tag("p", f"⚠ {line}", class_="mig-warn" if hint.severity == "loses data" else "mig-note"))
    if row.no_downgrade:
        lines.append(tag("p", f"⚠ cannot be downgraded: {row.no_downgrade}", class_="mig-note"))
    lines += [tag("p", f"✖ {problem}", class_="mig-bad", role="alert") for problem in row.problems]
    return join(lines)
