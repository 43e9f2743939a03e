"""Values of rows as an offline script writes them: also those that SQLAlchemy only knows as parameters."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import JSON, LargeBinary, Table, literal_column, null
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.sql.expression import TableClause
from sqlalchemy.types import String

from ..util.exc import CommandError


def script_row(table: Table | TableClause, row: Mapping[str, Any], dialect: Dialect) -> dict[str, Any]:
    """Return the row with each value as a script can state it, and the defaults that Python fills in.

    Raises CommandError for a name that is no column of the table.
    """
    for name in row:
        if name not in table.c:
            known = ", ".join(table.c.keys())
            raise CommandError(f"Table {table.name!r} has no column {name!r}. Its columns: {known}.")
    filled = {**_defaults(table, row), **row}
    return {name: _stated(table.c[name].type, value, dialect) for name, value in filled.items()}


def _defaults(table: Table | TableClause, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what ``Column(default=...)`` gives for the columns that the row leaves out."""
    found: dict[str, Any] = {}
    for column in table.c:
        default: Any = getattr(column, "default", None)
        if column.key in row or default is None or not hasattr(default, "arg"):
            continue
        found[column.key] = default.arg(None) if default.is_callable else default.arg
    return found


def _stated(type_: Any, value: Any, dialect: Dialect) -> Any:
    if value is None and not isinstance(type_, JSON):
        return null()
    if isinstance(value, ClauseElement):
        return value
    if isinstance(type_, JSON):
        if value is None and type_.none_as_null:
            return null()
        return literal_column(_quoted(json.dumps(value, ensure_ascii=False), dialect))
    if isinstance(type_, LargeBinary) and isinstance(value, (bytes, bytearray, memoryview)):
        return literal_column(_BYTES.get(dialect.name, "X'{}'").format(bytes(value).hex()))
    return value


_BYTES = {"postgresql": r"'\x{}'", "mssql": "0x{}", "oracle": "HEXTORAW('{}')"}


def _quoted(text: str, dialect: Dialect) -> str:
    string: Any = String()
    return str(string.literal_processor(dialect)(text))
