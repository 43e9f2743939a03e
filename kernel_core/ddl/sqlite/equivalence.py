"""Compare two CREATE TABLE statements of SQLite, regardless of their spelling."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ...util.sql import Token, tokens
from .create_table import Clause, ColumnText, TableText, parse_table

Words = tuple[str, ...]


def are_equivalent(one: str, two: str) -> bool:
    """Return whether two CREATE TABLE statements create the same table.

    The order of columns counts. The order of constraints, white space, quotes, and whether a constraint is one of a
    column or of the table do not. False where one of them is not an ordinary CREATE TABLE.

    >>> are_equivalent("CREATE TABLE t (a INT PRIMARY KEY)", 'CREATE TABLE "t" (a int, PRIMARY KEY (a))')
    True
    """
    try:
        return _parts(parse_table(one)) == _parts(parse_table(two))
    except ValueError:
        return False


def constraints_of(table: TableText) -> Counter[Words]:
    """Return the normal forms of a table's constraints, each with the number of times that it occurs."""
    return _parts(table)[1]


def normal_clause(clause: Clause) -> Words:
    """Return the normal form of a table constraint."""
    return _words(tokens(clause.text, "sqlite"))


def _parts(table: TableText) -> tuple[list[Words], Counter[Words], Words]:
    columns = [_column(column) for column in table.columns]
    inside = [
        _as_table_constraint(column, clause)
        for column in table.columns
        for clause in column.clauses
        if _is_constraint(clause)
    ]
    outside = map(normal_clause, table.constraints)
    return columns, Counter([*inside, *outside]), _words(tokens(table.options, "sqlite"))


def _is_constraint(clause: Clause) -> bool:
    """Return whether a clause of a column can also be a table constraint."""
    return clause.kind in ("PRIMARY KEY", "UNIQUE", "CHECK", "FOREIGN KEY")


def _column(column: ColumnText) -> Words:
    own = sorted(" ".join(_without_parentheses(clause)) for clause in column.clauses if not _is_constraint(clause))
    return (
        column.name.lower(),
        " ".join(_words(tokens(column.type_text, "sqlite"))),
        *(each for each in own if each != "null"),
    )


def _without_parentheses(clause: Clause) -> Words:
    words = _words(tokens(clause.text, "sqlite"))
    start = 1 if clause.kind == "DEFAULT" else len(words)
    while words[start : start + 1] == ("(",) and words[-1] == ")":
        words = (*words[:start], *words[start + 1 : -1])
    return words


def _as_table_constraint(column: ColumnText, clause: Clause) -> Words:
    words = _words(tokens(clause.text, "sqlite"))
    named = 2 if clause.name is not None else 0
    head, rest = words[:named], words[named:]
    this = ("(", column.name.lower(), ")")
    if clause.kind == "FOREIGN KEY":
        return (*head, "foreign", "key", *this, *rest)
    length = {"PRIMARY KEY": 2, "UNIQUE": 1}.get(clause.kind)
    return words if length is None else (*head, *rest[:length], *this, *rest[length:])


def _words(found: Sequence[Token]) -> Words:
    """Return tokens in one spelling: names and keywords in lower case without quotes, strings unchanged."""
    return tuple(token.text if token.kind == "text" else token.name.lower() for token in found)
