"""Errors and warnings about text that becomes part of a statement: names, expressions, parameters."""

from __future__ import annotations

import re
import warnings
from typing import Any

from .exc import CommandError, CutName
from .sql import expression_fault


def shortened(text: str, length: int = 60) -> str:
    """Return ``text`` as an error names it: on one line, and not too long."""
    return repr(text if len(text) <= length else f"{text[: length - 1]}…")


_PARAMETER = re.compile(r"(?<![:\w\\]):(?=\w)")
_ESCAPE = re.compile(r"\\(?=:[\w$]*(?![:\w$]))")


def without_parameters(sql: str) -> str:
    r"""Return SQL for ``text()``, which is sent as ``sql``, character by character.

    Each colon that would start a parameter is escaped, and each backslash that would escape a colon.

    >>> print(without_parameters("a::int + :b"))
    a::int + \:b
    """
    return without_typed_parameters(_ESCAPE.sub(r"\\\\", sql))


def without_typed_parameters(sql: str) -> str:
    r"""Return SQL that a person typed, for ``text()``: a colon is a colon, and so is ``\:``, as in ``text()``."""
    return _PARAMETER.sub(r"\\:", sql)


def refuse_nul(text: str) -> None:
    """Raise CommandError for text with a NUL, which drivers cut off there or refuse in words of their own."""
    place = text.find("\0")
    if place >= 0:
        around = shortened(text[max(0, place - 30) : place + 30])
        raise CommandError(f"A statement holds a NUL character, around {around}. Take it out of that name or text.")


def warn_of_cut_name(name: str, dialect: Any) -> None:
    """Warn with CutName of a name that PostgreSQL cuts in silence: the statement is about the name that is left.

    It is no error, because a name is cut the same way each time, so that histories with such names run and go on to.
    Names of indexes and constraints are not cut by the server: SQLAlchemy shortens those that a convention made, and
    refuses the others. https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS
    """
    cut = stored_name(name, dialect)
    if cut != name:
        warnings.warn(
            f"The name {shortened(name)} has {len(name.encode('utf-8', 'replace'))} bytes; PostgreSQL keeps "
            f"{dialect.max_identifier_length} and makes {cut!r} of it. Say it that way in your models too, so that "
            "everybody finds it.",
            CutName,
            stacklevel=2,
        )


def stored_name(name: str, dialect: Any) -> str:
    """Return what a database makes of a name: PostgreSQL keeps as many whole characters as fit into 63 bytes."""
    limit = dialect.max_identifier_length
    if dialect.name != "postgresql" or len(name) * 4 <= limit:
        return name
    stored = name.encode("utf-8", "replace")
    return name if len(stored) <= limit else stored[:limit].decode("utf-8", "ignore")


def refuse_loose_sql(text: str, dialect: Any, what: str = "SQL", *, alone: bool = False) -> None:
    """Raise CommandError for SQL that would affect the rest of the statement; ``alone`` as of `expression_fault`."""
    reason = expression_fault(text, dialect, alone=alone)
    if reason:
        raise CommandError(f"This {what} is not one expression, {reason}: {shortened(text.strip())}. Correct it.")
