"""Expressions as MariaDB and MySQL store them: SHOW CREATE of a temporary copy of the table with the expressions on it.

A temporary table ends no transaction when it is created and dropped (MariaDB manual, "SQL statements that cause an
implicit commit"); it cannot be altered without that, so each is created by one statement. MariaDB runs one program for
all tables (a compound statement, manual "BEGIN NOT ATOMIC"); MySQL has none and runs the same statements one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.exc import SQLAlchemyError

from ....util.sql import Token, body, closing, grammar_of, string_literal, tokens
from ....util.sqla_compat import executed_at_end, literal_text
from ..catalog import Key, Row
from ..expression import Expression
from ..rules import Warn

Named = tuple[str, Expression]

_SHOWN = "SHOW CREATE TABLE mig_scratch"
_DROPPED = "DROP TEMPORARY TABLE IF EXISTS mig_scratch"
_PROGRAMMABLE = frozenset({"pymysql", "mysqldb", "mariadbconnector"})
"""Drivers that return the results of a program one after the other, by ``nextset`` of the DB-API."""

_TABLE = """
  SELECT GROUP_CONCAT(CONCAT('`', REPLACE(COLUMN_NAME, '`', '``'), '`')) INTO names
  FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = {schema} AND TABLE_NAME = {table};
  SET is_refused = FALSE;
{all_at_once}
  IF is_refused THEN
    BEGIN
      DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN
        GET DIAGNOSTICS CONDITION 1 reason = MESSAGE_TEXT;
        SELECT 'mig_refused' AS what, {number} AS place, reason;
      END;
      EXECUTE IMMEDIATE CONCAT('CREATE TEMPORARY TABLE mig_scratch SELECT ', names, {source});
    END;
    {dropped};
{one_by_one}
  END IF;"""
_CREATION = """
  BEGIN
    DECLARE EXIT HANDLER FOR SQLEXCEPTION SET is_refused = TRUE;
    EXECUTE IMMEDIATE CONCAT({create}, names, {source});
    {shown};
  END;
  {dropped};"""


def stored_expressions(
    connection: Connection, expressions: Sequence[Expression], warn: Warn | None
) -> dict[Expression, str | None]:
    """Return each expression as it is stored; None for one that the database refuses.

    All expressions of a table are tried together; where one is refused, one by one, so that the others are stored.
    ``warn`` gets a message for a table that cannot be copied.
    """
    tables: dict[Key, list[Named]] = {}
    names = {f"mig_expression_{number}": expression for number, expression in enumerate(expressions)}
    for name, expression in names.items():
        if expression.kind in ("check", "computed", "default"):
            tables.setdefault(expression.table, []).append((name, expression))
    dialect = connection.dialect
    scratches = [_Scratch(dialect, key, of_table) for key, of_table in tables.items()]
    if not scratches:
        return dict.fromkeys(expressions)
    runs_programs = getattr(dialect, "is_mariadb", False) and dialect.driver in _PROGRAMMABLE
    stored: dict[str, str] = {}
    for row in _by_program(connection, scratches) if runs_programs else _one_by_one(connection, scratches):
        if row[0] == "mig_refused":
            if warn is not None:
                warn(_refusal(scratches[int(row[1])].key, str(row[2])))
        else:
            stored |= _stored_texts(str(row[1]))
    return {expression: stored.get(name) for name, expression in names.items()}


class _Scratch:
    """The expressions of one table, and the SQL that creates temporary copies of it with expressions on them."""

    def __init__(self, dialect: Dialect, key: Key, expressions: Sequence[Named]) -> None:
        self.key, self.expressions, self.dialect = key, expressions, dialect
        quote = dialect.identifier_preparer.quote_identifier
        self.source = f" FROM {'.'.join(quote(part) for part in key if part is not None)} LIMIT 0"

    def create(self, expressions: Iterable[Named]) -> str:
        """Return the statement up to the names of the real table's columns; ``source`` follows them."""
        quote = self.dialect.identifier_preparer.quote_identifier
        new = [f"{quote(name)} {type_}" for name, type_ in self.expressions[0][1].new_columns]
        body = ", ".join([*new, *(_definition(name, expression) for name, expression in expressions)])
        return f"CREATE TEMPORARY TABLE mig_scratch ({body}) SELECT "


