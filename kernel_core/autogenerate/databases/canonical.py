"""The canonical spelling of a piece of SQL: the text that the database itself stores for it.

Both sides of a comparison are put on an empty scratch table, in a transaction that is rolled back, and read again.
Only what differs as text is asked for.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from sqlalchemy.engine import Connection

from ...util.exc import CommandError
from ...util.sql import normal_sql, refuse_loose_sql
from ..context import AutogenContext
from .expression import Question, TablePair
from .mariadb.canonical import ask_mariadb
from .postgresql.canonical import ask_postgresql

__all__ = ["Question", "TablePair", "canonical", "differ", "differing"]

Subject = TypeVar("Subject")

Ask = Callable[[AutogenContext, Connection, Sequence[Question], bool], dict[Question, str | None]]
_ROUNDS = 3
_ASK: dict[str, Ask] = {"postgresql": ask_postgresql, "mysql": ask_mariadb, "mariadb": ask_mariadb}


def canonical(
    context: AutogenContext, questions: Iterable[Question], *, warns: bool = True
) -> dict[Question, frozenset[str] | None]:
    """Return the spellings of each piece of SQL: two that have one in common are the same. None where it is refused.

    What the database says is said to it once more, because it need not keep its own words (PostgreSQL spells an IN
    another way the second time), unless another question has met the same words already. SQLite keeps every text as it
    was written: there it is compared word by word. ``warns`` says whether a table that the server does not let be
    imitated is named in a warning.
    """
    asked = list(dict.fromkeys(questions))
    ask = _ASK.get(context.dialect.name)
    if not asked or ask is None or context.connection is None:
        return {question: frozenset({normal_sql(question.sql, context.dialect)}) for question in asked}
    spelled = {question: [question.sql] for question in asked}
    refused = {question for question in asked if _is_loose(context, question)}
    for _ in range(_ROUNDS):
        pending = [each for each in asked if each not in refused and not _is_settled(each, spelled)]
        if not pending:
            break
        latest = {each: replace(each, sql=spelled[each][-1]) for each in pending}
        with rolled_back(context.connection):
            answers = ask(context, context.connection, list(dict.fromkeys(latest.values())), warns)
        for each, question in latest.items():
            said = answers[question]
            if said is None:
                refused.add(each)
            else:
                spelled[each].append(said)
    return {each: None if each in refused else frozenset(spelled[each]) for each in asked}


def differ(one: frozenset[str] | None, two: frozenset[str] | None) -> bool:
    """Tell whether two answers surely mean two things; what was refused says nothing."""
    return one is not None and two is not None and not one & two


def differing(context: AutogenContext, texts: Iterable[tuple[Subject, Question, Question]]) -> list[Subject]:
    """Return the subjects whose two texts surely mean two things; what is the same word by word is not asked for."""
    unlike = [
        (subject, one, two)
        for subject, one, two in texts
        if normal_sql(one.sql, context.dialect) != normal_sql(two.sql, context.dialect)
    ]
    answers = canonical(context, [question for _, one, two in unlike for question in (one, two)])
    return [subject for subject, one, two in unlike if differ(answers[one], answers[two])]


def _is_loose(context: AutogenContext, question: Question) -> bool:
    """Tell whether a text would not stay where it is put: it closes the brackets around it, or hides what follows."""
    try:
        refuse_loose_sql(question.sql, context.dialect, alone=True)
    except CommandError:
        return True
    return False


def _is_settled(question: Question, spelled: dict[Question, list[str]]) -> bool:
    """Tell whether the words have come to rest, or another question about the table has met them."""
    words = spelled[question]
    if len(words) > 1 and words[-1] == words[-2]:
        return True
    return any(
        words[-1] in others
        for other, others in spelled.items()
        if other is not question and (other.table, other.kind) == (question.table, question.kind)
    )


@contextlib.contextmanager
def rolled_back(connection: Connection) -> Iterator[Any]:
    """Run the block in a transaction, or a savepoint of the one that is open, and take it back."""
    transaction = connection.begin_nested() if connection.in_transaction() else connection.begin()
    try:
        yield transaction
    finally:
        transaction.rollback()
