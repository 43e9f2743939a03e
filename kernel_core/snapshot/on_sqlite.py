"""What SQLite stores as text beyond the inspector: how columns, tables and indexes are defined."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection

from ..ddl.sqlite.create_table import ColumnText, parse_table
from ..util.sql import closing, normal_sql, tokens
from .details import Details


def details_of(connection: Connection) -> Details:
    """Read the details of all tables and indexes from their stored SQL."""
    found = Details()
    rows = connection.exec_driver_sql("SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    for kind, name, owner, sql in rows.all():
        if kind == "index":
            _read_index(found, owner, name, sql)
        elif kind == "table":
            _read_table(found, name, sql)
    return found


def _read_table(found: Details, name: str, sql: str) -> None:
    try:
        text = parse_table(sql)
    except ValueError:
        found.lines[None, name] = [normal_sql(sql, "sqlite")]
        return
    for column in text.columns:
        words = " ".join(_words(column))
        if words:
            found.columns[None, name, column.name] = words
    options = sorted(" ".join(each.lower().split()) for each in text.options.split(",") if each.strip())
    if options:
        found.lines[None, name] = [", ".join(options)]


def _words(column: ColumnText) -> Iterator[str]:
    """Yield what a column has beyond its type, NOT NULL and default."""
    for clause in column.clauses:
        keywords = [token.keyword for token in tokens(clause.text, "sqlite")]
        if clause.kind == "COLLATE":
            yield _tidy(clause.text)
        elif clause.kind == "GENERATED":
            text = _tidy(clause.text)
            yield text if text.startswith("generated") else f"generated always {text}"
        elif clause.kind == "PRIMARY KEY" and "AUTOINCREMENT" in keywords:
            yield "autoincrement"
        elif clause.kind == "FOREIGN KEY" and "DEFERRABLE" in keywords:
            yield " ".join(keywords[keywords.index("DEFERRABLE") - (keywords[-2:-1] == ["NOT"]) :]).lower()
        if "CONFLICT" in keywords:
            yield " ".join(keywords[keywords.index("CONFLICT") - 1 :]).lower()


def _read_index(found: Details, table: str, name: str, sql: str) -> None:
    """Describe an index that is more than a list of columns."""
    words = tokens(sql, "sqlite")
    start = next(place for place, token in enumerate(words) if token.text == "(")
    listed = [token for token in words[start:] if token.text not in ("(", ")", ",")]
    if len(words) - start == 2 * len(listed) + 1:
        return
    end = closing(words, start)
    parts = _tidy(sql[words[start].end : words[end].start])
    where = _tidy(sql[words[end].end :])
    unique = "unique " if words[1].keyword == "UNIQUE" else ""
    found.add_index((None, table, name), f"{unique}({parts}){f' {where}' if where else ''}")


def _tidy(sql: str) -> str:
    """Return SQL in one spelling, without spaces inside of parentheses."""
    return normal_sql(sql, "sqlite").replace(" ( ", "(").replace("( ", "(").replace(" )", ")")
