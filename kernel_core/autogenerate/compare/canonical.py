"""Compare SQL expressions by the text that the database itself stores for them.

The server puts the expressions of both sides on an empty copy of their table, in a transaction that is rolled back, and
the stored text is read again. Only expressions whose texts differ need that.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TypeVar

from sqlalchemy.engine import Connection

from ...util.exc import CommandError
from ...util.sql import normal_sql, refuse_loose_sql
from ..context import AutogenContext
from ..databases import Expression

Subject = TypeVar("Subject")
Forms = frozenset[str]
"""The texts that the database stores for an expression, and the written one; equal expressions share a text."""

_ROUNDS = 3


def canonical_forms(
    context: AutogenContext, expressions: Iterable[Expression], *, warns: bool = True
) -> dict[Expression, Forms | None]:
    """Return the forms of each expression; None for one that the database refuses.

    A stored text is stored once more, because it need not stay the same (PostgreSQL stores an IN in another spelling
    the second time), unless another expression has that text already. SQLite stores each text as it is written, so
    that the text alone is compared. ``warns`` says whether to warn of a table that cannot be copied.
    """
    wanted = list(dict.fromkeys(expressions))
    if not wanted or context.connection is None or not context.rules.respells_expressions:
        return {each: frozenset({normal_sql(each.sql, context.dialect)}) for each in wanted}
    forms = {each: [each.sql] for each in wanted}
    refused = {each for each in wanted if _is_loose(context, each)}
    for _ in range(_ROUNDS):
        pending = [each for each in wanted if each not in refused and not _is_final(each, forms)]
        if not pending:
            break
        latest = {each: replace(each, sql=forms[each][-1]) for each in pending}
        warn = context.warn if warns else None
        with _rolled_back(context.connection):
            texts = context.rules.stored_expressions(context.connection, list(dict.fromkeys(latest.values())), warn)
        for each, expression in latest.items():
            text = texts[expression]
            if text is None:
                refused.add(each)
            else:
                forms[each].append(text)
    return {each: None if each in refused else frozenset(forms[each]) for each in wanted}


def differ(one: Forms | None, two: Forms | None) -> bool:
    """Return whether two expressions certainly differ; nothing is known of one that was refused."""
    return one is not None and two is not None and not one & two


def are_equal(one: Forms | None, two: Forms | None) -> bool:
    """Return whether two expressions are certainly equal; nothing is known of one that was refused."""
    return one is not None and two is not None and bool(one & two)


def differing(context: AutogenContext, pairs: Iterable[tuple[Subject, Expression, Expression]]) -> list[Subject]:
    """Return the subjects whose two expressions certainly differ."""
    unequal = [
        (subject, one, two)
        for subject, one, two in pairs
        if normal_sql(one.sql, context.dialect) != normal_sql(two.sql, context.dialect)
    ]
    forms = canonical_forms(context, [expression for _, one, two in unequal for expression in (one, two)])
    return [subject for subject, one, two in unequal if differ(forms[one], forms[two])]


def _is_loose(context: AutogenContext, expression: Expression) -> bool:
    """Return whether a text would change the statement around it: by a parenthesis too many, or a comment."""
    try:
        refuse_loose_sql(expression.sql, context.dialect, alone=True)
    except CommandError:
        return True
    return False


def _is_final(expression: Expression, forms: dict[Expression, list[str]]) -> bool:
    """Return whether the last text stays the same, or is a text of another expression of the table."""
    texts = forms[expression]
    if len(texts) > 1 and texts[-1] == texts[-2]:
        return True
    return any(
        texts[-1] in others
        for other, others in forms.items()
        if other is not expression and (other.table, other.kind) == (expression.table, expression.kind)
    )


@contextlib.contextmanager
def _rolled_back(connection: Connection) -> Iterator[None]:
    """Run the block in a transaction, or a savepoint of the open one, and roll it back."""
    transaction = connection.begin_nested() if connection.in_transaction() else connection.begin()
    try:
        yield
    finally:
        transaction.rollback()
