"""Revision ids as arguments and version files have them: None, one string, or several."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from ..util.exc import RevisionError

RevIds = str | Collection[str] | None


def as_tuple(ids: RevIds) -> tuple[str, ...]:
    """Return ids (None, one string, several) as a tuple."""
    if ids is None:
        return ()
    return (ids,) if isinstance(ids, str) else tuple(ids)


def compact_ids(value: RevIds) -> str | tuple[str, ...] | None:
    """Return ids in their shortest form: None, one string, or a tuple."""
    if value is None or isinstance(value, str):
        return value
    several = value if isinstance(value, tuple) else tuple(value)
    return several if len(several) > 1 else (several[0] if several else None)


def split_targets(text: str | Sequence[str | None] | None) -> tuple[str, ...]:
    """Return one or several targets, also joined by commas, as a tuple; None is base. Raises RevisionError."""
    if text is None:
        return ("base",)
    several = [text] if isinstance(text, str | bytes) or not isinstance(text, Iterable) else list(text)
    parts = ["base" if part is None else part for part in several]
    for part in parts:
        if not isinstance(part, str):
            raise RevisionError(f"{part!r} is not a string, so it names no revision. Pass a str.")
    return tuple(piece.strip() for part in parts for piece in part.split(",")) if parts else ("base",)
