"""Where the new revision stands in the history: what it follows, its branch label, what it depends on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import ipywidgets as widgets

from kernel_core.util.secrets import redact

from .parts import AUTO, BUTTONED, LABELLED, Entry, Status, box


class Placed(Protocol):
    """What is asked and told about the place of a file that is not written yet."""

    head: str | None
    label: str | None
    depends_on: str | None

    def places(self) -> tuple[tuple[str, str], ...]:
        """Return (words, name) of the revisions that it can follow."""

    def problems(self) -> dict[str, str]:
        """Return what is wrong, by ``head``, ``label`` or ``depends_on``."""


class Place:
    """Three controls, each with a line for what is wrong; ``on_change()`` is called when one was changed."""

    def __init__(self, draft: Placed, status: Status, on_change: Callable[[], object]) -> None:
        self.draft, self._on_change, self._quiet = draft, on_change, False
        self.problems: dict[str, str] = {}
        self.head = widgets.ToggleButtons(
            description="Follows", options=[("", "")], layout=widgets.Layout(**AUTO), style=BUTTONED
        )
        self.label = _text("Branch label", "a name for a new branch; empty for none")
        self.depends_on = _text("Depends on", "revisions or labels that must be applied before, with commas between")
        self._entries = {
            "head": Entry(self.head),
            "label": Entry(self.label),
            "depends_on": Entry(self.depends_on),
        }
        self.widget = box(*(entry.widget for entry in self._entries.values()))
        for name, entry in self._entries.items():
            entry.control.observe(status.guard(lambda change, name=name: self._changed(name, change["new"])), "value")

    @property
    def blocked(self) -> str:
        """What is wrong first, or ""."""
        return next(iter(self.problems.values()), "")

    @property
    def chosen(self) -> tuple[str | None, ...]:
        """What the draft holds now."""
        return self.draft.head, self.draft.label, self.draft.depends_on

    def show(self, *, frozen: bool) -> None:
        """Show what the draft holds, what it can follow, and what is wrong."""
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
        """Give the choice of what can be followed; where several can, one must be chosen."""
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

    def _changed(self, name: str, value: str) -> None:
        if not self._quiet:
            setattr(self.draft, name, value.strip() or None)
            self._on_change()


def _text(label: str, meaning: str) -> Any:
    return widgets.Text(
        description=label, tooltip=f"{label}: {meaning}", placeholder=meaning, continuous_update=False,
        layout=widgets.Layout(**AUTO), style=LABELLED,
    )  # fmt: skip
