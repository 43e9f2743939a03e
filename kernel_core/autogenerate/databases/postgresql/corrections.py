"""What PostgreSQL shows twice: an index for each unique constraint, a default for each SERIAL column."""

from __future__ import annotations

from collections.abc import Iterable

from ..catalog import TableInfo


def correct(tables: Iterable[TableInfo]) -> None:
    """Remove the indexes of constraints, and the defaults of SERIAL columns, whose sequences these own, in place."""
    for info in tables:
        info.indexes = [index for index in info.indexes if index.duplicates_constraint is None]
        for column in info.columns.values():
            if column.owns_sequence:
                column.serial_default, column.default = column.default, None
