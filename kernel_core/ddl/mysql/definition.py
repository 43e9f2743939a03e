"""The definition of a table of MySQL or MariaDB: SHOW CREATE TABLE, split into columns, constraints and options.

https://mariadb.com/kb/en/show-create-table/
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Self

from sqlalchemy import text
from sqlalchemy.engine import Connection, RowMapping
from sqlalchemy.sql.compiler import IdentifierPreparer

from ...util.sql import Grammar, body, lex
from ...util.sqla_compat import literal_text
from ..recreate import Clause, TableDefinition

_SHOWN = Grammar("mysql", backslash=True, ansi_quotes=True)
"""SHOW CREATE TABLE quotes strings with single quotes, names with backticks or, with ANSI_QUOTES, double quotes."""
_UNUSUAL_OPTIONS = re.compile(r"\b(?:WITH SYSTEM VERSIONING|PARTITION BY|CONNECTION=)")
_UNUSUAL_CLAUSE = re.compile(
    r"^PERIOD |\bWITHOUT OVERLAPS\b|KEY .*(?:\bCOMMENT\b|\bIGNORED\b|\bINVISIBLE\b|\bKEY_BLOCK_SIZE=|\bUSING BTREE\b)",
    re.DOTALL,
)
"""What SQLAlchemy states neither of a table nor of an index."""
_REFERRING = """
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
    """Return the definition of an existing table."""
    sql = _show_create_table(connection, _qualified(quote, schema, table_name))
    parts, options = _parts(sql)
    given = {"name": table_name, "schema": schema}
    lost = [f"trigger {name}" for name in connection.execute(text(_TRIGGERS), given).scalars()]
    if re.search("WITH SYSTEM VERSIONING", _outside_quotes(options), re.IGNORECASE):
        lost.append("its history (WITH SYSTEM VERSIONING)")
    keys = [_ForeignKey.read(connection, quote, row) for row in connection.execute(text(_REFERRING), given).mappings()]
    return TableDefinition(
        columns={_names(part)[0]: part for part in parts if _is_column(part)},
        clauses=[_clause(part) for part in parts if not _is_column(part)],
        options=options,
        prefix="TEMPORARY " if sql.startswith("CREATE TEMPORARY") else "",
        before=[key.drop for key in keys],
        after=[key.add for key in keys],
        lost=lost,
        referred={column: key.description for key in keys for column in key.columns},
        inline=frozenset({"PRIMARY KEY", "UNIQUE", "CHECK"}),
    )


def column_text(
    connection: Connection, quote: IdentifierPreparer, table_name: str, schema: str | None, column_name: str
) -> str | None:
    """Return the definition of a column in SHOW CREATE TABLE; None where the table does not have it."""
    parts, _ = _parts(_show_create_table(connection, _qualified(quote, schema, table_name)))
    columns = [part for part in parts if _is_column(part)]
    return next((part for part in columns if _names(part)[0].lower() == column_name.lower()), None)


def unusual_definition(
    connection: Connection, quote: IdentifierPreparer, table_name: str, schema: str | None, keys: Collection[str]
) -> str | None:
    """Return the CREATE TABLE of a table that has something SQLAlchemy does not state; None for any other.

    Its foreign keys are those named by ``keys``; the next value of AUTO_INCREMENT is left out.
    """
    sql = _show_create_table(connection, _qualified(quote, schema, table_name))
    parts, options = _parts(sql)
    if not _is_unusual(parts, options):
        return None
    kept = [part for part in parts if not _is_foreign_key(part) or _names(part)[0] in keys]
    body_text = ",\n  ".join(kept)
    return f"CREATE TABLE {_qualified(quote, schema, table_name)} (\n  {body_text}\n) {_without_counter(options)}"


def _is_unusual(parts: Sequence[str], options: str) -> bool:
    clauses = [_outside_quotes(part) for part in parts if not _is_column(part)]
    if _UNUSUAL_OPTIONS.search(_outside_quotes(options)) or any(map(_UNUSUAL_CLAUSE.search, clauses)):
        return True
    numbered = [
        _names(part)[0] for part in parts if _is_column(part) and _outside_quotes(part).endswith("AUTO_INCREMENT")
    ]
    key = next((_names(part) for part in parts if part.startswith("PRIMARY KEY")), [])
    return bool(numbered) and numbered != key[:1]


def _qualified(quote: IdentifierPreparer, schema: str | None, table_name: str) -> str:
    return f"{_quoted(quote, schema)}.{_quoted(quote, table_name)}" if schema else _quoted(quote, table_name)


