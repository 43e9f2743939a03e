"""A table of MySQL or MariaDB in its own words: SHOW CREATE TABLE, cut into its lines.

https://mariadb.com/kb/en/show-create-table/
"""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.sql.compiler import IdentifierPreparer

from ...util.sql import Grammar, body, lex
from ..recreate import Clause, TableDefinition

_SHOWN = Grammar("mysql", backslash=True, ansi_quotes=True)
"""How SHOW CREATE TABLE writes: texts in single quotes, names in backticks or, with ANSI_QUOTES, double quotes."""
_FOREIGN = """
    SELECT DISTINCT constraint_name AS name, table_schema AS place, table_name AS referring
    FROM information_schema.key_column_usage
    WHERE referenced_table_schema = coalesce(:schema, database()) AND referenced_table_name = :name
        AND NOT (table_name = :name AND table_schema = coalesce(:schema, database()))"""
_TRIGGERS = """
    SELECT trigger_name FROM information_schema.triggers
    WHERE event_object_schema = coalesce(:schema, database()) AND event_object_table = :name ORDER BY 1"""


def table_definition(
    connection: Connection, quote: IdentifierPreparer, table_name: str, schema: str | None
) -> TableDefinition:
    """Return what SHOW CREATE TABLE says of a table that is there."""
    sql = _stated(connection, _place(quote, schema, table_name))
    stored = TableDefinition(clauses=[], inline=frozenset({"PRIMARY KEY", "UNIQUE", "CHECK"}))
    stored.prefix = "TEMPORARY " if sql.startswith("CREATE TEMPORARY") else ""
    parts, stored.options = _parts(sql)
    for part in parts:
        _read(stored, part)
    found = {"name": table_name, "schema": schema}
    stored.lost = [f"trigger {name}" for name in connection.execute(text(_TRIGGERS), found).scalars()]
    if re.search("WITH SYSTEM VERSIONING", _outside_quotes(stored.options), re.IGNORECASE):
        stored.lost.append("its history (WITH SYSTEM VERSIONING)")
    for row in connection.execute(text(_FOREIGN), found).all():
        _free(connection, quote, stored, row)
    return stored


def column_text(
    connection: Connection, quote: IdentifierPreparer, table_name: str, schema: str | None, column_name: str
) -> str | None:
    """Return the line of SHOW CREATE TABLE for a column; None where the table lacks it."""
    parts, _ = _parts(_stated(connection, _place(quote, schema, table_name)))
    columns = [part for part in parts if part[0] in '`"']
    return next((part for part in columns if _names(part)[0].lower() == column_name.lower()), None)


def _place(quote: IdentifierPreparer, schema: str | None, table_name: str) -> str:
    return (
        f"{quote.quote_identifier(schema)}.{quote.quote_identifier(table_name)}"
        if schema
        else quote.quote_identifier(table_name)
    )


def _stated(connection: Connection, place: str) -> str:
    return str(connection.execute(text(f"SHOW CREATE TABLE {place.replace(':', chr(92) + ':')}")).one()[1])


def _free(connection: Connection, quote: IdentifierPreparer, stored: TableDefinition, row: Any) -> None:
    """Have the foreign key of another table dropped before, and made again after."""
    place = _place(quote, row.place, row.referring)
    line = next(
        part for part in _parts(_stated(connection, place))[0] if _is_foreign(part) and _names(part)[0] == row.name
    )
    stored.before.append(f"ALTER TABLE {place} DROP FOREIGN KEY {quote.quote_identifier(row.name)}")
    stored.after.append(f"ALTER TABLE {place} ADD {line}")
    for column in _names(line[line.index("REFERENCES") :][line[line.index("REFERENCES") :].index("(") :]):
        stored.referred[column] = f"foreign key {row.name} of table {row.referring}"


def _parts(sql: str) -> tuple[list[str], str]:
    """Return what stands between the outer brackets, cut at its commas, and what stands behind them."""
    cut = body(sql, _SHOWN)
    return [item.strip() for item in cut.items], cut.tail


def _read(stored: TableDefinition, part: str) -> None:
    """Take one line of the definition: a column, or a clause of the table."""
    names = _names(part)
    assert stored.clauses is not None, "SHOW CREATE TABLE tells them all"
    if part[0] in '`"':
        stored.columns[names[0]] = part
    elif _is_foreign(part):
        stored.clauses.append(Clause(names[0], "FOREIGN KEY", tuple(_names(_brackets(part))), part))
    elif part.startswith("PRIMARY KEY"):
        stored.clauses.append(Clause(None, "PRIMARY KEY", tuple(_names(_brackets(part))), part, inline=True))
    elif part.startswith(("UNIQUE KEY", "KEY", "FULLTEXT KEY", "SPATIAL KEY", "VECTOR KEY")):
        kind: Any = "UNIQUE" if part.startswith("UNIQUE") else "INDEX"
        stored.clauses.append(Clause(names[0], kind, tuple(_names(_brackets(part))), part, inline=True))
    else:
        name = names[0] if part.startswith("CONSTRAINT") else None
        stored.clauses.append(Clause(name, "CHECK", tuple(dict.fromkeys(_names(_brackets(part)))), part, inline=True))


def _is_foreign(part: str) -> bool:
    return part.startswith("CONSTRAINT") and " FOREIGN KEY (" in _outside_quotes(part)


def _brackets(part: str) -> str:
    """Return the first bracketed piece."""
    cut = body(part, _SHOWN)
    return f"({','.join(cut.items)})" if cut.items else ""


def _names(part: str) -> list[str]:
    """Return the quoted names in it, without their quotes."""
    return [token.name for token in lex(part, _SHOWN) if token.kind == "name"]


def _outside_quotes(words: str) -> str:
    emptied = {"name": "``", "text": "''"}
    return "".join(emptied.get(token.kind, token.text) for token in lex(words, _SHOWN))


def table_options(stored: TableDefinition) -> dict[str, Any]:
    """Return where the count of AUTO_INCREMENT stands, as an argument of Table."""
    found = re.search(r"AUTO_INCREMENT=(\d+)", _outside_quotes(stored.options or ""))
    return {"mysql_auto_increment": found.group(1)} if found else {}


def unreflected_part(column_text: str) -> str | None:
    """Return what SQLAlchemy does not reflect of a column."""
    words = _outside_quotes(column_text)
    found = re.search(
        r"\b(INVISIBLE|CHECK|COMPRESSED|WITH(?:OUT)? SYSTEM VERSIONING|ROW (?:START|END))\b", words, re.IGNORECASE
    )
    return found.group(0) if found else None
