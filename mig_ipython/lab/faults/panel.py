"""The faults as buttons; where widgets are not displayed, as the commands that do the same."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ...views.html import Html, page, plain_list, tag, with_code
from ...views.view import View
from ..views.sentences import Sentences
from .faults import NAMES


class FaultsView(View):
    """The faults with the commands that cause them, as text and HTML."""

    def text(self) -> str:
        lines = (f"  {label}: %mig_lab fault {name}" for name, label in NAMES.items())
        return "\n".join(("Faults to practise with:", *lines))

    def html(self) -> Html:
        lines = (with_code(f"{label}: `%mig_lab fault {name}`") for name, label in NAMES.items())
        return page(tag("p", "Faults to practise with:", class_="mig-lead"), plain_list(lines), label="Faults")


class FaultsPanel:
    """A button for each fault, and a line that says what happened; ``cause(name)`` causes one.

    display(FaultsPanel(cause))
    """

    def __init__(self, cause: Callable[[str], Sentences]) -> None:
        from ...widgets.review.parts import Status, box, button, hidden_style, html
        from ...widgets.review.style import CSS

        self._cause = cause
        self.status = Status()
        self.result = html()
        self.buttons = {
            name: button(label, f"%mig_lab fault {name}", partial(self.press, name), self.status)
            for name, label in NAMES.items()
        }
        bar = box(*self.buttons.values(), classes="mig-bar", across=True)
        self.widget = box(hidden_style(CSS), bar, self.status.widget, self.result, classes="mig-review")

    def press(self, name: str) -> None:
        """Cause a fault, and show what it did."""
        self.result.value = str(self._cause(name).html())

    def _repr_mimebundle_(self, **options: Any) -> Any:
        bundle: Any = self.widget._repr_mimebundle_(**options)
        data, *metadata = bundle if isinstance(bundle, tuple) else (bundle,)
        shown = {**data, "text/plain": FaultsView().text()}
        return (shown, *metadata) if metadata else shown
