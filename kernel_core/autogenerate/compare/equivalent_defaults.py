"""Server defaults that differ as text: the database decides which are equivalent, in one query for all tables.

PostgreSQL compares values where evaluating them cannot change anything: literals, casts, operators, the clock. All
else the database is asked to spell, which evaluates nothing, so that any function may be in it: ``nextval('s')`` of a
model is ``nextval('s'::regclass)`` on PostgreSQL, ``NOW(6)`` is ``current_timestamp(6)`` on MariaDB.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from ...ddl.default_comparison import defaults_differ
from ...ddl.type_comparison import ddl_text
from ...util.sql import expression_fault, lex
from ...util.sqla_compat import default_argument, default_sql
from ..context import AutogenContext
from ..databases.canonical import Question, TablePair, canonical, differ


class DefaultPair(NamedTuple):
    """Two defaults of a type that differ as text: the database's and the model's."""

    type_text: str
    inspected: str
    wanted: str


def same_defaults(context: AutogenContext, pairs: Iterable[TablePair]) -> frozenset[DefaultPair]:
    """Return the defaults that are the same although their texts differ."""
    connection = context.connection
    if connection is None or context.opts.get("compare_server_default", False) in (False, None):
        return frozenset()
    asked = {default: table for table in pairs for default in _unlike(context, table)}
    if not asked:
        return frozenset()
    same: set[DefaultPair] = set()
    if context.dialect.name == "postgresql":
        harmless = [each for each in asked if is_harmless(each.inspected) and is_harmless(each.wanted)]
        same = {each for each, answer in zip(harmless, _answers(connection, harmless), strict=True) if answer}
    return frozenset(same | _spelled_alike(context, {each: asked[each] for each in asked if each not in same}))


def _spelled_alike(context: AutogenContext, asked: dict[DefaultPair, TablePair]) -> set[DefaultPair]:
    """Return the pairs that the database spells alike; a table that it does not let be imitated has none."""
    questions = {
        default: tuple(
            Question("default", table.info.key, sql, default.type_text) for sql in (default.inspected, default.wanted)
        )
        for default, table in asked.items()
    }
    answers = canonical(context, [each for both in questions.values() for each in both], warns=False)
    known = {default: (answers[one], answers[two]) for default, (one, two) in questions.items()}
    return {default for default, (one, two) in known.items() if one and two and not differ(one, two)}


def _unlike(context: AutogenContext, table: TablePair) -> Iterator[DefaultPair]:
    for column in table.model.columns:
        item = table.info.columns.get(str(column.name))
        if item is None or item.get("default") is None or column.server_default is None:
            continue
        if not hasattr(column.server_default, "arg") or column.identity is not None or column.computed is not None:
            continue
        wanted = default_argument(column.server_default)
        if defaults_differ(item["default"], default_sql(wanted, context.dialect), context.dialect):
            pair = default_pair(context, item["type"], item["default"], wanted)
            if pair is not None:
                yield pair


def default_pair(context: AutogenContext, type_: Any, inspected: str | None, wanted: object) -> DefaultPair | None:
    """Return two defaults as the database may be asked about them; None where it may not."""
    type_text = ddl_text(context.dialect, type_)
    if type_text is None or inspected is None:
        return None
    return DefaultPair(type_text, inspected, default_sql(wanted, context.dialect))


_CALLABLE = frozenset({"array", "bit", "cast", "char", "character", "decimal", "float", "interval", "now", "numeric"})
_CALLABLE |= {"time", "timestamp", "varbit", "varchar", "varying"}
_SIGNS = frozenset("()[],.:+-*/<>=~!^#|&")


def is_harmless(expression: str) -> bool:
    """Return whether evaluating an expression of PostgreSQL changes nothing, and whether it is one expression.

    >>> is_harmless("(('1'::text)::numeric(10,2) + 2)"), is_harmless("nextval('s')"), is_harmless("1) -- ")
    (True, False, False)
    """
    if expression_fault(expression, "postgresql"):
        return False
    before, name = "", ""
    for token in lex(expression, "postgresql"):
        if token.kind == "comment" or "%" in token.text:
            return False
        if token.kind == "text" and (token.text[0] != "'" or "\\" in token.text):  # E'', B'', U&'', $$
            return False
        is_sign = token.kind in ("operator", "sign")
        if is_sign and (not set(token.text) <= _SIGNS or (token.text == "(" and name and name not in _CALLABLE)):
            return False
        if token.kind == "text" and before in ("word", "name"):
            return False
        if token.kind != "space":
            name = token.name.lower() if token.kind in ("word", "name") else ""
        before = token.kind
    return True


def _answers(connection: Connection, pairs: Sequence[DefaultPair]) -> list[bool]:
    """Ask about all at once; where one of them cannot be answered, one by one."""
    if not pairs:
        return []
    try:
        return _ask(connection, pairs)
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        if len(pairs) == 1:
            return [False]
        return [answer for pair in pairs for answer in _answers(connection, [pair])]


def _ask(connection: Connection, pairs: Sequence[DefaultPair]) -> list[bool]:
    """Run the query inside a savepoint, so that an error does not end the caller's transaction."""
    terms = ", ".join(
        f"CAST(CAST(({each.inspected}) AS {each.type_text}) AS text) IS NOT DISTINCT FROM "
        f"CAST(CAST(({each.wanted}) AS {each.type_text}) AS text)"
        for each in pairs
    )
    statement = f"SELECT ARRAY[{terms}]"
    if getattr(connection.connection.dbapi_connection, "autocommit", False):
        return list(connection.exec_driver_sql(statement).scalar_one())
    with connection.begin_nested():
        return list(connection.exec_driver_sql(statement).scalar_one())