def _show_create_table(connection: Connection, table: str) -> str:
    return str(connection.execute(literal_text(f"SHOW CREATE TABLE {table}")).one()[1])


def _quoted(quote: IdentifierPreparer, name: str) -> str:
    """Return a quoted name as it is in SQL: SQLAlchemy doubles a percent sign for drivers."""
    quoted: str = quote.quote_identifier(name)
    return quoted.replace("%%", "%") if getattr(quote, "_double_percents", False) else quoted


@dataclass(frozen=True, slots=True)
class _ForeignKey:
    """A foreign key of another table: the statements that drop it and add it again, and the columns it refers to."""

    drop: str
    add: str
    columns: Sequence[str]
    description: str

    @classmethod
    def read(cls, connection: Connection, quote: IdentifierPreparer, row: RowMapping) -> Self:
        """Return the foreign key of a row of `_REFERRING`."""
        table, name = _qualified(quote, row["place"], row["referring"]), row["name"]
        parts, _ = _parts(_show_create_table(connection, table))
        sql = next(part for part in parts if _is_foreign_key(part) and _names(part)[0] == name)
        referred = sql[sql.index("REFERENCES") :]
        return cls(
            drop=f"ALTER TABLE {table} DROP FOREIGN KEY {_quoted(quote, name)}",
            add=f"ALTER TABLE {table} ADD {sql}",
            columns=_names(referred[referred.index("(") :]),
            description=f"foreign key {name} of table {row['referring']}",
        )


def _parts(sql: str) -> tuple[list[str], str]:
    """Return the items between the outer parentheses, and the text after them."""
    found = body(sql, _SHOWN)
    return [item.strip() for item in found.items], found.tail


def _is_column(part: str) -> bool:
    return part[0] in '`"'


def _clause(part: str) -> Clause:
    """Return the constraint or index that is an item of CREATE TABLE."""
    columns = tuple(_names(_first_parentheses(part)))
    names = _names(part)
    name = names[0] if names else None
    if _is_foreign_key(part):
        return Clause(name, "FOREIGN KEY", columns, part)
    if part.startswith("PRIMARY KEY"):
        return Clause(None, "PRIMARY KEY", columns, part, inline=True)
    if part.startswith("UNIQUE KEY"):
        return Clause(name, "UNIQUE", columns, part, inline=True)
    if part.startswith(("KEY", "FULLTEXT KEY", "SPATIAL KEY", "VECTOR KEY")):
        return Clause(name, "INDEX", columns, part, inline=True)
    name = name if part.startswith("CONSTRAINT") else None
    return Clause(name, "CHECK", tuple(dict.fromkeys(columns)), part, inline=True)


def _is_foreign_key(part: str) -> bool:
    return part.startswith("CONSTRAINT") and " FOREIGN KEY (" in _outside_quotes(part)


def _first_parentheses(part: str) -> str:
    found = body(part, _SHOWN)
    return f"({','.join(found.items)})" if found.items else ""


def _names(part: str) -> list[str]:
    """Return the quoted names in SQL, without their quotes."""
    return [token.name for token in lex(part, _SHOWN) if token.kind == "name"]


def _outside_quotes(words: str) -> str:
    """Return SQL with the content of names and strings removed, for a search for keywords."""
    emptied = {"name": "``", "text": "''"}
    return "".join(emptied.get(token.kind, token.text) for token in lex(words, _SHOWN))


def _without_counter(options: str) -> str:
    """Return the options of a table without the next value of AUTO_INCREMENT."""
    found = re.search(r"\bAUTO_INCREMENT=\d+ ?", options[: _first_quote(options)])
    return (options if found is None else options[: found.start()] + options[found.end() :]).strip()


def _first_quote(options: str) -> int:
    return next((token.start for token in lex(options, _SHOWN) if token.kind in ("name", "text")), len(options))


def table_options(definition: TableDefinition) -> dict[str, str]:
    """Return the next value of AUTO_INCREMENT as an argument of Table."""
    found = re.search(r"AUTO_INCREMENT=(\d+)", _outside_quotes(definition.options or ""))
    return {"mysql_auto_increment": found.group(1)} if found else {}


def unreflected_part(column_text: str) -> str | None:
    """Return the part of a column definition that SQLAlchemy does not reflect; None where it reflects all of it."""
    words = _outside_quotes(column_text)
    found = re.search(
        r"\b(INVISIBLE|CHECK|COMPRESSED|WITH(?:OUT)? SYSTEM VERSIONING|ROW (?:START|END))\b", words, re.IGNORECASE
    )
    return found.group(0) if found else None
