"""MariaDB and MySQL: a temporary table with the real one's definition and the questions added, and its SHOW CREATE.

A temporary table ends no transaction when it is made and dropped (MariaDB manual, "SQL statements that cause an
implicit commit"); it cannot be altered without that, so each is made in one statement.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from ..catalogue import Key
from ..compare.reflect import literal_text
from ..context import AutogenContext
from .question import Question

_SCRATCH = "mig_scratch"


def ask_mariadb(
    context: AutogenContext, connection: Connection, questions: Sequence[Question]
) -> dict[Question, str | None]:
    """Return the answers; None for what the database refuses."""
    answers: dict[Question, str | None] = dict.fromkeys(questions)
    by_table: dict[Key, list[Question]] = {}
    for question in questions:
        if question.kind in ("check", "computed"):
            by_table.setdefault(question.table, []).append(question)
    for key, asked in by_table.items():
        definition = _definition(context, connection, key)
        if definition is None:
            continue
        said = _said(connection, definition, asked)
        if said is None:  # one that is refused spoils the statement for all
            said = {each: (_said(connection, definition, [each]) or {}).get(each) for each in asked}
        answers.update(said)
    return answers


def _definition(context: AutogenContext, connection: Connection, key: Key) -> list[str] | None:
    """Return the lines inside the brackets of CREATE TABLE, without the foreign keys: a temporary table has none."""
    preparer = context.dialect.identifier_preparer
    place = ".".join(preparer.quote_identifier(part) for part in key if part is not None)
    try:
        shown = connection.execute(literal_text(f"SHOW CREATE TABLE {place}")).one()[1]
    except SQLAlchemyError:
        return None
    lines = shown.split("\n")[1:]
    body = lines[: max(number for number, line in enumerate(lines) if line.startswith(")"))]
    return [line.strip().removesuffix(",") for line in body if " FOREIGN KEY (" not in line]


def _said(
    connection: Connection, definition: list[str], asked: Sequence[Question]
) -> dict[Question, str | None] | None:
    """Make the table with the questions, and return how the database says them; None where it refuses one."""
    names = {f"mig_question_{number}": question for number, question in enumerate(asked)}
    added = [_put(name, question) for name, question in names.items()]
    new = ["`" + name.replace("`", "``") + f"` {type_}" for name, type_ in asked[0].new_columns]
    body = ", ".join([*definition, *new, *added])
    try:
        connection.execute(literal_text(f"CREATE TEMPORARY TABLE {_SCRATCH} ({body})"))
    except SQLAlchemyError:
        return None
    try:
        shown = connection.execute(literal_text(f"SHOW CREATE TABLE {_SCRATCH}")).one()[1]
    finally:
        connection.execute(literal_text(f"DROP TEMPORARY TABLE {_SCRATCH}"))
    found = dict(_answers(shown))
    return {question: found.get(name) for name, question in names.items()}


def _put(name: str, question: Question) -> str:
    if question.kind == "check":
        return f"CONSTRAINT {name} CHECK ({question.sql})"
    return f"{name} {question.type_} GENERATED ALWAYS AS ({question.sql}) VIRTUAL"


def _answers(shown: str) -> Iterable[tuple[str, str]]:
    for line in shown.split("\n"):
        found = _CHECK.match(line) or _COMPUTED.match(line)
        if found is not None:
            yield found[1], found[2]


_CHECK = re.compile(r"\s*CONSTRAINT `(mig_question_\d+)` CHECK \((.*)\),?$")
_COMPUTED = re.compile(r"\s*`(mig_question_\d+)` .*? GENERATED ALWAYS AS \((.*)\) (?:VIRTUAL|STORED|PERSISTENT)")
