"""The position of the new revision in the history: down revision, branch label, dependencies."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import ipywidgets as widgets

from kernel_core.util.secrets import redact

from .parts import BUTTONED, LABELLED, Entry, Status, box, lean


class Placed(Protocol):
    """The position of a version file that is not written yet."""

    head: str | None
    label: str | None
    depends_on: str | None

    def places(self) -> tuple[tuple[str, str], ...]:
        """Return (text, name) of the possible down revisions."""

    def problems(self) -> dict[str, str]:
        """Return the errors by field: ``head``, ``label`` or ``depends_on``."""


class Place:
    """Three controls, each with a line for its error; ``on_change()`` runs after a change."""

    def __init__(self, draft: Placed, status: Status, on_change: Callable[[], object]) -> None:
        self.draft, self._on_change, self._quiet = draft, on_change, False
        self.problems: dict[str, str] = {}
        self.head = widgets.ToggleButtons(
            description="Follows", options=[("", "")], **lean(widgets.ToggleButtons, style=BUTTONED)
        )
        self.label = _text("Branch label", "a name for a new branch; empty for none")
        self.depends_on = _text("Depends on", "revisions or labels that must be applied before, with commas between")
        self._entries = {
            "head": Entry(self.head),
            "label": Entry(self.label),
            "depends_on": Entry(self.depends_on),
        }
        self.widget = box(*(entry.widget for entry in self._entries.values()), hides=True)
        for name, entry in self._entries.items():
            status.watch(entry.control, partial(self._changed, name))

    @property
    def blocked(self) -> str:
        """The first error, or ""."""
        return next(iter(self.problems.values()), "")

    @property
    def chosen(self) -> tuple[str | None, ...]:
        """The position in the draft."""
        return self.draft.head, self.draft.label, self.draft.depends_on

    def show(self, *, frozen: bool) -> None:
        """Show the position in the draft, the possible down revisions, and the errors."""
        self.problems = {} if frozen else self.draft.problems()
        self._quiet = True
        try:
            self._offer()
            self.label.value = redact(self.draft.label or "")
            self.depends_on.value = redact(self.draft.depends_on or "")
        finally:
            self._quiet = False
        for name, entry in self._entries.items():
            entry.control.disabled = frozen
            entry.wrong(self.problems.get(name, ""))

    def _offer(self) -> None:
        """Offer the possible down revisions; if there are several, one must be chosen."""
        choices = [(redact(words), name) for words, name in self.draft.places()]
        heads = [name for _, name in choices if name != "base"]
        chosen = self.draft.head or (heads[0] if len(heads) == 1 else "" if heads else "base")
        if not chosen:
            choices.insert(0, ("choose one", ""))
        elif chosen not in (name for _, name in choices):
            choices.append((chosen, chosen))
        if tuple(choices) != tuple(self.head.options):
            self.head.options = choices
            self.head.tooltips = [f"Follows: {words}" for words, _ in choices]
        self.head.value = chosen

    def _changed(self, name: str, change: Any) -> None:
        if not self._quiet:
            setattr(self.draft, name, change["new"].strip() or None)
            self._on_change()


def _text(label: str, meaning: str) -> Any:
    return widgets.Text(
        description=label, tooltip=f"{label}: {meaning}", placeholder=meaning, continuous_update=False,
        **lean(widgets.Text, style=LABELLED),
    )  # fmt: skip
