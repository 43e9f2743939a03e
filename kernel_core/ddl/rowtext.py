"""Rows as an offline script states them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Table
from sqlalchemy.sql.expression import TableClause

from ..util.exc import CommandError


def script_row(table: Table | TableClause, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row with the defaults that Python fills in.

    Raises CommandError for a name that is no column of the table.
    """
    for name in row:
        if name not in table.c:
            known = ", ".join(table.c.keys())
            raise CommandError(f"Table {table.name!r} has no column {name!r}. Its columns: {known}.")
    filled = dict(row)
    for column in table.c:
        default: Any = getattr(column, "default", None)
        if column.key not in row and default is not None and hasattr(default, "arg"):
            filled[column.key] = default.arg(None) if default.is_callable else default.arg
    return filled
