"""The constructor arguments of user-defined types, whose ``repr`` shows only those of the decorated type."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping

from sqlalchemy.types import TypeDecorator, TypeEngine

from ..util.sqla_compat import AnyType

Arguments = tuple[list[object], list[tuple[str, object]]]
"""The positional and the keyword arguments of a call."""

_LITERALS = (str, int, float, bool, bytes, type(None))
_MISSING = object()


def has_custom_constructor(type_: AnyType) -> bool:
    """Return whether a TypeDecorator has a constructor of a different signature, and no custom ``repr``."""
    if not isinstance(type_, TypeDecorator):
        return False
    definers = {name: _definer(type(type_), name) for name in ("__init__", "__repr__")}
    if not _is_of_sqlalchemy(definers["__repr__"]) or _is_of_sqlalchemy(definers["__init__"]):
        return False
    kinds = {each.kind for each in _parameters(type(type_))}
    return not kinds & {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}


def constructor_arguments(type_: AnyType) -> Arguments | None:
    """Return the arguments that construct an equal type; None where its attributes do not contain them.

        class Money(TypeDecorator):
            def __init__(self, currency="EUR", digits=2): self.currency = currency; ...

        constructor_arguments(Money("USD"))      # ([], [("currency", "USD")])

    The value of an argument is the attribute of that name, with or without an underscore, of the type or of the type
    that it decorates.
    """
    positional: list[object] = []
    named: list[tuple[str, object]] = []
    for parameter in _parameters(type(type_)):
        value = _value(type_, parameter.name)
        if value is _MISSING and parameter.default is parameter.empty:
            return None
        if value is _MISSING or _is_equal(value, parameter.default):
            continue
        if not _is_literal(value):
            return None
        if parameter.default is parameter.empty and parameter.kind is not parameter.KEYWORD_ONLY:
            positional.append(value)
        else:
            named.append((parameter.name, value))
    return (positional, named) if _constructs_equal(type_, positional, dict(named)) else None


def _constructs_equal(type_: AnyType, positional: list[object], named: Mapping[str, object]) -> bool:
    try:
        made = type(type_)(*positional, **named)
    except Exception:  # noqa: BLE001 - user code
        return False
    expected, found = _attributes(type_), _attributes(made)
    return (
        repr(made) == repr(type_)
        and expected.keys() == found.keys()
        and all(_is_equal(value, found[name]) for name, value in expected.items())
    )


def _attributes(type_: AnyType) -> dict[str, object]:
    """Return the attributes that distinguish one type from another."""
    return {
        name: value for name, value in vars(type_).items() if _is_literal(value) and not isinstance(value, TypeEngine)
    }


def _parameters(cls: type) -> list[inspect.Parameter]:
    return list(inspect.signature(cls.__init__).parameters.values())[1:]  # type: ignore[misc]


def _value(type_: AnyType, name: str) -> object:
    for attribute in (name, f"_{name}"):
        if attribute in vars(type_):
            return vars(type_)[attribute]
    return vars(type_.impl_instance).get(name, _MISSING) if isinstance(type_, TypeDecorator) else _MISSING


def _is_literal(value: object) -> bool:
    if isinstance(value, Mapping):
        return all(_is_literal(each) for pair in value.items() for each in pair)
    if isinstance(value, Iterable) and type(value) in (list, tuple, set, frozenset):
        return all(map(_is_literal, value))
    return isinstance(value, TypeEngine) or type(value) in _LITERALS


def _is_equal(one: object, other: object) -> bool:
    return one is other or (type(one) is type(other) and _is_literal(one) and bool(one == other))


def _definer(cls: type, name: str) -> type:
    return next(each for each in cls.__mro__ if name in vars(each))


def _is_of_sqlalchemy(cls: type) -> bool:
    return cls.__module__.partition(".")[0] in ("sqlalchemy", "builtins")
