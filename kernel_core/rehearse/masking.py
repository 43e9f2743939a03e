"""Values that may be personal: in samples of changed rows, and in files, only their kind and length is shown."""

from __future__ import annotations

from typing import Any

from ..util.counts import counted


def masked(value: Any) -> Any:
    """Return a value as it may be shown: text and bytes only by their length, all else as it is."""
    if isinstance(value, str):
        return f"text of {counted(len(value), 'character')}"
    if isinstance(value, bytes | bytearray | memoryview):
        return counted(len(value), "byte")
    if isinstance(value, dict | list | tuple | set):
        return f"{type(value).__name__} with {len(value)} values"
    return value
