"""Identifiers as people and files write them: None, one text, or several."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from ..util.exc import RevisionError

RevIds = str | Collection[str] | None


def as_tuple(written: RevIds) -> tuple[str, ...]:
    """An identifier as written (None, a text, several) as a tuple."""
    if written is None:
        return ()
    return (written,) if isinstance(written, str) else tuple(written)


def compact_ids(value: RevIds) -> str | tuple[str, ...] | None:
    """The shortest way of writing identifiers: None, one text, or a tuple."""
    if value is None or isinstance(value, str):
        return value
    several = tuple(value)
    return several if len(several) > 1 else (several[0] if several else None)


def split_targets(text: str | Sequence[str | None] | None) -> tuple[str, ...]:
    """One or several targets, also joined by commas, as a tuple; None is base. Raises RevisionError for no text."""
    if text is None:
        return ("base",)
    several = [text] if isinstance(text, str | bytes) or not isinstance(text, Iterable) else list(text)
    parts = ["base" if part is None else part for part in several]
    for part in parts:
        if not isinstance(part, str):
            raise RevisionError(f"{part!r} is not a string, so it names no revision. Pass a str.")
    return tuple(piece.strip() for part in parts for piece in part.split(",")) if parts else ("base",)
