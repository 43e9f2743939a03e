"""Common mistakes, found by comparing the state before and after an answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ..sealed import Json
from ..state import State


@dataclass(frozen=True, slots=True)
class Context:
    """``spec`` is the table of the mistake in the lesson; ``error`` the text of the exception of the cell, or ""."""

    spec: Mapping[str, Json] = field(default_factory=dict)
    error: str = ""


def nothing_done(before: State, after: State, context: Context) -> str | None:
    """Return a sentence where nothing has changed."""
    return "Nothing has changed." if before.to_json() == after.to_json() else None


def not_upgraded(before: State, after: State, context: Context) -> str | None:
    """Return a sentence where a revision was written and not run."""
    is_written = len(after.revisions) > len(before.revisions)
    return "A revision is written and was not run." if is_written and before.version == after.version else None


def edited_by_hand(before: State, after: State, context: Context) -> str | None:
    """Return a sentence where tables have changed and no revision ran."""
    is_changed = before.tables != after.tables and before.version == after.version
    return "The tables have changed, the current revision has not." if is_changed else None


detectors: dict[str, Callable[[State, State, Context], str | None]] = {
    "nothing_done": nothing_done,
    "not_upgraded": not_upgraded,
    "edited_by_hand": edited_by_hand,
}
