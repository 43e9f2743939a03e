"""Splits a list of paths in an ini file."""

from __future__ import annotations

import os
import re
import warnings

from ..util.exc import InvalidValue

SEPARATORS = {"os": os.pathsep, "space": " ", "newline": "\n", ":": ":", ";": ";"}

LEGACY = {
    "version_locations": re.compile(r"[,\s]+"),
    "prepend_sys_path": re.compile(r"[,\s:]+" if os.pathsep == ":" else r"[,\s;]+"),
}
"""How lists are split if ``path_separator`` is not set."""


def split_paths(text: str, name: str, separator: str | None, place: str) -> list[str]:
    """Return the paths of option ``name``; ``separator`` is the value of ``path_separator``, ``place`` the file.

        >>> split_paths("a; b", "version_locations", ";", "alembic.ini")
        ['a', 'b']

    Raises InvalidValue for an unknown separator.
    """
    if separator is None:
        parts = LEGACY[name].split(text)
        if len(parts) > 1:
            warnings.warn(
                f"{name} in {place} is split at spaces and commas, because path_separator is not set. "
                "Set path_separator, to os for example.",
                DeprecationWarning,
                stacklevel=4,
            )
    elif separator.strip() in SEPARATORS:
        parts = text.split(SEPARATORS[separator.strip()])
    else:
        raise InvalidValue(f"path_separator in {place} is {separator!r}; it must be one of: {', '.join(SEPARATORS)}.")
    return [part.strip() for part in parts if part.strip()]
