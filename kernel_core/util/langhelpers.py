"""Functions that tools for Alembic import from ``alembic.util.langhelpers``."""

from __future__ import annotations

import os

from .dispatch import Dispatcher, DispatchPriority, PriorityDispatchResult

__all__ = ["DispatchPriority", "Dispatcher", "PriorityDispatchResult", "asbool", "rev_id"]

_YES = frozenset({"true", "yes", "on", "y", "t", "1"})
_NO = frozenset({"false", "no", "off", "n", "f", "0"})


def asbool(value: object) -> bool:
    """Return a setting as a bool: a text such as "yes" or "off" by its meaning; raises ValueError for other texts.

    >>> asbool("off")
    False
    """
    if not isinstance(value, str):
        return bool(value)
    word = value.strip().lower()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise ValueError(f"{value!r} is neither yes nor no. Write true or false.")


def rev_id() -> str:
    """Return a new random id of twelve hexadecimal digits."""
    return os.urandom(6).hex()
