"""The query that finds the rows of a blocker, as text that can be run on the database itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import SQLAlchemyError

from ...util.counts import counted
from ...util.sql import tokens
from ..masking import Masked, masked
from .checks import Check
from .misfits import FUNCTION
from .savepoints import undone_if_failed

BEFORE = "mig_rehearsed_before"
"""The table of the rows that broke a constraint before a statement, where `broken_before` notes them."""

LISTED = 200
"""So many rows or values are listed in a query at most."""


@dataclass(frozen=True, slots=True)
class Query:
    """The text of a query; "" where there is none, for a ``reason``.

    ``lists_text``: it lists values of text, which may be personal.
    """

    text: str = ""
    lists_text: bool = False
    reason: str = ""


def number_of(connection: Connection, rows: sa.Select[Any]) -> int:
    """Return how many rows a query finds."""
    count = sa.select(sa.func.count()).select_from(rows.order_by(None).subquery("found"))
    return int(connection.execute(count).scalar_one())


def query_of(connection: Connection, check: Check, number: int) -> Query:
    """Return the query that finds the ``number`` rows of a check.

    Where it reads a function or a table that exists only now, it is the condition with the same result, else a list of
    the rows' keys, or of their values.
    """
    text = _text(connection, check.rows)
    if text or not number:
        return Query(text)
    with suppress(SQLAlchemyError, NotImplementedError), undone_if_failed(connection):
        if check.plain is not None and _finds_the_same(connection, check.rows, check.plain, number):
            return Query(_text(connection, check.plain))
    for names in (check.key, (check.tried,)):
        with suppress(SQLAlchemyError, NotImplementedError, ValueError), undone_if_failed(connection):
            found = _listed(connection, check.rows, [name for name in names if name], number)
            if found.text:
                return found
    return Query(reason=f"{check.why_no_query}, and {counted(number, 'row')} cannot be listed")


def _finds_the_same(connection: Connection, rows: sa.Select[Any], others: sa.Select[Any], number: int) -> bool:
    condition = others.whereclause
    both = rows if condition is None else rows.where(condition)
    return number_of(connection, others) == number == number_of(connection, both)


def _listed(connection: Connection, rows: sa.Select[Any], names: Sequence[str], number: int) -> Query:
    """Return a query of the rows by a list of their values in some columns; none where it does not find just them."""
    columns = [rows.selected_columns[name] for name in names]
    if not columns:
        return Query()
    values = connection.execute(rows.with_only_columns(*columns).distinct().limit(LISTED + 1)).all()
    if len(values) > LISTED:
        return Query()
    listed = [tuple(row) for row in values]
    condition = columns[0].in_([value for (value,) in listed]) if len(columns) == 1 else sa.tuple_(*columns).in_(listed)
    text = _text(connection, sa.select(*rows.selected_columns).where(condition))
    if rows_of_text(connection, text) != number:
        return Query()
    return Query(text, any(isinstance(masked(value), Masked) for row in listed for value in row))


def rows_of_text(connection: Connection, text: str) -> int:
    """Return how many rows a query finds that is written as text."""
    counting = sa.text(f"SELECT count(*) FROM ({text}) AS found".replace(":", r"\:"))
    return int(connection.execute(counting).scalar_one())


def _text(connection: Connection, rows: sa.Select[Any]) -> str:
    """Return the query as text that can be run by itself; "" where it reads what exists only now."""
    compiled = rows.compile(dialect=_without_parameters(connection), compile_kwargs={"literal_binds": True})
    text = str(compiled)
    if FUNCTION in text or BEFORE in text:
        return ""
    several = tokens(text, connection.dialect)  # without spaces and comments
    gaps = [" " if each.start > before.end else "" for before, each in pairwise(several)]
    return "".join(gap + text[each.start : each.end] for gap, each in zip(("", *gaps), several, strict=True))


def _without_parameters(connection: Connection) -> Dialect:
    """Return a dialect that writes percent signs once, as no driver reads them as the place of a parameter."""
    kind: Callable[..., Dialect] = type(connection.dialect)
    return kind(paramstyle="named")
