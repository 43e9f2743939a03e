"""A parser of SQLite's CREATE TABLE, whose result can be edited: unchanged parts keep their spelling.

SQLAlchemy does not reflect STRICT, WITHOUT ROWID, AUTOINCREMENT, COLLATE, conflict clauses, unnamed CHECKs and
DEFERRABLE. The stored SQL has them all, so a rebuild edits that (https://sqlite.org/lang_createtable.html).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ...util.sql import Token, closing, mentions, split_commas, tokens
from .identifiers import quote

_TABLE_STARTS = frozenset({"CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"})
_COLUMN_STARTS = frozenset(
    {"CONSTRAINT", "PRIMARY", "NOT", "NULL", "UNIQUE", "CHECK", "DEFAULT", "COLLATE", "REFERENCES", "GENERATED", "AS"}
)


@dataclass(slots=True)
class Clause:
    """A constraint of a column or of the table: its SQL, its kind (``NOT NULL``, ``CHECK``...) and its name."""

    text: str
    kind: str
    name: str | None = None

    def mentions(self, column: str) -> bool:
        """Return whether the SQL mentions a column."""
        return mentions(tokens(self.text, "sqlite"), column)

    def lists_values_of(self, column: str) -> bool:
        """Return whether it is an unnamed ``CHECK (column IN (...))``, as Enum and Boolean add it."""
        found = tokens(self.text, "sqlite")
        # CHECK (column IN ()) has seven tokens.
        if self.kind != "CHECK" or self.name is not None or len(found) < 7:
            return False
        is_list = found[3].keyword == "IN" and found[4].text == "(" and closing(found, 4) == len(found) - 2
        return is_list and found[2].name.lower() == column.lower()

    def columns(self) -> list[str]:
        """Return the column names in the first parentheses: those of a primary key, UNIQUE or foreign key."""
        found = tokens(self.text, "sqlite")
        opening = next((place for place, token in enumerate(found) if token.text == "("), None)
        if opening is None:
            return []
        return [run[0].name for run in split_commas(found[opening + 1 : closing(found, opening)]) if run]


@dataclass(slots=True)
class ColumnText:
    """A column: its name, its type as written, and its clauses in order."""

    name: str
    type_text: str
    clauses: list[Clause] = field(default_factory=list)
    written_name: str = ""

    def clause(self, kind: str) -> Clause | None:
        """Return the clause of that kind."""
        return next((clause for clause in self.clauses if clause.kind == kind), None)

    def set_clause(self, kind: str, text: str | None) -> None:
        """Replace the clause of that kind by ``text``; None removes it."""
        old = self.clause(kind)
        if old is not None and text is not None:
            self.clauses[self.clauses.index(old)] = Clause(text, kind, None)
            return
        if old is not None:
            self.clauses.remove(old)
        elif text is not None:
            self.clauses.append(Clause(text, kind))

    @property
    def is_generated(self) -> bool:
        """Return whether the column is generated, so that values cannot be inserted."""
        return self.clause("GENERATED") is not None

    @property
    def is_rowid_alias(self) -> bool:
        """Return whether the column is an ``INTEGER PRIMARY KEY``."""
        return self.type_text.strip().upper() == "INTEGER" and self.clause("PRIMARY KEY") is not None

    def sql(self) -> str:
        """Return the column as an item of CREATE TABLE."""
        return _joined(
            [self.written_name or quote(self.name), self.type_text, *(clause.text for clause in self.clauses)]
        )


@dataclass(slots=True)
class TableText:
    """A table: columns, constraints, and the options after the last parenthesis (``STRICT, WITHOUT ROWID``)."""

    name: str
    columns: list[ColumnText]
    constraints: list[Clause]
    options: str = ""
    temporary: bool = False

    def column(self, name: str) -> ColumnText:
        """Return the column of that name, in any case; KeyError where there is none."""
        for column in self.columns:
            if column.name.lower() == name.lower():
                return column
        raise KeyError(name)

    def has_column(self, name: str) -> bool:
        """Return whether there is a column of that name, in any case."""
        return any(column.name.lower() == name.lower() for column in self.columns)

    @property
    def without_rowid(self) -> bool:
        """Return whether the table is WITHOUT ROWID."""
        return "ROWID" in (token.keyword for token in tokens(self.options, "sqlite"))

    @property
    def has_rowid_alias(self) -> bool:
        """Return whether a column is an alias of the rowid, so that copying it copies the rowid."""
        single = [clause.columns() for clause in self.constraints if clause.kind == "PRIMARY KEY"]
        return any(
            column.is_rowid_alias or ([column.name] in single and column.type_text.strip().upper() == "INTEGER")
            for column in self.columns
        )

    def set_option(self, words: str, wanted: bool) -> None:
        """Add ``STRICT`` or ``WITHOUT ROWID``, or remove it."""
        options = [" ".join(option.split()) for option in self.options.split(",") if option.strip()]
        kept = [option for option in options if option.upper() != words]
        self.options = ", ".join([*kept, words] if wanted else kept)

    def sql(self, name: str | None = None) -> str:
        """Return the CREATE TABLE statement, for a table of that name."""
        parts = [column.sql() for column in self.columns] + [clause.text for clause in self.constraints]
        body = ",\n\t".join(part + ("\n" if "--" in part else "") for part in parts)
        create = "CREATE TEMPORARY TABLE" if self.temporary else "CREATE TABLE"
        return f"{create} {quote(name or self.name)} (\n\t{body}\n){' ' + self.options if self.options else ''}"


def parse_table(sql: str) -> TableText:
    """Parse a CREATE TABLE; ValueError for other SQL, such as that of a virtual table."""
    found = tokens(sql, "sqlite")
    words = [token.keyword for token in found[:3]]
    if words[:1] != ["CREATE"] or "TABLE" not in words[1:3] or "VIRTUAL" in words:
        raise ValueError("it is not an ordinary table")
    opening = next((place for place, token in enumerate(found) if token.text == "("), None)
    if opening is None:
        raise ValueError("its columns are not listed")
    end = closing(found, opening)
    columns: list[ColumnText] = []
    constraints: list[Clause] = []
    for run in split_commas(found[opening + 1 : end]):
        if columns and run[0].keyword in _TABLE_STARTS:
            constraints += _clauses(sql, run, _TABLE_STARTS)
        else:
            columns.append(_column(sql, run))
    options = sql[found[end + 1].start : found[-1].end].rstrip("; \n\t") if end + 1 < len(found) else ""
    return TableText(
        found[opening - 1].name, columns, constraints, options, temporary=words[1] in ("TEMP", "TEMPORARY")
    )


def _column(sql: str, run: Sequence[Token]) -> ColumnText:
    rest = run[1:]
    end = next((place for place in range(len(rest)) if _starts(rest, place, _COLUMN_STARTS)), len(rest))
    type_text = sql[rest[0].start : rest[end - 1].end] if end else ""
    return ColumnText(run[0].name, type_text, _clauses(sql, rest[end:], _COLUMN_STARTS), run[0].text)


def _starts(run: Sequence[Token], place: int, starts: frozenset[str]) -> bool:
    """Return whether a keyword starts a clause here: not in SET NULL, DEFAULT NULL, NOT DEFERRABLE or KEY."""
    word = run[place].keyword
    if word not in starts:
        return False
    before = run[place - 1].keyword if place else ""
    after = run[place + 1].keyword if place + 1 < len(run) else ""
    if word == "NOT":
        return after == "NULL"
    if word == "NULL":
        return before not in ("NOT", "SET", "DEFAULT")
    if word == "DEFAULT":
        return before != "SET"
    if word == "AS":
        return before != "ALWAYS"
    return not (before == "DEFAULT" and word == "CHECK")


def _clauses(sql: str, run: Sequence[Token], starts: frozenset[str]) -> list[Clause]:
    """Return the clauses in a run of tokens; ``CONSTRAINT name`` is part of the clause after it."""
    starts_at, depth = list[int](), 0
    for place, token in enumerate(run):
        if depth == 0 and _starts(run, place, starts) and not (place >= 2 and run[place - 2].keyword == "CONSTRAINT"):
            starts_at.append(place)
        depth += (token.text == "(") - (token.text == ")")
    clauses = []
    for place, begin in enumerate(starts_at):
        part = run[begin : starts_at[place + 1] if place + 1 < len(starts_at) else len(run)]
        named = part[0].keyword == "CONSTRAINT" and len(part) > 1
        clauses.append(
            Clause(sql[part[0].start : part[-1].end], _kind(part[2 if named else 0 :]), part[1].name if named else None)
        )
    return clauses


def _kind(part: Sequence[Token]) -> str:
    word = part[0].keyword if part else ""
    kinds = {
        "PRIMARY": "PRIMARY KEY",
        "NOT": "NOT NULL",
        "FOREIGN": "FOREIGN KEY",
        "REFERENCES": "FOREIGN KEY",
        "AS": "GENERATED",
    }
    return kinds.get(word, word)


def parse_clause(text: str) -> Clause:
    """Parse one table constraint."""
    return _clauses(text, tokens(text, "sqlite"), _TABLE_STARTS)[0]


def parse_column(text: str) -> ColumnText:
    """Parse one column definition."""
    return _column(text, tokens(text, "sqlite"))


def _joined(parts: Sequence[str]) -> str:
    """Join pieces of SQL, with a line break after one that may end in a line comment."""
    return " ".join(part + ("\n" if "--" in part else "") for part in parts if part)
