"""MariaDB and MySQL: a temporary table like the real one with the questions put on it, and its SHOW CREATE.

A temporary table ends no transaction when it is made and dropped (MariaDB manual, "SQL statements that cause an
implicit commit"); it cannot be altered without that, so each is made in one statement. MariaDB is given one program for
all tables (a compound statement, manual "BEGIN NOT ATOMIC"); MySQL, which knows none, the same statements one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.exc import SQLAlchemyError

from ....util.sql import Token, body, closing, tokens
from ....util.sqla_compat import literal_text
from ...context import AutogenContext
from ..catalog import Key
from ..expression import Question

_SHOWN = "SHOW CREATE TABLE mig_scratch"
_DROPPED = "DROP TEMPORARY TABLE IF EXISTS mig_scratch"
_PROGRAMMABLE = frozenset({"pymysql", "mysqldb", "mariadbconnector"})
"""Drivers that hand out the results of a program one after the other, by ``nextset`` of the DB-API."""

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
_QUESTION = """
  BEGIN
    DECLARE EXIT HANDLER FOR SQLEXCEPTION SET is_refused = TRUE;
    EXECUTE IMMEDIATE CONCAT({create}, names, {source});
    {shown};
  END;
  {dropped};"""


def ask_mariadb(
    context: AutogenContext, connection: Connection, questions: Sequence[Question], warns: bool
) -> dict[Question, str | None]:
    """Return the answers; None for what the database refuses. A table that cannot be imitated is named in a warning.

    All about a table is said at once; where something is refused, one after the other, so that the rest is answered.
    """
    tables: dict[Key, list[tuple[str, Question]]] = {}
    names = {f"mig_question_{number}": question for number, question in enumerate(questions)}
    for name, question in names.items():
        if question.kind in ("check", "computed", "default"):
            tables.setdefault(question.table, []).append((name, question))
    scratches = [_Scratch(context.dialect, key, asked) for key, asked in tables.items()]
    if not scratches:
        return dict.fromkeys(questions)
    is_programmable = getattr(context.dialect, "is_mariadb", False) and context.dialect.driver in _PROGRAMMABLE
    said: dict[str, str] = {}
    for row in _by_program(connection, scratches) if is_programmable else _one_by_one(connection, scratches):
        if row[0] == "mig_refused":
            if warns:
                _warn_of_refusal(context, scratches[int(row[1])].key, str(row[2]))
        else:
            said |= _answers(str(row[1]))
    return {question: said.get(name) for name, question in names.items()}


class _Scratch:
    """The questions about one table, and the SQL that makes temporary tables like it with questions on them."""

    def __init__(self, dialect: Dialect, key: Key, asked: Sequence[tuple[str, Question]]) -> None:
        self.key, self.asked, self.dialect = key, asked, dialect
        quote = dialect.identifier_preparer.quote_identifier
        self.source = f" FROM {'.'.join(quote(part) for part in key if part is not None)} LIMIT 0"

    def create(self, asked: Iterable[tuple[str, Question]]) -> str:
        """Return the statement up to the names of the real table's columns; ``source`` follows them."""
        quote = self.dialect.identifier_preparer.quote_identifier
        new = [f"{quote(name)} {type_}" for name, type_ in self.asked[0][1].new_columns]
        body = ", ".join([*new, *(_put(name, question) for name, question in asked)])
        return f"CREATE TEMPORARY TABLE mig_scratch ({body}) SELECT "


def _by_program(connection: Connection, scratches: Sequence[_Scratch]) -> Iterator[Sequence[Any]]:
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
        if getattr(connection.dialect, "_backslash_escapes", True):
            words = words.replace("\\", "\\\\")
        return "'" + words.replace("'", "''") + "'"

    def question(*asked: tuple[str, Question]) -> str:
        create, source = literal(scratch.create(asked)), literal(scratch.source)
        return _QUESTION.format(create=create, source=source, shown=_SHOWN, dropped=_DROPPED)

    schema, table = scratch.key
    return _TABLE.format(
        schema="DATABASE()" if schema is None else literal(schema),
        table=literal(table),
        number=number,
        source=literal(scratch.source),
        dropped=_DROPPED,
        all_at_once=question(*scratch.asked),
        one_by_one="".join(question(each) for each in scratch.asked) if len(scratch.asked) > 1 else "",
    )


def _one_by_one(connection: Connection, scratches: Sequence[_Scratch]) -> Iterator[Sequence[Any]]:
    """Run each statement by itself, and yield the rows."""
    for number, scratch in enumerate(scratches):
        try:
            yield _shown(connection, f"{scratch.create(scratch.asked)}*{scratch.source}")
            continue
        except SQLAlchemyError:
            pass
        try:
            _shown(connection, f"CREATE TEMPORARY TABLE mig_scratch SELECT *{scratch.source}")
        except SQLAlchemyError as error:
            yield "mig_refused", number, getattr(error, "orig", error)
            continue
        for each in scratch.asked:
            try:
                yield _shown(connection, f"{scratch.create([each])}*{scratch.source}")
            except SQLAlchemyError:
                continue  # this very question is refused


def _shown(connection: Connection, create: str) -> Sequence[Any]:
    """Make a temporary table, and return how the database describes it."""
    connection.execute(literal_text(create))
    try:
        return connection.execute(literal_text(_SHOWN)).one()
    finally:
        connection.execute(literal_text(_DROPPED))


def _warn_of_refusal(context: AutogenContext, key: Key, reason: str) -> None:
    name = ".".join(part for part in key if part is not None)
    context.warn(
        f'What "{name}" checks or computes cannot be compared where it is spelled in two ways: the server refuses a '
        f"temporary table like it ({reason}). GRANT SELECT on it and CREATE TEMPORARY TABLES on its database to this "
        "user, or leave those plugins out with autogenerate_plugins.",
    )


def _put(name: str, question: Question) -> str:
    if question.kind == "check":
        return f"CONSTRAINT {name} CHECK ({question.sql})"
    if question.kind == "default":
        return f"{name} {question.type_} NULL DEFAULT {question.sql}"
    return f"{name} {question.type_} GENERATED ALWAYS AS ({question.sql}) VIRTUAL"


def _answers(shown: str) -> dict[str, str]:
    """Return what SHOW CREATE TABLE says of the questions, by their names."""
    answers: dict[str, str] = {}
    for item in body(shown, "mysql").items:
        found = tokens(item, "mysql")
        name = next((token.name for token in found[:2] if token.kind == "name"), "")
        if name.startswith("mig_question_"):
            answers[name] = _said(item, found)
    return answers


def _said(item: str, found: Sequence[Token]) -> str:
    """Return what a column computes or has by default, or what a CHECK states."""
    words = [token.keyword for token in found]
    if words[0] != "CONSTRAINT" and "GENERATED" not in words[: words.index("DEFAULT") if "DEFAULT" in words else None]:
        start = words.index("DEFAULT") + 1
        end = words.index("COMMENT", start) if "COMMENT" in words[start:] else len(found)
        return item[found[start].start : found[end - 1].end]
    opening = words.index("CHECK" if words[0] == "CONSTRAINT" else "AS") + 1
    return item[found[opening].end : found[closing(found, opening)].start]
