"""The JSON form of literals that JSON lacks: names with quoting, bytes, numbers, dates, dicts with other keys."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import decimal
import enum
import math
import uuid
from collections.abc import Callable, Mapping
from typing import NoReturn

from sqlalchemy import MetaData
from sqlalchemy.sql.elements import conv, quoted_name

from ...util.exc import InvalidJson, NotAsJson
from .codec import Json, JsonObject, encode, register_value


def _name(value: str) -> Json:
    """Encode a name that no naming convention changes (``op.f``), or one with its own quoting; other text plainly."""
    text = str.__str__(value)
    if isinstance(value, conv):
        return {"name": text, "final": True}
    if isinstance(value, quoted_name) and value.quote is not None:
        return {"name": text, "quote": value.quote}
    return text


def _read_name(json: JsonObject) -> str:
    name = json.only("name", "final", "quote").need("name", str)
    if "quote" in json:
        return quoted_name(name, json.need("quote", bool))
    return conv(name) if "final" in json and json.need("final", bool) else name


def _read_bytes(json: JsonObject) -> bytes:
    text = json.only("base64").need("base64", str)
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidJson("its base64 is not valid") from None


def _parsed(json: JsonObject, parse: Callable[[str], object], name: str) -> object:
    """Return what ``parse`` makes of the text; raises InvalidJson if it cannot."""
    text = json.only("text").need("text", str)
    try:
        return parse(text)
    except (ValueError, TypeError, ArithmeticError):
        raise InvalidJson(f"{text[:40]!r} is not a {name}") from None


def _dict(value: Mapping[object, object]) -> dict[str, Json]:
    return {"items": [[encode(name), encode(each)] for name, each in value.items()]}


def _read_dict(json: JsonObject) -> dict[object, object]:
    items = json.only("items").need("items", list)
    if not all(isinstance(each, list) and len(each) == 2 for each in items):
        raise InvalidJson("'items' must be pairs of a key and a value")
    try:
        return {name: value for name, value in items}  # noqa: C416 - dict() would name the wrong mistake
    except TypeError:
        raise InvalidJson("a key of a dict must be a single value") from None


def _set(value: set[object] | frozenset[object]) -> dict[str, Json]:
    return {"items": sorted((encode(each) for each in value), key=repr)}


def _read_set(json: JsonObject) -> set[object]:
    try:
        return set(json.only("items").need("items", list))
    except TypeError:
        raise InvalidJson("an item of a set must be a single value") from None


def _member(value: enum.Enum) -> dict[str, Json]:
    """Refuse a member of an Enum: its class is Python code, and rows encode it by the type of their column."""
    raise NotAsJson(value, "Use its name or its value.")


def _read_member(json: JsonObject) -> NoReturn:
    raise InvalidJson("a member of an Enum cannot be read")


def _interval(json: JsonObject) -> dt.timedelta:
    parts = {name: json.need(name, int) for name in ("days", "seconds", "microseconds")}
    try:
        return dt.timedelta(**parts)
    except OverflowError:
        raise InvalidJson("the interval is too long") from None


def _number(value: float) -> Json:
    """Encode an instance of a subclass of int, such as an ``IntEnum``, as a number, and what is not finite as text."""
    if isinstance(value, int):
        return int(value)
    return float(value) if math.isfinite(value) else {"text": repr(float(value))}


register_value("number", (int, float), _number, lambda json: _parsed(json, float, "number"))
register_value("name", str, _name, _read_name)
register_value(
    "bytes",
    (bytes, bytearray, memoryview),
    lambda value: {"base64": base64.b64encode(bytes(value)).decode()},
    _read_bytes,
)
register_value(
    "decimal",
    decimal.Decimal,
    lambda value: {"text": str(value)},
    lambda json: _parsed(json, decimal.Decimal, "decimal number"),
)
register_value("uuid", uuid.UUID, lambda value: {"text": str(value)}, lambda json: _parsed(json, uuid.UUID, "UUID"))
register_value(
    "date",
    dt.date,
    lambda value: {"text": value.isoformat()},
    lambda json: _parsed(json, dt.date.fromisoformat, "date"),
)
register_value(
    "datetime",
    dt.datetime,
    lambda value: {"text": value.isoformat()},
    lambda json: _parsed(json, dt.datetime.fromisoformat, "date and time"),
)
register_value(
    "time",
    dt.time,
    lambda value: {"text": value.isoformat()},
    lambda json: _parsed(json, dt.time.fromisoformat, "time"),
)
register_value(
    "interval",
    dt.timedelta,
    lambda value: {"days": value.days, "seconds": value.seconds, "microseconds": value.microseconds},
    _interval,
)
register_value("dict", Mapping, _dict, _read_dict)
register_value("set", (set, frozenset), _set, _read_set)
register_value("enum member", enum.Enum, _member, _read_member)
register_value("metadata", MetaData, lambda _: {}, lambda json: MetaData() if json.only() else None)
