"""The faults as buttons; where widgets are not displayed, as the commands that do the same."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from .sentences import Sentences

NAMES: dict[str, str] = {
    "crash": "Crash in the next upgrade",
    "teammate": "A teammate pushes a revision",
    "production": "Somebody alters production",
    "lock": "A slow colleague holds the lock",
    "off": "End all faults",
}
"""Each fault with the label of its button."""


def faults_as_text() -> Sentences:
    """Return the faults with the commands that cause them, for where widgets are not displayed."""
    lines = (f"{label}: `%mig_lab fault {name}`" for name, label in NAMES.items())
    return Sentences(("Faults to practise with:", *lines), label="Faults")


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
        self.widget = box(hidden_style(CSS), bar, self.status.widget, self.result, classes="mig-review mig-brief")

    def press(self, name: str) -> None:
        """Cause a fault, and show what it did."""
        self.result.value = str(self._cause(name).html())

    def _repr_mimebundle_(self, **options: Any) -> Any:
        bundle: Any = self.widget._repr_mimebundle_(**options)
        data, *metadata = bundle if isinstance(bundle, tuple) else (bundle,)
        shown = {**data, "text/plain": faults_as_text().text()}
        return (shown, *metadata) if metadata else shown
