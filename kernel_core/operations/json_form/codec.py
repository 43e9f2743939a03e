"""The JSON form of values: what JSON has stays as it is, everything else is an object whose ``$`` names its kind.

    encode(Column("id", Integer))    # {"$": "column", "name": "id", "type": {"$": "type", "name": "Integer"}}

A kind of value is registered with `register_value`; reading looks kinds up in this table and nowhere else, so that
no text of a document is evaluated or imported.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from ...util.exc import InvalidJson, NotAsJson

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
"""Plain data as ``json.dumps`` takes it."""

Encode = Callable[[Any], Json]
Decode = Callable[["JsonObject"], object]
T = TypeVar("T")

KIND = "$"
"""The key that names the kind of an object."""

OPERATION = "operation"
"""The key that names the class of an operation, in place of ``$``."""

_encoders: dict[type, tuple[str, Encode]] = {}
_decoders: dict[str, Decode] = {}


def register_value(kind: str, classes: type | tuple[type, ...], encode: Encode, decode: Decode) -> None:
    """Register a kind of value, for objects of ``classes`` and of their subclasses that have no kind of their own.

    ``encode`` returns the members of the object without ``$``, ``decode`` the value of a `JsonObject`::

        register_value(
            "point", Point, lambda point: {"x": point.x, "y": point.y}, lambda json: Point(json.get("x"), json.get("y"))
        )
    """
    for cls in classes if isinstance(classes, tuple) else (classes,):
        _encoders[cls] = (kind, encode)
    _decoders[kind] = decode


class JsonObject:
    """An object of a document while it is read, with messages that name the place of a mistake."""

    __slots__ = ("_members",)

    def __init__(self, members: Mapping[str, object]) -> None:
        self._members = members

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def names(self) -> frozenset[str]:
        """Return the names of the members, without ``$``."""
        return frozenset(self._members) - {KIND}

    def get(self, name: str, default: object = None) -> Any:
        """Return the decoded value of a member, ``default`` if it is missing."""
        if name not in self._members:
            return default
        with _Place(name):
            return decode(self._members[name])

    def need(self, name: str, kind: type[T]) -> T:
        """Return the decoded value of a member; raises InvalidJson if it is missing or of another class."""
        if name not in self._members:
            raise InvalidJson(f"it has no {name!r}")
        value = self.get(name)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise InvalidJson(f"{name!r} is {shown(self._members[name])}, not a {kind.__name__}")
        return value

    def only(self, *names: str) -> JsonObject:
        """Return this object; raises InvalidJson if it has a member of another name."""
        unknown = sorted(self.names() - set(names))
        if unknown:
            raise InvalidJson(f"it has {unknown[0]!r}, which is not known here. Known are: {', '.join(names)}")
        return self


class _Place:
    """A block that is about one part of a document: an InvalidJson that leaves it names that part."""

    __slots__ = ("_part",)

    def __init__(self, part: str | int) -> None:
        self._part = part

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, InvalidJson):
            error.path = (self._part, *error.path)


def as_boolean(value: object) -> object:
    """Return True for 1 and False for 0, as people write ``unique=1``; every other value as it is."""
    return bool(value) if type(value) is int and value in (0, 1) else value


def encode(value: object) -> Json:
    """Return the JSON form of a value; raises NotAsJson if no kind is registered for its class."""
    if value is None or type(value) in (bool, int, str) or (type(value) is float and math.isfinite(value)):
        return value  # type: ignore[return-value]
    if isinstance(value, (list, tuple)):
        return [encode(each) for each in value]
    if isinstance(value, Mapping) and all(type(name) is str for name in value) and not {KIND, OPERATION} & value.keys():
        return {name: encode(each) for name, each in value.items()}
    found = next((_encoders[cls] for cls in type(value).__mro__ if cls in _encoders), None)
    if found is None:
        found = next((each for cls, each in _encoders.items() if isinstance(value, cls)), None)
    if found is None:
        raise NotAsJson(value)
    kind, encoder = found
    members = encoder(value)
    is_named = not isinstance(members, dict) or KIND in members or OPERATION in members
    return members if is_named else {KIND: kind, **members}  # type: ignore[dict-item]


def decode(json: object) -> Any:
    """Return the value of its JSON form; raises InvalidJson, whose message names the place of the mistake."""
    if json is None or isinstance(json, (bool, int, float, str)):
        return json
    if isinstance(json, list):
        return [_item(position, each) for position, each in enumerate(json)]
    if not isinstance(json, Mapping) or not all(isinstance(name, str) for name in json):
        raise InvalidJson(f"{shown(json)} is not JSON")
    if OPERATION in json:
        return _decoders[OPERATION](JsonObject(json))
    if KIND not in json:
        members = JsonObject(json)
        return {name: members.get(name) for name in json}
    kind = json[KIND]
    decoder = _decoders.get(kind) if isinstance(kind, str) else None
    if decoder is None:
        raise InvalidJson(f"{shown(kind)} is not a kind of value. Known are: {', '.join(sorted(_decoders))}")
    return decoder(JsonObject(json))


def _item(position: int, json: object) -> object:
    with _Place(position):
        return decode(json)


def shown(json: object) -> str:
    """Return a short text for a part of a document."""
    text = repr(json)
    return text if len(text) <= 60 else f"{text[:59]}…"
