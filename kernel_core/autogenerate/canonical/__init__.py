"""One spelling of a piece of SQL: the one that the database itself would keep (design/SAFETY.md, section 3, item 9).

Both sides of a comparison are put on an empty scratch table, in a transaction that is rolled back, and read again.
Only what differs as text is asked for.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy.engine import Connection

from ..context import AutogenContext
from .mariadb import ask_mariadb
from .plain import plain_sql
from .postgresql import ask_postgresql
from .question import Question

__all__ = ["Question", "canonical", "plain_sql"]

Ask = Callable[[AutogenContext, Connection, Sequence[Question]], dict[Question, str | None]]
_ASK: dict[str, Ask] = {"postgresql": ask_postgresql, "mysql": ask_mariadb, "mariadb": ask_mariadb}


def canonical(context: AutogenContext, questions: Iterable[Question]) -> dict[Question, str | None]:
    """Return each piece of SQL as the database spells it; None where it refuses it.

    SQLite keeps every text as it was written: there it is compared word by word.
    """
    asked = list(dict.fromkeys(questions))
    ask = _ASK.get(context.dialect.name)
    if not asked or ask is None or context.connection is None:
        return {question: plain_sql(question.sql) for question in asked}
    with rolled_back(context.connection):
        return ask(context, context.connection, asked)


@contextlib.contextmanager
def rolled_back(connection: Connection) -> Iterator[Any]:
    """Run the block in a transaction, or a savepoint of the one that is open, and take it back."""
    transaction = connection.begin_nested() if connection.in_transaction() else connection.begin()
    try:
        yield transaction
    finally:
        transaction.rollback()
