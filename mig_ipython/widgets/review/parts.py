"""Building blocks of the panel: escaped HTML, boxes, buttons that report errors, the status line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import ipywidgets as widgets
from traitlets import validate

from kernel_core.util.exc import CommandError
from kernel_core.util.messaging import printable
from kernel_core.util.secrets import redact

from ...errors import MigError, interrupt_notes
from ...views.html import Html, esc, page, tag, with_code
from .threads import Act, interruptible, keep_order, read_where_cells_run, where_cells_run

_SHARED: dict[object, Any] = {}

AUTO: Mapping[str, object] = MappingProxyType({"width": "auto"})

PLAIN: Mapping[str, object] = MappingProxyType({})

SNUG: Mapping[str, object] = MappingProxyType({"description_width": "initial"})
"""Style of a single control: its label is as wide as its text."""

LABELLED: Mapping[str, object] = MappingProxyType({"description_width": "124px"})
"""Style of a control whose label is aligned with the other labels."""


BUTTONED: Mapping[str, object] = MappingProxyType({**LABELLED, "button_width": "auto"})
"""Style of a choice by buttons; in a dropdown JupyterLab's command mode would catch arrow keys and letters."""

_IGNORED = Html('<div class="mathjax_ignore tex2jax_ignore">')


class Literal(widgets.HTML):  # type: ignore[misc]
    """HTML in which JupyterLab typesets no formulas, so that a dollar sign is shown as such."""

    @validate("value")
    def _without_formulas(self, proposal: Any) -> str:
        value = str(proposal["value"])
        return value if not value or value.startswith(_IGNORED) else f"{_IGNORED}{value}</div>"


def shared(kind: type[Any], **state: object) -> Any:
    """Return the Layout or the style with this state; all controls of all panels share it, and nobody changes it.

    ipywidgets makes a Layout and a style for each control: three models in the browser instead of one.
    """
    key = kind, *sorted(state.items())
    if key not in _SHARED or _SHARED[key].comm is None:  # closed by ``Widget.close_all()``
        _SHARED[key] = kind(**state)
    return _SHARED[key]


def lean(kind: type[Any], layout: Mapping[str, object] = AUTO, style: Mapping[str, object] = PLAIN) -> dict[str, Any]:
    """Return the arguments ``layout`` and ``style`` of a control of that kind, both shared."""
    return {
        "layout": shared(widgets.Layout, **layout),
        "style": shared(kind.class_traits()["style"].klass, **style),
    }


def html(content: Html | str = "", *classes: str, layout: Any = None) -> Any:
    """Return a widget for HTML; a plain str is escaped. Pass ``layout`` for one that is hidden at times."""
    look = lean(Literal, PLAIN)
    return Literal(str(esc(content)), _dom_classes=classes, **look | ({"layout": layout} if layout else {}))


def box(*children: Any, classes: str = "", across: bool = False, hides: bool = False) -> Any:
    """Return the children in a column, or with ``across`` in a row; with ``hides`` it can be hidden by its layout."""
    layout = widgets.Layout() if hides else shared(widgets.Layout)
    return (widgets.HBox if across else widgets.VBox)(children, layout=layout, _dom_classes=tuple(classes.split()))


def hidden_style(rules: str) -> Any:
    """Return an invisible widget that holds a style sheet."""
    return html(Html(f"<style>{rules}</style>"), layout=shared(widgets.Layout, display="none"))


def with_text(widget: Any, said: str, **options: Any) -> Any:
    """Return the mime bundle of a panel, with a line of text, and as HTML, for front ends that cannot show it."""
    bundle = widget._repr_mimebundle_(**options)
    return {**bundle, "text/plain": printable(said), "text/html": str(page(tag("p", with_code(said))))}


def close_all(widget: Any) -> None:
    """Close a widget and all widgets in it, so that neither the page nor the kernel keeps them."""
    for child in getattr(widget, "children", ()):
        close_all(child)
    widget.close()
    for part in (getattr(widget, "layout", None), getattr(widget, "style", None)):
        if part is not None and not any(part is one for one in _SHARED.values()):
            part.close()


