"""Read from a stored CREATE TABLE what the pragmas of SQLite leave out: names, CHECKs, expressions, options."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from ....ddl.sqlite.create_table import Clause, ColumnText, TableText, parse_table
from ....util.sql import Token, body, closing, tokens
from ..catalog import Arguments, CheckInfo

Columns = tuple[str, ...]
"""Names of columns in lower case."""


@dataclass(slots=True)
class TableFacts:
    """The facts in the text of a table; each entry of ``uniques`` and ``foreign_keys`` is used once, in order.

    A unique constraint is its columns, its name and its ON CONFLICT; ``conflicts`` are those of NOT NULL.
    """

    primary_key_name: str | None = None
    uniques: list[tuple[Columns, str | None, str | None]] = field(default_factory=list)
    foreign_keys: list[tuple[Columns, str, str | None, Arguments]] = field(default_factory=list)
    checks: list[CheckInfo] = field(default_factory=list)
    computed: dict[str, str] = field(default_factory=dict)
    collations: dict[str, str] = field(default_factory=dict)
    conflicts: dict[str, str] = field(default_factory=dict)
    options: Arguments = field(default_factory=dict)

    def copied(self) -> TableFacts:
        """Return a copy that shares nothing which can change."""
        return TableFacts(
            self.primary_key_name,
            self.uniques.copy(),
            [(columns, table, name, dict(timing)) for columns, table, name, timing in self.foreign_keys],
            [replace(check) for check in self.checks],
            self.computed.copy(),
            self.collations.copy(),
            self.conflicts.copy(),
            dict(self.options),
        )

    def pop_unique(self, columns: Sequence[str]) -> tuple[str | None, str | None]:
        """Remove and return the name and the ON CONFLICT of a unique constraint over these columns."""
        wanted = tuple(column.lower() for column in columns)
        for position, (found, name, conflict) in enumerate(self.uniques):
            if found == wanted:
                del self.uniques[position]
                return name, conflict
        return None, None

    def pop_foreign_key(self, columns: Sequence[str], referred: str) -> tuple[str | None, Arguments]:
        """Remove and return the name and timing of a foreign key from these columns to a table."""
        wanted = tuple(column.lower() for column in columns)
        for position, (found, table, name, timing) in enumerate(self.foreign_keys):
            if (found, table) == (wanted, referred.lower()):
                del self.foreign_keys[position]
                return name, timing
        return None, {}


_UNREFLECTED_WORDS = re.compile(
    r"\b(?:constraint|unique|check|collate|deferrable|initially|generated|as|strict|rowid|autoincrement|conflict)\b",
    re.IGNORECASE,
)
"""Words of a CREATE TABLE whose clauses the pragmas describe in part or not at all."""


def table_facts(sql: str) -> TableFacts | None:
    """Return the facts of a CREATE TABLE, None where the pragmas have all. A text is parsed once in a process."""
    facts = _parsed(sql)
    return None if facts is None else facts.copied()


@lru_cache(maxsize=4096)
def _parsed(sql: str) -> TableFacts | None:
    if not _UNREFLECTED_WORDS.search(sql):
        return None
    try:
        text = parse_table(_shortened(sql))
    except ValueError:
        return TableFacts()
    facts = TableFacts(options=_options(text))
    for column in text.columns:
        for clause in column.clauses:
            _note(facts, clause, column)
    for clause in text.constraints:
        _note(facts, clause, None)
    return facts


def _shortened(sql: str) -> str:
    r"""Return the statement without the columns and constraints that the pragmas describe in full.

    >>> _shortened("CREATE TABLE t (a INT, b NUMERIC(10, 2) CHECK (b > 0), PRIMARY KEY (a)) STRICT")
    'CREATE TABLE t (_\n, b NUMERIC(10, 2) CHECK (b > 0)\n) STRICT'
    """
    cut = body(sql, "sqlite")
    kept = [item for item in cut.items if _UNREFLECTED_WORDS.search(item)]
    return cut.head + "\n,".join(["_", *kept]) + f"\n){cut.tail}" if cut.head else sql


def _options(text: TableText) -> Arguments:
    words = {token.keyword for token in tokens(text.options, "sqlite")} if text.options else set()
    found = {"sqlite_strict": "STRICT" in words, "sqlite_with_rowid": "ROWID" not in words}
    return {name: value for name, value in found.items() if value is (name == "sqlite_strict")}


def _note(facts: TableFacts, clause: Clause, column: ColumnText | None) -> None:
    kind = clause.kind
    if kind == "PRIMARY KEY":
        facts.primary_key_name = clause.name
        if column is not None and "autoincrement" in clause.text.lower():
            facts.options["sqlite_autoincrement"] = True
    elif kind == "UNIQUE":
        facts.uniques.append((_columns(clause, column), clause.name, _conflict(clause)))
    elif kind == "NOT NULL" and column is not None:
        conflict = _conflict(clause)
        if conflict is not None:
            facts.conflicts[column.name.lower()] = conflict
    elif kind == "FOREIGN KEY":
        found = tokens(clause.text, "sqlite")
        facts.foreign_keys.append((_columns(clause, column), _referred(found), clause.name, _timing(found)))
    elif kind == "CHECK":
        facts.checks.append(CheckInfo(name=clause.name, sqltext=inside(clause.text)))
    elif kind == "GENERATED" and column is not None:
        facts.computed[column.name.lower()] = inside(clause.text)
    elif kind == "COLLATE" and column is not None:
        facts.collations[column.name.lower()] = tokens(clause.text, "sqlite")[-1].name


def _conflict(clause: Clause) -> str | None:
    """Return the word after ON CONFLICT."""
    words = [token.keyword for token in tokens(clause.text, "sqlite")]
    return words[words.index("CONFLICT") + 1] if "CONFLICT" in words[:-1] else None


def _columns(clause: Clause, column: ColumnText | None) -> Columns:
    return (column.name.lower(),) if column is not None else tuple(name.lower() for name in clause.columns())


def _referred(found: Sequence[Token]) -> str:
    place = next(place for place, token in enumerate(found) if token.keyword == "REFERENCES")
    return found[place + 1].name.lower()


def _timing(found: Sequence[Token]) -> Arguments:
    """Return ``DEFERRABLE`` and ``INITIALLY`` as arguments of a foreign key, if they are stated."""
    timing: Arguments = {}
    words = [token.keyword for token in found]
    if "DEFERRABLE" in words:
        timing["deferrable"] = words[words.index("DEFERRABLE") - 1] != "NOT"
    if "INITIALLY" in words[:-1]:
        timing["initially"] = words[words.index("INITIALLY") + 1]
    return timing


def inside(sql: str) -> str:
    """Return the text between the first parentheses.

    >>> inside("CONSTRAINT ck CHECK (a > (1))")
    'a > (1)'
    """
    found = tokens(sql, "sqlite")
    opening = next((place for place, token in enumerate(found) if token.text == "("), None)
    if opening is None:
        return ""
    return sql[found[opening].end : found[closing(found, opening)].start].strip()
