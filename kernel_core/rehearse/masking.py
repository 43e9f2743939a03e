"""Values that may be personal: in samples of changed rows, and in files, only their kind and length is shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..util.counts import counted

_VALUE = re.compile(r"""((?:entry|value|values|syntax for type [\w ]+):? )(?:'[^']*'|"[^"]*")""")


class Masked(str):
    """What is shown in place of a value, such as ``text of 9 characters``; it is not the value itself."""

    __slots__ = ()


def masked(value: Any) -> Any:
    """Return a value as it may be shown: text and bytes only by their length, all else as it is."""
    if isinstance(value, Masked):
        return value
    if isinstance(value, str):
        return Masked(f"text of {counted(len(value), 'character')}")
    if isinstance(value, bytes | bytearray | memoryview):
        return Masked(counted(len(value), "byte"))
    if isinstance(value, dict | list | tuple | set):
        return Masked(f"{type(value).__name__} with {len(value)} values")
    return value


def masked_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with each value as it may be shown."""
    return {name: masked(value) for name, value in row.items()}


def without_values(message: str) -> str:
    """Return a database's message without the values of rows that it may quote."""
    return _VALUE.sub(r"\1...", message.partition(" DETAIL:")[0])
