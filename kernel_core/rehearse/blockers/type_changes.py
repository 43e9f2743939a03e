"""The values that a change of a column's type refuses or changes, as conditions whose rows a database can count.

Observed on PostgreSQL 15 and MariaDB 10.11: a text that is too long or an integer out of range makes the statement fail
(MariaDB: in strict mode, else it is truncated); decimals are rounded silently. SQLite keeps every value unchanged (https://sqlite.org/datatype3.html).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from ...operations.kinds.column.type_conversion import byte_limit, integer_range, is_lossless
from ...util.sqla_compat.types import AnyType

Severity = Literal["loses data", "may fail"]

_INTEGER = r"^\s*[-+]?[0-9]+\s*$"
_DECIMAL = r"^\s*[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?\s*$"
_PLACE = r"^\s*[+]?[0-9]+ *\z"
MYSQL = ("mysql", "mariadb")
"""The names of the dialects of MySQL and MariaDB."""

_NUMBERS = (sa.Integer, sa.Numeric, sa.Float)
_TEMPORAL = (sa.Date, sa.DateTime, sa.Time, sa.Interval)
_NEEDS_USING = (*_NUMBERS, sa.Boolean, *_TEMPORAL, sa.LargeBinary, sa.Uuid, sa.JSON)


@dataclass(frozen=True, slots=True)
class ValueChange:
    """Values that the new type refuses or changes, and the condition that selects them.

    ``condition`` is None where they cannot be counted, and True where the statement fails for any values.
    """

    severity: Severity
    text: str
    condition: sa.ColumnElement[bool] | Literal[True] | None


def value_changes(
    column: sa.ColumnElement[Any],
    name: str,
    after: AnyType,
    dialect: str,
    *,
    using: str = "",
    strict: bool = True,
) -> Iterator[ValueChange]:
    """Yield the values that are refused or changed when ``column``, with its type in the database, becomes ``after``.

    ``using`` is the expression of ``postgresql_using``; ``strict``: MariaDB and MySQL refuse values that do not fit.
    """
    before = column.type
    refused: Severity = "may fail" if strict else "loses data"
    if isinstance(after, sa.Boolean) and after.create_constraint and dialect == "sqlite":
        neither = column.not_in([sa.literal_column("0"), sa.literal_column("1")])
        yield ValueChange("may fail", f"fails where {name} is neither 0 nor 1", neither)
    if isinstance(after, sa.Enum) and (after.create_constraint or (after.native_enum and dialect != "sqlite")):
        if dialect == "postgresql" and after.native_enum and not using:
            yield _never(name, before, after)
            return
        unknown = _not_of_enum(column, after, dialect)
        yield ValueChange(refused, f"fails where {name} is not one of {', '.join(after.enums)}", unknown)
        return
    if after.__visit_name__ == "SET":  # of MariaDB and MySQL
        unknown = _not_of_set(column, len(getattr(after, "values", ())))
        yield ValueChange(refused, f"values of {name} do not fit {after}", unknown)
        return
    if dialect == "sqlite" or is_lossless(before, after):
        return
    if dialect == "postgresql" and not using and _needs_using(before, after):
        yield _never(name, before, after)
        return
    if using and not is_cast(using):
        yield ValueChange("loses data", f"values of {name} become {using}", None)
        return
    yield from _narrowed(_Change(column, name, after, dialect, bool(using), refused))


def _not_of_enum(column: sa.ColumnElement[Any], after: sa.Enum, dialect: str) -> sa.ColumnElement[bool] | None:
    """Return the condition of the values that an ENUM refuses; None where they cannot be counted by one.

    MariaDB and MySQL read a number, and a text that is one and no label, as the place of a label, from 1
    (https://mariadb.com/kb/en/enum/). Observed: blanks around the digits, zeros and a plus sign before them are taken.
    """
    if dialect not in MYSQL:
        return sa.cast(column, sa.Text).not_in(list(after.enums))
    before, collation = column.type, getattr(after, "collation", None)
    if isinstance(before, sa.String):
        text = sa.type_coerce(column, sa.Text)
        compared = text.collate(collation) if collation else text
        number = sa.cast(sa.cast(column, sa.Text), sa.Numeric(65))
        place = number.between(sa.literal_column("1"), sa.literal_column(str(len(after.enums))))
        is_place = sa.case((text.regexp_match(_PLACE), place), else_=sa.false())
        return sa.and_(compared.not_in(list(after.enums)), sa.not_(is_place))
    return _not_between(column, 1, len(after.enums))


def _not_of_set(column: sa.ColumnElement[Any], members: int) -> sa.ColumnElement[bool] | None:
    """Return the condition of the numbers that a SET refuses: they are read as bits. None for other values."""
    return _not_between(column, 0, 2**members - 1)


def _not_between(column: sa.ColumnElement[Any], low: int, high: int) -> sa.ColumnElement[bool] | None:
    before, number = column.type, column
    if isinstance(before, sa.Numeric) and not isinstance(before, sa.Float):
        number = sa.func.round(column, 0)
    elif not isinstance(before, sa.Integer | sa.Boolean):
        return None
    return sa.not_(number.between(sa.literal_column(str(low)), sa.literal_column(str(high))))


@dataclass(frozen=True, slots=True)
class _Change:
    column: sa.ColumnElement[Any]
    name: str
    after: AnyType
    dialect: str
    explicit: bool
    refused: Severity

    @property
    def text(self) -> sa.ColumnElement[Any]:
        return sa.cast(self.column, sa.Text)

    @property
    def type_(self) -> str:
        return str(self.after)

    def decimal(self) -> sa.ColumnElement[Any]:
        """Return the value as a decimal with all its digits."""
        wide = sa.Numeric() if self.dialect == "postgresql" else sa.Numeric(65, 20)
        return sa.cast(self.column, wide)


def _narrowed(change: _Change) -> Iterator[ValueChange]:
    before, after = change.column.type, change.after
    length = getattr(after, "length", None)
    if isinstance(after, sa.String) and not isinstance(after, sa.Enum):
        bytes_ = byte_limit(after)
        if isinstance(length, int):
            yield _too_long(change, length)
        elif bytes_ is not None:
            beyond = sa.func.octet_length(change.column) > bytes_
            yield ValueChange(change.refused, f"values of {change.name} do not fit {change.type_}", beyond)
    elif isinstance(after, sa.Integer) or (isinstance(after, sa.Boolean) and change.dialect != "postgresql"):
        yield from _to_integer(change)
    elif isinstance(after, sa.Numeric) and not isinstance(after, sa.Float):
        yield from _to_decimal(change)
    elif isinstance(after, sa.JSON) and change.dialect in MYSQL:
        wrong = sa.func.json_valid(change.column) == sa.literal_column("0")
        yield ValueChange(change.refused, f"values of {change.name} are not valid JSON", wrong)
    elif type(after).__visit_name__.upper() == "DATE" and isinstance(before, sa.DateTime):
        lost = change.column != sa.cast(sa.cast(change.column, sa.Date), before)
        yield ValueChange("loses data", f"the time of day in {change.name} is lost", lost)
    else:
        yield ValueChange(
            "loses data", f"values of {change.name} that do not fit {change.type_} are truncated or refused", None
        )


def _too_long(change: _Change, length: int) -> ValueChange:
    text = change.text
    if change.dialect == "postgresql":
        text = sa.func.rtrim(text, " ")  # trailing blanks are removed without an error
    elif change.dialect in MYSQL and not (isinstance(change.column.type, sa.VARCHAR) and _is_varying(change.after)):
        text = sa.func.rtrim(text)  # those of one VARCHAR may be refused by another one
    severity: Severity = "loses data" if change.explicit else change.refused
    effect = "are truncated to" if severity == "loses data" else "do not fit"
    return ValueChange(severity, f"values of {change.name} {effect} {change.type_}", sa.func.char_length(text) > length)


def _is_varying(type_: AnyType) -> bool:
    return isinstance(type_, sa.String) and not isinstance(type_, sa.CHAR)


def _to_integer(change: _Change) -> Iterator[ValueChange]:
    before, name = change.column.type, change.name
    low, high = integer_range(change.after)
    number: sa.ColumnElement[Any] = change.column
    if isinstance(before, sa.String):
        wrong = sa.not_(change.text.regexp_match(_INTEGER))
        beyond: sa.ColumnElement[Any] = sa.case((wrong, sa.true()), else_=sa.not_(change.decimal().between(low, high)))
        yield ValueChange(change.refused, f"values of {name} are not valid {change.type_}", beyond)
        return
    if not isinstance(before, (*_NUMBERS, sa.Boolean)):
        yield ValueChange(
            "loses data", f"values of {name} that do not fit {change.type_} are truncated or refused", None
        )
        return
    if isinstance(before, sa.Numeric | sa.Float):
        number = sa.func.round(change.decimal(), 0)
        yield ValueChange("loses data", f"values of {name} are rounded", change.decimal() != number)
    own_low, own_high = integer_range(before) if isinstance(before, sa.Integer) else (low - 1, high + 1)
    if own_low < low or own_high > high:
        outside = sa.not_(number.between(sa.literal_column(str(low)), sa.literal_column(str(high))))
        yield ValueChange(change.refused, f"values of {name} are out of the range of {change.type_}", outside)


def _to_decimal(change: _Change) -> Iterator[ValueChange]:
    after, name = change.after, change.name
    precision, scale = getattr(after, "precision", None), getattr(after, "scale", None)
    if precision is None and change.dialect != "postgresql":
        precision = 10  # DECIMAL is DECIMAL(10, 0)
    if precision is None:
        return
    rounded = sa.func.round(change.decimal(), scale or 0)
    limit: sa.ColumnElement[Any] = sa.literal_column(str(10 ** (precision - (scale or 0))))
    if isinstance(change.column.type, sa.String):
        wrong = sa.not_(change.text.regexp_match(_DECIMAL))
        beyond = sa.case((wrong, sa.true()), else_=sa.func.abs(rounded) >= limit)
        yield ValueChange(change.refused, f"values of {name} are not valid {change.type_}", beyond)
        return
    outside = sa.func.abs(rounded) >= limit
    if getattr(after, "unsigned", False):
        outside = sa.or_(outside, rounded < sa.literal_column("0"))
    yield ValueChange(change.refused, f"values of {name} do not fit {change.type_}", outside)
    if not isinstance(change.column.type, sa.Integer):
        yield ValueChange("loses data", f"values of {name} are rounded", change.decimal() != rounded)


def _needs_using(before: AnyType, after: AnyType) -> bool:
    """Return whether PostgreSQL has no automatic cast (https://www.postgresql.org/docs/current/sql-altertable.html)."""
    if isinstance(before, sa.String) and not isinstance(before, sa.Enum):
        return isinstance(after, _NEEDS_USING)
    both = (sa.Boolean, *_NUMBERS)
    one_is_boolean = isinstance(before, sa.Boolean) != isinstance(after, sa.Boolean)
    return one_is_boolean and isinstance(before, both) and isinstance(after, both)


def _never(name: str, before: AnyType, after: AnyType) -> ValueChange:
    text = f"PostgreSQL does not convert {name} from {before} to {after} automatically; pass postgresql_using"
    return ValueChange("may fail", text, True)


_CAST = re.compile(r'\s*(CAST\s*\(\s*"?\w+"?\s+AS\s+[^)]+(\(.*\))?\s*\)|"?\w+"?\s*::.+)\s*', re.IGNORECASE)


def is_cast(using: str) -> bool:
    """Return whether an expression of USING is the cast of a column and nothing else."""
    return _CAST.fullmatch(using) is not None
