"""Read a statement as the operations that it carries out, so that the rows that stop it can be found.

Read are CREATE UNIQUE INDEX and ALTER TABLE with new constraints, new NOT NULL columns, SET NOT NULL and new types; all
else yields nothing, and the database's error is what is known of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import NullType, UserDefinedType

from ...operations.operation import MigrateOperation
from ...operations.ops import (
    AddColumnOp,
    AlterColumnOp,
    CreateCheckConstraintOp,
    CreateExcludeConstraintOp,
    CreateForeignKeyOp,
    CreateIndexOp,
    CreatePrimaryKeyOp,
    CreateUniqueConstraintOp,
)
from ...util.sql import SQLDialect, Token, tokens

Name = tuple[str | None, str]


class _Written(UserDefinedType[object]):
    """A type as it is written in the statement."""

    cache_ok = True

    def __init__(self, spelled: str) -> None:
        self.spelled = spelled

    def get_col_spec(self, **kw: object) -> str:
        return self.spelled


class _Reader:
    """Reads tokens one after the other."""

    def __init__(self, sql: str, dialect: SQLDialect) -> None:
        self._sql = sql
        self._tokens = [token for token in tokens(sql, dialect) if token.kind not in ("space", "comment")]
        self._place = 0

    @property
    def left(self) -> Sequence[Token]:
        """The tokens that are not read yet."""
        return self._tokens[self._place :]

    def takes(self, *words: str) -> bool:
        """Read these keywords if they are next, and return whether they were."""
        if [token.keyword for token in self.left[: len(words)]] != list(words):
            return False
        self._place += len(words)
        return True

    def is_at(self, text: str) -> bool:
        """Return whether a sign is next."""
        return bool(self.left) and self.left[0].text == text

    def name(self) -> str:
        """Read an identifier."""
        token = self._tokens[self._place]
        self._place += 1
        return token.name

    def qualified(self) -> Name:
        """Read the name of a table, with its schema if it has one."""
        first = self.name()
        if self.is_at("."):
            self._place += 1
            return first, self.name()
        return None, first

    def parenthesised(self) -> list[str]:
        """Read a list in parentheses and return the texts between its commas; () where there is none."""
        if not self.is_at("("):
            return []
        depth, parts, start = 0, [], self._tokens[self._place].end
        while self._place < len(self._tokens):
            token = self._tokens[self._place]
            self._place += 1
            depth += {"(": 1, ")": -1}.get(token.text, 0)
            if (token.text == "," and depth == 1) or depth == 0:
                parts.append(self._sql[start : token.start].strip())
                start = token.end
            if depth == 0:
                break
        return parts

    def rest_of_action(self, *ends: str) -> str:
        """Read up to a comma outside of parentheses, the end, or one of these keywords; return the text."""
        depth, start, end = 0, None, 0
        while self._place < len(self._tokens):
            token = self._tokens[self._place]
            if depth == 0 and (token.text in (",", ";") or token.keyword in ends):
                break
            depth += {"(": 1, ")": -1}.get(token.text, 0)
            start, end = token.start if start is None else start, token.end
            self._place += 1
        return "" if start is None else self._sql[start:end]

    def skip_comma(self) -> bool:
        """Read a comma and return whether there was one."""
        if self.is_at(","):
            self._place += 1
            return True
        return False


def operations_in(sql: str, dialect: SQLDialect) -> list[MigrateOperation]:
    """Return the operations of a statement that rows can stop; [] where it has none, or none can be read."""
    reader = _Reader(sql, dialect)
    try:
        if reader.takes("CREATE", "UNIQUE", "INDEX"):
            return [_unique_index(reader)]
        if reader.takes("ALTER", "TABLE"):
            return list(_altered_table(reader))
    except (IndexError, ValueError):
        return []
    return []


def _unique_index(reader: _Reader) -> MigrateOperation:
    reader.takes("CONCURRENTLY")
    reader.takes("IF", "NOT", "EXISTS")
    name = None if reader.takes("ON") else reader.qualified()[1]
    if name is not None:
        reader.takes("ON")
    reader.takes("ONLY")
    schema, table = reader.qualified()
    if reader.takes("USING"):
        reader.name()
    parts = [_index_part(part) for part in reader.parenthesised()]
    options: dict[str, Any] = {}
    if reader.takes("NULLS", "NOT", "DISTINCT"):
        options["postgresql_nulls_not_distinct"] = True
    while reader.left and not reader.takes("WHERE"):
        reader.name()
    where = reader.rest_of_action()
    if where:
        options |= {"postgresql_where": where, "sqlite_where": where}
    return CreateIndexOp(name or "index", table, parts, schema=schema, unique=True, **options)


def _index_part(text: str) -> str | sa.TextClause:
    """Return a column's name, or an expression; the order and the operator class don't matter."""
    found = [token for token in tokens(text, "default") if token.kind not in ("space", "comment")]
    is_column = found and found[0].kind in ("word", "name") and (len(found) == 1 or found[1].kind == "word")
    if is_column and "COLLATE" not in (token.keyword for token in found):
        return found[0].name
    return sa.text(text.replace(":", r"\:"))


def _altered_table(reader: _Reader) -> Iterator[MigrateOperation]:
    reader.takes("IF", "EXISTS")
    reader.takes("ONLY")
    schema, table = reader.qualified()
    while True:
        yield from _action(reader, schema, table)
        reader.rest_of_action()
        if not reader.skip_comma():
            return


def _action(reader: _Reader, schema: str | None, table: str) -> Iterator[MigrateOperation]:
    if reader.takes("ADD"):
        yield from _added(reader, schema, table)
    elif reader.takes("ALTER"):
        reader.takes("COLUMN")
        column = reader.name()
        if reader.takes("SET", "NOT", "NULL"):
            yield AlterColumnOp(table, column, schema=schema, modify_nullable=False)
        elif reader.takes("TYPE") or reader.takes("SET", "DATA", "TYPE"):
            spelled = reader.rest_of_action("USING", "COLLATE")
            using = reader.rest_of_action() if reader.takes("USING") else ""
            options: dict[str, Any] = {"postgresql_using": using} if using else {}
            yield AlterColumnOp(table, column, schema=schema, modify_type=_Written(spelled), **options)
    elif reader.takes("MODIFY") or reader.takes("CHANGE"):
        yield from _redefined(reader, schema, table)


def _added(reader: _Reader, schema: str | None, table: str) -> Iterator[MigrateOperation]:
    name = None
    if reader.takes("CONSTRAINT"):
        is_named = not {"UNIQUE", "PRIMARY", "FOREIGN", "CHECK", "EXCLUDE"} & {reader.left[0].keyword}
        name = reader.name() if is_named else None
    if reader.takes("UNIQUE"):
        reader.takes("KEY")
        reader.takes("INDEX")
        nulls_equal = reader.takes("NULLS", "NOT", "DISTINCT")
        if not reader.is_at("("):
            name = reader.name()
        columns = [_column_name(part) for part in reader.parenthesised()]
        options = {"postgresql_nulls_not_distinct": True} if nulls_equal else {}
        yield CreateUniqueConstraintOp(name, table, columns, schema=schema, **options)
    elif reader.takes("PRIMARY", "KEY"):
        yield CreatePrimaryKeyOp(name, table, [_column_name(part) for part in reader.parenthesised()], schema=schema)
    elif reader.takes("FOREIGN", "KEY"):
        yield from _foreign_key(reader, name, schema, table)
    elif reader.takes("CHECK"):
        condition = ", ".join(reader.parenthesised())
        rest = reader.rest_of_action().upper()
        if "NOT VALID" not in rest:
            yield CreateCheckConstraintOp(name, table, condition, schema=schema)
    elif reader.takes("EXCLUDE"):
        yield from _exclusion(reader, name, schema, table)
    elif name is None:
        yield from _added_column(reader, schema, table)


def _foreign_key(reader: _Reader, name: str | None, schema: str | None, table: str) -> Iterator[MigrateOperation]:
    if not reader.is_at("("):
        name = reader.name()
    local = [_column_name(part) for part in reader.parenthesised()]
    if not reader.takes("REFERENCES"):
        return
    other_schema, other = reader.qualified()
    remote = [_column_name(part) for part in reader.parenthesised()]
    rest = reader.rest_of_action().upper()
    if remote and "NOT VALID" not in rest:
        options = {"match": "FULL"} if "MATCH FULL" in rest else {}
        yield CreateForeignKeyOp(
            name, table, other, local, remote, source_schema=schema, referent_schema=other_schema, **options
        )


def _exclusion(reader: _Reader, name: str | None, schema: str | None, table: str) -> Iterator[MigrateOperation]:
    """Yield an exclude constraint on columns; nothing for one on expressions."""
    if reader.takes("USING"):
        reader.name()
    elements = []
    for part in reader.parenthesised():
        column, _, operator = part.rpartition(" WITH ")
        elements.append((_column_name(column), operator.strip()))
    while reader.left and not reader.takes("WHERE"):
        reader.name()
    where = reader.rest_of_action()
    if all(column and operator for column, operator in elements):
        yield CreateExcludeConstraintOp(name, table, elements, where or None, schema)


def validated_constraint(sql: str, dialect: SQLDialect) -> tuple[Name, str] | None:
    """Return the table and the name of the constraint that a statement validates; None for another statement."""
    reader = _Reader(sql, dialect)
    try:
        if reader.takes("ALTER", "TABLE"):
            reader.takes("IF", "EXISTS")
            reader.takes("ONLY")
            table = reader.qualified()
            if reader.takes("VALIDATE", "CONSTRAINT"):
                return table, reader.name()
    except IndexError:
        pass
    return None


def _added_column(reader: _Reader, schema: str | None, table: str) -> Iterator[MigrateOperation]:
    reader.takes("COLUMN")
    reader.takes("IF", "NOT", "EXISTS")
    column = reader.name()
    words = reader.rest_of_action().upper()
    if "NOT NULL" in words and not {"DEFAULT", "GENERATED", "SERIAL", "IDENTITY"} & set(words.split()):
        yield AddColumnOp(table, sa.Column(column, NullType(), nullable=False), schema=schema)


def _redefined(reader: _Reader, schema: str | None, table: str) -> Iterator[MigrateOperation]:
    """Yield the change of a column whose whole definition is given, as MODIFY and CHANGE do."""
    reader.takes("COLUMN")
    column = reader.name()
    words = reader.rest_of_action().upper()
    if "NOT NULL" in words:
        yield AlterColumnOp(table, column, schema=schema, modify_nullable=False)


def _column_name(text: str) -> str:
    """Return the name at the start of an entry of a list of columns."""
    found = [token for token in tokens(text, "mysql" if "`" in text else "default") if token.kind != "space"]
    return found[0].name if found else text
