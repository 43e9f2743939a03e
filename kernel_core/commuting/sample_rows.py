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

from sqlalchemy import Column, Connection, Enum, MetaData, Numeric, String
from sqlalchemy.exc import SAWarning, SQLAlchemyError

from ..util.sql import likely_grammar, tokens

_COUNT = 3
_MOST = 12
_WHOLE = re.compile(r"[0-9]{1,4}")


@dataclass(frozen=True, slots=True)
class Samples:
    """The values of the sample rows: row ``n`` has the ``n``-th text and the ``n``-th number."""

    texts: tuple[str, ...] = tuple(str(number) for number in range(1, _COUNT + 1))
    numbers: tuple[int, ...] = tuple(range(1, _COUNT + 1))


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
    count = max(len(texts), len(numbers))
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
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)
        tables = metadata.sorted_tables
    count = len(samples.texts)
    for table in tables:
        columns = [each for each in table.columns if each.computed is None and each.identity is None]
        try:
            rows = [{each.name: _value(each, number, samples) for each in columns} for number in range(count)]
            with connection.begin_nested(), warnings.catch_warnings():
                warnings.simplefilter("ignore", SAWarning)
                connection.execute(table.insert(), rows)
            filled[table.fullname] = count
        except (SQLAlchemyError, NotImplementedError, TypeError, ValueError):
            refused.append(table.fullname)
    connection.commit()
    return filled, tuple(refused)


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
