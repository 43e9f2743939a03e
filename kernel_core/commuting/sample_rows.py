"""Sample rows for the tables of a scratch database, so that changes of rows show their order."""

from __future__ import annotations

import ast
import datetime as dt
import decimal
import re
import uuid
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Enum,
    MetaData,
    Numeric,
    PrimaryKeyConstraint,
    String,
    Table,
    UniqueConstraint,
    null,
)
from sqlalchemy.exc import NoReferenceError, SAWarning, SQLAlchemyError

from ..util.sql import likely_grammar, tokens

_COUNT = 3
_MOST = 12
_WHOLE = re.compile(r"[0-9]{1,4}")


@dataclass(frozen=True, slots=True)
class Samples:
    """The values of the sample rows: row ``n`` has the ``n``-th text and the ``n``-th number.

    Where it ``is_awkward``, the last row has NULL in each column that may be null, which SET NOT NULL refuses, and the
    one before has the values of the first row, which a new unique constraint refuses.
    """

    texts: tuple[str, ...] = tuple(str(number) for number in range(1, _COUNT + 1))
    numbers: tuple[int, ...] = tuple(range(1, _COUNT + 1))
    is_awkward: bool = True


def samples_of(sources: Iterable[str]) -> Samples:
    """Return samples with the literals of version files, so that conditions such as ``WHERE name = 'a'`` find rows."""
    texts, numbers = dict.fromkeys(Samples().texts), dict.fromkeys(Samples().numbers)
    for source in sources:
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                for token in tokens(node.value, likely_grammar(node.value)):
                    if token.kind == "text" and len(texts) < _MOST:
                        texts.setdefault(token.name)
                    elif token.kind == "number" and _WHOLE.fullmatch(token.text) and len(numbers) < _MOST:
                        numbers.setdefault(int(token.text))
    count = max(len(texts), len(numbers)) + 2
    more = iter(range(5001, 5001 + 2 * _MOST))
    while len(texts) < count:
        texts.setdefault(str(next(more)))
    while len(numbers) < count:
        numbers.setdefault(next(more))
    return Samples(tuple(texts), tuple(numbers))


def fill(connection: Connection, metadata: MetaData, samples: Samples) -> tuple[dict[str, int], tuple[str, ...]]:
    """Insert rows into each table; return their numbers by table, and the tables that refused them."""
    filled: dict[str, int] = {}
    refused: list[str] = []
    tables = _sorted(metadata)
    for table in tables:
        number = _insert(connection, table, _rows(table, samples))
        if number:
            filled[table.fullname] = number
        else:
            refused.append(table.fullname)
    connection.commit()
    return filled, tuple(refused)


def _rows(table: Table, samples: Samples) -> list[dict[str, Any]]:
    """Return the rows of a table; [] where a column needs a value of a type that is not known."""
    columns = [each for each in table.columns if each.computed is None and each.identity is None]
    try:
        rows = [{each.name: _value(each, number, samples) for each in columns} for number in range(len(samples.texts))]
    except (NotImplementedError, TypeError, ValueError):
        return []
    if samples.is_awkward:
        single = _single(table)
        rows[-2] |= {name: value for name, value in rows[0].items() if name not in single}
        rows[-1] |= {each.name: null() for each in columns if each.nullable}
    return rows


def _single(table: Table) -> set[str]:
    """Return the columns of which no two rows may have the same value."""
    groups = [each.columns for each in table.constraints if isinstance(each, PrimaryKeyConstraint | UniqueConstraint)]
    groups += [each.columns for each in table.indexes if each.unique]
    return {column.name for group in groups for column in group}


def _insert(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> int:
    """Insert all rows, or those that the table accepts; return their number."""
    accepted = 0
    for several in (rows, *([row] for row in rows)):
        try:
            with connection.begin_nested(), warnings.catch_warnings():
                warnings.simplefilter("ignore", SAWarning)
                for row in several:  # one by one, because null() is an expression
                    connection.execute(table.insert().values(row))
        except (SQLAlchemyError, NotImplementedError, TypeError, ValueError):
            continue
        if several is rows:
            return len(rows)
        accepted += 1
    return accepted


def _sorted(metadata: MetaData) -> list[Table]:
    """Return the tables in the order of their foreign keys, if they all refer to a table."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)
        try:
            return metadata.sorted_tables
        except NoReferenceError:
            return list(metadata.tables.values())


def _value(column: Column[Any], number: int, samples: Samples) -> object:
    """Return the value of a column in a row; columns of one type agree, so that foreign keys find their rows."""
    type_ = column.type
    if isinstance(type_, Enum):
        return type_.enums[number % len(type_.enums)]
    python = type_.python_type
    place = samples.numbers[number]
    if python is str:
        text = samples.texts[number]
        length = type_.length if isinstance(type_, String) else None
        return text[:length] if length else text
    if python is decimal.Decimal or isinstance(type_, Numeric):
        return decimal.Decimal(place)
    values: dict[type, object] = {
        int: place,
        float: place + 0.5,
        bool: bool(number % 2),
        dt.datetime: dt.datetime(2020, 1, 1 + number % 12),  # noqa: DTZ001 - a sample
        dt.date: dt.date(2020, 1, 1 + number % 12),
        dt.time: dt.time(1 + number % 12),
        dt.timedelta: dt.timedelta(days=1 + number),
        bytes: str(place).encode(),
        uuid.UUID: uuid.UUID(int=place),
        dict: {"number": place},
        list: [],
    }
    return values.get(python)