def _by_program(connection: Connection, scratches: Sequence[_Scratch]) -> Iterator[Row]:
    """Run one program, and yield the rows of all its results."""
    parts = (_part(connection, number, scratch) for number, scratch in enumerate(scratches))
    declared = "DECLARE names LONGTEXT; DECLARE reason TEXT; DECLARE is_refused BOOL;"
    result = connection.execute(literal_text(f"BEGIN NOT ATOMIC\n{declared}{''.join(parts)}\nEND"))
    try:
        cursor: Any = result.cursor
        while cursor is not None:
            if cursor.description:
                yield from cursor.fetchall()
            if not cursor.nextset():
                break
    finally:
        result.close()


def _part(connection: Connection, number: int, scratch: _Scratch) -> str:
    """Return the part of the program about one table."""

    def literal(words: str) -> str:
        return string_literal(words, grammar_of(connection.dialect))

    def creation(*expressions: Named) -> str:
        create, source = literal(scratch.create(expressions)), literal(scratch.source)
        return _CREATION.format(create=create, source=source, shown=_SHOWN, dropped=_DROPPED)

    schema, table = scratch.key
    return _TABLE.format(
        schema="DATABASE()" if schema is None else literal(schema),
        table=literal(table),
        number=number,
        source=literal(scratch.source),
        dropped=_DROPPED,
        all_at_once=creation(*scratch.expressions),
        one_by_one="".join(creation(each) for each in scratch.expressions) if len(scratch.expressions) > 1 else "",
    )


def _one_by_one(connection: Connection, scratches: Sequence[_Scratch]) -> Iterator[Row]:
    """Run each statement by itself, and yield the rows."""
    for number, scratch in enumerate(scratches):
        try:
            yield _shown(connection, f"{scratch.create(scratch.expressions)}*{scratch.source}")
            continue
        except SQLAlchemyError:
            pass
        try:
            _shown(connection, f"CREATE TEMPORARY TABLE mig_scratch SELECT *{scratch.source}")
        except SQLAlchemyError as error:
            yield "mig_refused", number, getattr(error, "orig", error)
            continue
        for each in scratch.expressions:
            try:
                yield _shown(connection, f"{scratch.create([each])}*{scratch.source}")
            except SQLAlchemyError:
                continue  # this expression is refused


def _shown(connection: Connection, create: str) -> Row:
    """Create a temporary table, and return its row of SHOW CREATE TABLE."""
    connection.execute(literal_text(create))
    with executed_at_end(connection, _DROPPED):
        return connection.execute(literal_text(_SHOWN)).one()


def _refusal(key: Key, reason: str) -> str:
    name = ".".join(part for part in key if part is not None)
    return (
        f'What "{name}" checks or computes cannot be compared where it is spelled in two ways: the server refuses a '
        f"temporary table like it ({reason}). GRANT SELECT on it and CREATE TEMPORARY TABLES on its database to this "
        "user, or leave those plugins out with autogenerate_plugins."
    )


def _definition(name: str, expression: Expression) -> str:
    """Return the part of a CREATE TABLE that has the expression."""
    if expression.kind == "check":
        return f"CONSTRAINT {name} CHECK ({expression.sql})"
    if expression.kind == "default":
        return f"{name} {expression.type_} NULL DEFAULT {expression.sql}"
    return f"{name} {expression.type_} GENERATED ALWAYS AS ({expression.sql}) VIRTUAL"


def _stored_texts(shown: str) -> dict[str, str]:
    """Return the expressions in a SHOW CREATE TABLE, by their names."""
    texts: dict[str, str] = {}
    for item in body(shown, "mysql").items:
        found = tokens(item, "mysql")
        name = next((token.name for token in found[:2] if token.kind == "name"), "")
        if name.startswith("mig_expression_"):
            texts[name] = _expression_in(item, found)
    return texts


def _expression_in(item: str, found: Sequence[Token]) -> str:
    """Return the default or generation expression of a column, or the condition of a CHECK."""
    words = [token.keyword for token in found]
    if words[0] != "CONSTRAINT" and "GENERATED" not in words[: words.index("DEFAULT") if "DEFAULT" in words else None]:
        start = words.index("DEFAULT") + 1
        end = words.index("COMMENT", start) if "COMMENT" in words[start:] else len(found)
        return item[found[start].start : found[end - 1].end]
    opening = words.index("CHECK" if words[0] == "CONSTRAINT" else "AS") + 1
    return item[found[opening].end : found[closing(found, opening)].start]
