"""The arguments of constructors: written from the attributes of an object, checked by their annotations when read."""

from __future__ import annotations

import inspect
import re
import types
import typing
from collections.abc import Callable, Collection, Mapping
from functools import cache
from typing import Any, Literal, Union

from ...util.exc import InvalidJson, NotAsJson
from .codec import as_boolean, shown

_VARIABLE = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
_NOTHING = object()


@cache
def parameters(cls: Callable[..., object]) -> tuple[inspect.Parameter, ...]:
    """Return the parameters of the constructor of a class, without ``self``."""
    return tuple(inspect.signature(cls.__init__).parameters.values())[1:]


def options_name(cls: Callable[..., object]) -> str | None:
    """Return the name of the constructor's ``**options``, None if it has none."""
    return next((each.name for each in parameters(cls) if each.kind is inspect.Parameter.VAR_KEYWORD), None)


def arguments_of(thing: object, attributes: Mapping[str, str], omitted: Collection[str]) -> dict[str, object]:
    """Return the arguments that construct an equal object, without those that have their default value.

    The value of an argument is the attribute of that name, or the one that ``attributes`` names for it. The further
    options are under ``**``.
    """
    found: dict[str, object] = {}
    for parameter in parameters(_class_of(thing)):
        if parameter.name in omitted:
            continue
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            raise NotAsJson(thing, "Its constructor takes *args: define json_arguments() and from_json_arguments().")
        is_options = parameter.kind is inspect.Parameter.VAR_KEYWORD
        value = getattr(thing, attributes.get(parameter.name, parameter.name), _NOTHING)
        if is_options:
            value = getattr(thing, "kw", {}) if value is _NOTHING else value
            found |= {"**": value} if value else {}
        elif value is _NOTHING:
            raise NotAsJson(
                thing,
                f"It has no attribute {parameter.name!r}, an argument of its constructor. Store it as this attribute, "
                "or define json_arguments() and from_json_arguments().",
            )
        elif not _is_default(value := _as_annotated(value, parameter), parameter.default):
            found[parameter.name] = value
    return found


def _as_annotated(value: object, parameter: inspect.Parameter) -> object:
    kinds = set(re.findall(r"\w+", str(parameter.annotation)))
    return as_boolean(value) if "bool" in kinds and "int" not in kinds else value


def _class_of(thing: object) -> Callable[..., object]:
    return type(thing)


def _is_default(value: object, default: object) -> bool:
    plain = (str, int, bool, type(None), tuple, list, dict)
    if value is default or (default is None and value in ([], {}) and type(value) in plain):
        return True
    if default == () and value == []:
        return True
    return type(value) is type(default) and type(value) in plain and value == default


def constructed(cls: Callable[..., object], arguments: Mapping[str, object]) -> Any:
    """Return ``cls(**arguments)``; raises InvalidJson for an argument that is unknown, missing or of another type."""
    given = dict(arguments)
    options: Any = given.pop("**", {})
    known = [each for each in parameters(cls) if each.kind not in _VARIABLE]
    names = [each.name for each in known]
    for name in given:
        if name not in names:
            raise InvalidJson(f"it has {name!r}, which is not known here. Known are: {', '.join(names)}")
    missing = [each.name for each in known if each.default is inspect.Parameter.empty and each.name not in given]
    if missing:
        raise InvalidJson(f"it has no {missing[0]!r}")
    hints = _hints(cls)
    fitted = {name: _fitted_member(name, value, hints.get(name, Any)) for name, value in given.items()}
    if options and (not isinstance(options, dict) or options.keys() & set(names)):
        raise InvalidJson("'options' must be further arguments by their names")
    try:
        return cls(**fitted, **options)
    except InvalidJson:
        raise
    except Exception as error:  # noqa: BLE001 - a constructor refuses arguments in its own way
        raise InvalidJson(str(error).rstrip(".")) from None


@cache
def _hints(cls: Callable[..., object]) -> dict[str, Any]:
    """Return the annotations of a constructor; none of a class whose annotations cannot be evaluated."""
    try:
        return typing.get_type_hints(cls.__init__)
    except Exception:  # noqa: BLE001 - a user-defined class may import names for its types only
        return {}


def _fitted_member(name: str, value: object, hint: object) -> object:
    fitted = fit(value, hint)
    if fitted is _NOTHING:
        raise InvalidJson(f"{name!r} cannot be {shown(value)}")
    return fitted


def fit(value: object, hint: object) -> object:
    """Return a value as an annotation asks for it: lists as tuples where it says so; `_NOTHING` if it does not fit."""
    if hint is Any or hint is object or isinstance(hint, (str, typing.TypeVar)):
        return value
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (Union, types.UnionType):
        return next((each for one in inner if (each := fit(value, one)) is not _NOTHING), _NOTHING)
    if origin is Literal:
        return value if any(value is each or value == each for each in inner) else _NOTHING
    if hint is None or hint is type(None):
        return value if value is None else _NOTHING
    kind = origin or hint
    if typing.is_typeddict(kind):
        return value if isinstance(value, dict) and value.keys() <= kind.__annotations__.keys() else _NOTHING
    if not isinstance(kind, type):
        return value
    if issubclass(kind, tuple):
        return _tuple(value, inner)
    if kind is set:
        return set(value) if isinstance(value, (list, set)) else _NOTHING
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is int):
        return _NOTHING
    return _items(value, kind, inner) if inner else value


def _tuple(value: object, inner: tuple[object, ...]) -> object:
    if not isinstance(value, (list, tuple)):
        return _NOTHING
    hints = inner[:1] * len(value) if Ellipsis in inner else inner
    fitted = [fit(each, hint) for each, hint in zip(value, hints, strict=False)]
    fits = len(hints) == len(value) and not any(each is _NOTHING for each in fitted)
    return tuple(fitted) if fits else _NOTHING


def _items(value: Any, kind: type, inner: tuple[object, ...]) -> object:
    """Return a list or dict whose items fit; a text is not a list of texts."""
    if issubclass(kind, Mapping):
        fitted = {name: fit(each, inner[-1]) for name, each in value.items()}
        return fitted if not any(each is _NOTHING for each in fitted.values()) else _NOTHING
    if isinstance(value, str):
        return _NOTHING
    if isinstance(value, list):
        found = [fit(each, inner[0]) for each in value]
        return found if not any(each is _NOTHING for each in found) else _NOTHING
    return value