class Entry:
    """A control with a line below for the error of its value."""

    def __init__(self, control: Any) -> None:
        self.control = control
        self._error: Any = None
        self.widget = box(control, classes="mig-field")

    @property
    def error(self) -> str:
        """The line below as HTML; "" if there is no error."""
        return str(self._error.value) if self._error is not None else ""

    def wrong(self, reason: str) -> None:
        """Show an error; "" hides the line."""
        if not reason and not self.error:
            return
        if self._error is None:
            self._error = html()
            self.widget.children = (self.control, self._error)
        self._error.value = str(tag("p", f"✖ {reason}", class_="mig-bad", role="alert")) if reason else ""
        (self.widget.add_class if reason else self.widget.remove_class)("mig-has-error")

    def close(self) -> None:
        """Close the control."""
        self.control.unobserve_all()
        close_all(self.widget)


def two_lines(error: BaseException) -> str:
    """Return the message of an error in at most two lines, without secrets; an unexpected error with its type."""
    if isinstance(error, KeyboardInterrupt):
        return redact(f"Interrupted. {interrupt_notes(error)}".strip())
    lines = [line.strip() for line in redact(str(error)).splitlines() if line.strip()]
    if not isinstance(error, CommandError | MigError):
        lines[:1] = [": ".join((type(error).__name__, *lines[:1]))]
    return "\n".join(lines[:2])


class Status:
    """The status line at the bottom: the last change or error.

    ``guard`` makes a callback safe: an error becomes two lines here, and is kept as ``error`` for debugging.
    ``on_end()`` runs after every button and every failure, to update the controls.
    """

    def __init__(self, on_end: Act = lambda: None) -> None:
        self.text = ""
        self.error: BaseException | None = None
        self.widget = html("", "mig-status")
        self._on_end = on_end
        self.say("")

    def say(self, text: str, *parts: object) -> None:
        """Show a message of at most two lines; ``parts`` are the same message with HTML in it."""
        self.error = None
        self._show(redact(text), "status", "", *parts)

    def fail(self, error: BaseException) -> None:
        """Show an error."""
        self.error = error
        self._show(two_lines(error), "alert", "Not done: ")

    def guard(self, act: Callable[..., object], *, busy: Any = None) -> Callable[..., None]:
        """Return a callback that calls ``act`` in the main thread and shows any error here.

        The button ``busy`` is disabled until then, also while a cell is running, so that a second click does nothing.
        """

        def guarded(*args: Any) -> None:
            if busy is not None:
                if busy.disabled:
                    return
                busy.disabled = True
            where_cells_run(lambda: self._do(act, args, busy))

        return guarded

    def watch(self, control: Any, act: Callable[[Any], object], trait: str = "value") -> None:
        """Call ``act(change)`` after each change of a control by the user or by code, and show any error here."""
        control.observe(self.guard(act), trait)
        read_where_cells_run(control)

    def on_click(self, button: Any, act: Act, *, once: bool = True) -> None:
        """Call ``act()`` after each click and show any error here; ``once``: a second click meanwhile does nothing."""
        button.on_click(self.guard(lambda _: act(), busy=button if once else None))
        keep_order(button)

    def _do(self, act: Callable[..., object], args: tuple[Any, ...], busy: Any) -> None:
        failed = False
        try:
            with interruptible():
                act(*args)
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  a callback has no caller; it is shown here
            failed = True
            self.fail(error)
        if busy is not None:
            busy.disabled = False
        if failed or busy is not None:
            self._on_end()

    def _show(self, text: str, role: str, lead: str, *parts: object) -> None:
        self.text = lead + text
        marked = tag("span", lead, class_="mig-bad") if lead else ""
        shown = tag("p", marked, *(parts or (text,)), role=role, aria_live="polite")
        self.widget.value = str(shown)


def button(label: str, tooltip: str, act: Callable[[], object], status: Status, style: str = "", *classes: str) -> Any:
    """Return a button that calls ``act`` and shows any error in the status line."""
    look = lean(widgets.Button)
    made = widgets.Button(description=label, tooltip=redact(tooltip), button_style=style, _dom_classes=classes, **look)
    status.on_click(made, act)
    return made
