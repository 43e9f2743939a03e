"""Write values as Python: numbers, dates, members of an Enum, whose ``repr`` need not be an expression."""

from __future__ import annotations

import ast
import datetime as dt
import enum
import math
import sys
from decimal import Decimal
from typing import Any
from uuid import UUID

from ..util.exc import CommandError
from .layout import call, literal

_EXACT = frozenset({type(None), bool, int, bytes})


def value_source(value: Any, imports: set[str]) -> str:
    """Return an expression for an equal value, and add the import that it needs to ``imports``.

        value_source(Color.RED, imports)          # "1", for an IntEnum
        value_source(date(2020, 1, 2), imports)   # "datetime.date(2020, 1, 2)", with import datetime

    A value of a subclass of a number, a str or bytes is written as that. Raises CommandError for one whose ``repr`` is
    not Python; that of a class of a third party is taken as it is.
    """
    if type(value) in _EXACT:
        return repr(value)
    cls = type(value)
    package = cls.__module__.partition(".")[0]
    if package == "numpy" and getattr(value, "shape", None) == () and type(value.item()) is not cls:
        return value_source(value.item(), imports)
    if isinstance(value, str):
        return literal(str.__str__(value))
    if isinstance(value, float):
        source = float.__repr__(value)
        return source if math.isfinite(value) else f'float("{source}")'
    for plain in (int, bytes):
        if isinstance(value, plain):
            return str(plain.__repr__(value))
    known = _of_library(value, imports)
    if known is not None:
        return known
    source = repr(value)
    is_name_missing = package in sys.stdlib_module_names and package != "builtins"  # as in Fraction(1, 2)
    if not isinstance(value, enum.Enum) and not is_name_missing and _is_expression(source):
        return source
    remedy = "Use its name or its value." if isinstance(value, enum.Enum) else "Use a str, a number, or SQL."
    raise CommandError(f"A {cls.__module__}.{cls.__qualname__} cannot be written as Python. {remedy}")


def _of_library(value: Any, imports: set[str]) -> str | None:
    """Return the source of a date, a time, a UUID or a Decimal, None for any other value."""
    if isinstance(value, memoryview):
        return repr(bytes(value))
    if isinstance(value, (Decimal, UUID)):
        cls = Decimal if isinstance(value, Decimal) else UUID
        imports.add(f"import {'decimal' if cls is Decimal else 'uuid'}")
        return call(f"{'decimal' if cls is Decimal else 'uuid'}.{cls.__name__}", [literal(str(value))])
    if isinstance(value, dt.datetime):
        plain: Any = dt.datetime.combine(dt.date(value.year, value.month, value.day), _time(value))
    elif isinstance(value, dt.date):
        plain = dt.date(value.year, value.month, value.day)
    elif isinstance(value, dt.time):
        plain = _time(value)
    elif isinstance(value, dt.timedelta):
        plain = dt.timedelta(value.days, value.seconds, value.microseconds)
    elif isinstance(value, dt.timezone):
        plain = value
    else:
        return None
    zone = getattr(value, "tzinfo", None)
    of_zoneinfo = type(zone).__module__.partition(".")[0] == "zoneinfo"
    if plain != value or not (zone is None or isinstance(zone, dt.timezone) or of_zoneinfo):
        return None
    imports.update(["import datetime", "import zoneinfo"] if of_zoneinfo else ["import datetime"])
    return repr(plain)


def _time(value: dt.datetime | dt.time) -> dt.time:
    return dt.time(value.hour, value.minute, value.second, value.microsecond, tzinfo=value.tzinfo, fold=value.fold)


def _is_expression(source: str) -> bool:
    try:
        ast.parse(source, mode="eval")
    except (SyntaxError, ValueError):
        return False
    return True
