"""The operations of a version file as lines for display; nothing of it is run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy.engine import Dialect

from kernel_core.operations.operation import MigrateOperation
from kernel_core.recording import Unread, read_functions

from ..views.operations import Line, line_of

CUSTOM_CODE = "·"
"""The sign of a line for custom code, which is not an operation."""


def read_lines(source: str, dialect: Dialect, function: str = "upgrade") -> tuple[Line, ...]:
    """Return a line for each operation of ``function`` in a version file, and for each block of custom code."""
    return tuple(_lines(read_functions(source, dialect, function)[0]))


def _lines(found: Sequence[MigrateOperation | Unread]) -> Iterator[Line]:
    own = 0
    for one in (*found, None):
        if isinstance(one, Unread):
            own += one.lines
            continue
        if own:
            yield Line(CUSTOM_CODE, f"custom code, {own} {'line' if own == 1 else 'lines'}")
        own = 0
        if one is not None:
            yield line_of(one)
