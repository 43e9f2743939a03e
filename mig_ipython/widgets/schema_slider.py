"""The slider over a history: the schema after a revision as a diagram, with what the revision changed.

ipywidgets gives the handle of its slider no accessible name. So the handle is for the pointer (`style`), and a field
for the number of the revision, which has a label, is for the keyboard and for screen readers.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import ipywidgets as widgets

from ..views.html import page, tag
from ..views.schema import SchemaView
from ..views.schema_history import SchemaHistory
from ..views.text import panel_text
from .review.parts import AUTO, SNUG, Status, box, button, close_all, hidden_style, html, with_text
from .review.style import CSS


class SchemaSlider:
    """The panel of a `SchemaHistory`: a slider, buttons for one step, a choice of tables, and a fold for each schema.

    display(SchemaSlider(history))
    """

    def __init__(self, history: SchemaHistory) -> None:
        self.history = history
        self.status = Status(on_end=self._show_steps)
        last = max(len(history) - 1, 0)
        self.slider = widgets.IntSlider(
            value=last, min=0, max=last, readout=False, continuous_update=False,
            layout=widgets.Layout(width="16em"), tooltip="Which revision: drag it",
        )  # fmt: skip
        self.number = widgets.BoundedIntText(
            value=last + 1, min=1, max=last + 1, description="Revision", layout=widgets.Layout(width="9em"),
            style=dict(SNUG), tooltip="Which revision: arrow keys move by one",
        )  # fmt: skip
        self.back = button("◀ Earlier", "The revision before", lambda: self._step(-1), self.status)
        self.next = button("Later ▶", "The revision after", lambda: self._step(1), self.status)
        self.only = widgets.Text(
            description="Tables", placeholder="all, or a pattern such as shop.*", continuous_update=False,
            layout=widgets.Layout(width="22em"), style=dict(SNUG), tooltip="Only tables and schemas of this name",
        )  # fmt: skip
        self.changed = widgets.Checkbox(
            value=False, indent=False, description="Only what changed", layout=widgets.Layout(**AUTO),
            tooltip="Draw the tables that changed, and those they refer to",
        )  # fmt: skip
        self.folds = box(classes="mig-bar", across=True)
        self._folded: dict[str, Any] = {}
        self._title, self._shown = html("", "mig-title"), html("", "mig-schema")
        self.status.watch(self.number, lambda change: self._go_to(change["new"] - 1))
        for control in (self.slider, self.only, self.changed):
            self.status.watch(control, lambda _: self.show())
        bar = box(self.number, self.slider, self.back, self.next, self._title, classes="mig-bar", across=True)
        choice = box(self.only, self.changed, self.folds, classes="mig-bar", across=True)
        self.widget = box(
            hidden_style(CSS),
            html(tag("h3", history.lead())),
            bar,
            choice,
            self._shown,
            self.status.widget,
            classes="mig-review",
        )
        self.show()

    def view(self) -> SchemaView | None:
        """Return the view that is shown, None where the history is empty."""
        if not len(self.history):
            return None
        found = self.history[self.slider.value]
        pattern = self.only.value.strip()
        chosen = replace(
            found.schema,
            only=(pattern,) if pattern else (),
            folded=tuple(name for name, control in self._folded.items() if control.value),
            changed_only=self.changed.value,
        )
        return replace(found, schema=chosen)

    def show(self) -> None:
        """Show the revision that is chosen."""
        if not len(self.history):
            self._title.value = str(tag("p", "There is no revision yet."))
            self._show_steps()
            return
        place = self.slider.value
        self._show_folds(self.history[place])
        view = self.view()
        assert view is not None, "there is a revision"
        self._title.value = str(tag("p", self.history.title(place), aria_live="polite"))
        self._shown.value = str(page(*view.body(with_tables=False)))
        self._show_steps()
        self.status.say("")

    def _show_steps(self) -> None:
        place = self.number.value = self.slider.value + 1
        self.back.disabled, self.next.disabled = place == self.number.min, place == self.number.max

    def _show_folds(self, view: SchemaView) -> None:
        names = view.schema.description.schemas()
        wanted = list(names) if len(names) > 1 else []
        if wanted == list(self._folded):
            return
        for control in self._folded.values():
            control.unobserve_all()
        before = {name for name, control in self._folded.items() if control.value}
        self._folded = {name: self._fold(name, is_folded=name in before) for name in wanted}
        self.folds.children = tuple(self._folded.values())

    def _fold(self, name: str, *, is_folded: bool) -> Any:
        control = widgets.Checkbox(
            value=is_folded, indent=False, description=f"Fold {name or 'the default schema'}",
            layout=widgets.Layout(**AUTO), tooltip="Draw one box for all tables of this schema",
        )  # fmt: skip
        self.status.watch(control, lambda _: self.show())
        return control

    def _step(self, by: int) -> None:
        self._go_to(min(max(self.slider.value + by, 0), self.slider.max))

    def _go_to(self, place: int) -> None:
        self.slider.value = place

    def refresh(self) -> None:
        """Show the chosen revision again; a history on disk that has changed is read when the cell runs again."""

    def close(self) -> None:
        """Remove the panel from the page."""
        close_all(self.widget)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        return with_text(self.widget, panel_text(self.history.lead(), "print() what the command returns"), **options)
