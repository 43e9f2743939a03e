"""Identifiers of SQLite: quoted where necessary, and qualified by the name of an attached database."""

from __future__ import annotations

from functools import cache

from sqlalchemy.sql.compiler import IdentifierPreparer

from ...util.sql import tokens


def in_schema(sql: str, schema: str | None) -> str:
    """Return a CREATE TABLE, INDEX or TRIGGER for an attached database; the stored SQL does not name it.

    >>> in_schema("CREATE UNIQUE INDEX ix ON t (a)", "app")
    'CREATE UNIQUE INDEX app.ix ON t (a)'
    """
    if not schema:
        return sql
    found = tokens(sql, "sqlite")
    place = next(place for place, token in enumerate(found) if token.keyword in ("TABLE", "INDEX", "TRIGGER")) + 1
    place += 3 if found[place].keyword == "IF" else 0
    if found[place + 1].text == ".":
        return sql
    return f"{sql[: found[place].start]}{quote(schema)}.{sql[found[place].start :]}"


def quote(name: str) -> str:
    """Return a name, in double quotes where necessary."""
    return _preparer().quote(str(name))


@cache
def _preparer() -> IdentifierPreparer:
    from sqlalchemy.dialects import sqlite  # noqa: PLC0415 - only imported where it is in use

    return sqlite.dialect().identifier_preparer
