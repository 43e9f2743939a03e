"""Server defaults that differ as text: PostgreSQL is asked which of them give the same value, all in one question.

Only what surely does nothing is asked: literals, casts, operators and the clock; no other function, which might be
volatile. What the database refuses to answer is left as it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import Table

from ...ddl.defaulttext import defaults_differ
from ...ddl.typetext import ddl_text
from ...util.sqla_compat import default_argument, default_sql
from ..catalogue import TableInfo
from ..context import AutogenContext


class Question(NamedTuple):
    """Whether two defaults, the database's and the model's, give the same value of a type."""

    type_text: str
    inspected: str
    wanted: str


def same_defaults(context: AutogenContext, pairs: Iterable[tuple[TableInfo, Table]]) -> frozenset[Question]:
    """Return the defaults that are the same although their texts differ."""
    connection = context.connection
    if context.dialect.name != "postgresql" or connection is None:
        return frozenset()
    if context.opts.get("compare_server_default", False) in (False, None):
        return frozenset()
    questions = list(dict.fromkeys(question for pair in pairs for question in _questions(context, *pair)))
    if not questions:
        return frozenset()
    return frozenset(each for each, same in zip(questions, _answers(connection, questions), strict=True) if same)


def _questions(context: AutogenContext, info: TableInfo, model: Table) -> Iterator[Question]:
    for column in model.columns:
        item = info.columns.get(str(column.name))
        if item is None or item.get("default") is None or column.server_default is None:
            continue
        if not hasattr(column.server_default, "arg") or column.identity is not None or column.computed is not None:
            continue
        question = question_about(context, item["type"], item["default"], default_argument(column.server_default))
        if question is not None and defaults_differ(question.inspected, question.wanted):
            yield question


def question_about(context: AutogenContext, type_: object, inspected: str | None, wanted: object) -> Question | None:
    """Return the question about two defaults; None where it is not to be asked."""
    type_text = ddl_text(context.dialect, type_)  # type: ignore[arg-type]
    if type_text is None or inspected is None:
        return None
    question = Question(type_text, inspected, default_sql(wanted, context.dialect))
    return question if is_harmless(question.inspected) and is_harmless(question.wanted) else None


_PIECE = re.compile(
    r"""(?P<text>'(?:[^'\\%]|'')*')|(?P<name>"[^"%]+"|[^\W\d][\w$]*)|(?P<other>\d[\w.]*|\s+|.)""", re.DOTALL
)
_CALLABLE = frozenset({"array", "bit", "cast", "char", "character", "decimal", "float", "interval", "now", "numeric"})
_CALLABLE |= {"time", "timestamp", "varbit", "varchar", "varying"}
_SIGNS = frozenset("()[],.:+-*/<>=~!^#|&")


def is_harmless(expression: str) -> bool:
    """Tell whether evaluating an expression surely changes nothing, and whether it is one expression.

    >>> is_harmless("(('1'::text)::numeric(10,2) + 2)"), is_harmless("nextval('s')"), is_harmless("1) -- ")
    (True, False, False)
    """
    depth, before, name = 0, "", ""
    if "--" in expression or "/*" in expression:
        return False
    for piece in _PIECE.finditer(expression):
        word = piece.group()
        if piece.lastgroup == "text":
            if before == "name":  # E'', B'', U&''
                return False
        elif piece.lastgroup == "other" and not (word.isspace() or word[0].isdigit()):
            if word not in _SIGNS or (word == "(" and name and name not in _CALLABLE):
                return False
            depth += (word == "(") - (word == ")")
            if depth < 0:
                return False
        if not word.isspace():
            name = word.lower() if piece.lastgroup == "name" else ""
        before = piece.lastgroup or ""
    return depth == 0


def _answers(connection: Connection, questions: Sequence[Question]) -> list[bool]:
    """Ask all at once; where one of them cannot be answered, ask one by one."""
    try:
        return _ask(connection, questions)
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        if len(questions) == 1:
            return [False]
        return [answer for question in questions for answer in _answers(connection, [question])]


def _ask(connection: Connection, questions: Sequence[Question]) -> list[bool]:
    """Inside a savepoint, so that an error does not end the caller's transaction."""
    terms = ", ".join(
        f"CAST(CAST(({each.inspected}) AS {each.type_text}) AS text) IS NOT DISTINCT FROM "
        f"CAST(CAST(({each.wanted}) AS {each.type_text}) AS text)"
        for each in questions
    )
    statement = f"SELECT ARRAY[{terms}]"
    if getattr(connection.connection.dbapi_connection, "autocommit", False):
        return list(connection.exec_driver_sql(statement).scalar_one())
    with connection.begin_nested():
        return list(connection.exec_driver_sql(statement).scalar_one())
