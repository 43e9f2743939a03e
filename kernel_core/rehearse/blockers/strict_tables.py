"""The values that a STRICT table of SQLite refuses: https://sqlite.org/stricttables.html."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from ...util.sql import in_quotes
from .added_columns import TableOrQuery

_NUMBERS = "'integer', 'real'"


def unfit_for_strict(
    connection: Connection, table: TableOrQuery, column: sa.ColumnElement[Any], spelled: str, *, is_copy: bool = False
) -> sa.ColumnElement[bool] | None:
    """Return the condition of the values that a column of a type would refuse; None where the table is not STRICT.

    ``is_copy``: the table is a copy of a STRICT one, and takes all values.
    """
    if not is_copy and not _is_strict(connection, table.name):
        return None
    value = f"{in_quotes(table.name)}.{in_quotes(str(column.key))}"
    # CAST makes a number of the first characters of a text, which is equal to the text if these are all it has
    number = f"CAST({value} AS NUMERIC)"
    # an INTEGER column keeps a real number without digits after the point as an integer
    whole = f"(typeof({number}) = 'integer' OR CAST({number} AS INTEGER) = {number} AND abs({number}) < 9e18)"
    is_number = f"(typeof({value}) IN ({_NUMBERS}) OR typeof({value}) = 'text' AND {number} = {value})"
    fits = {
        "INT": f"{is_number} AND {whole}",
        "INTEGER": f"{is_number} AND {whole}",
        "REAL": is_number,
        "TEXT": f"typeof({value}) <> 'blob'",
        "BLOB": f"typeof({value}) = 'blob'",
    }.get(spelled.upper(), "1")
    return sa.literal_column(f"({value} IS NOT NULL AND NOT ({fits}))", sa.Boolean())


def _is_strict(connection: Connection, name: str) -> bool:
    try:
        sql = sa.text("SELECT strict FROM pragma_table_list WHERE schema = 'main' AND name = :name")
        return bool(connection.execute(sql, {"name": name}).scalar())
    except sa.exc.OperationalError:
        return False  # before SQLite 3.37, which has no STRICT tables
