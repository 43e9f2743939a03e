"""The registry of operation classes, and of those that do the same as a DDL construct of SQLAlchemy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from ..util.exc import CommandError, InvalidJson, NotAsJson
from .json_form.arguments import options_name, parameters
from .json_form.codec import OPERATION, Json, JsonObject, register_value
from .operation import MigrateOperation, json_name_of

C = TypeVar("C", bound=type[Any])

_registered: dict[str, type[MigrateOperation]] = {}
_in_json: dict[str, type[MigrateOperation]] = {}
_names_in_json: dict[type[MigrateOperation], str] = {}
_of_constructs: dict[type, Callable[[Any], MigrateOperation]] = {}


def remember_operation(cls: type[MigrateOperation]) -> None:
    """Add a class to `all_operations`; every decorator that registers a class calls this."""
    _registered[f"{cls.__module__}.{cls.__qualname__}"] = cls
    read_from_json(cls)


def read_from_json(cls: C) -> C:
    """Register a class of operations for `MigrateOperation.from_json`; every class with a directive is.

    Where another class has its name already, its own has the module in front: ``myapp.views.create_view``.
    """
    name = json_name_of(cls)
    known = _in_json.get(name)
    if known is not None and (known.__module__, known.__qualname__) != (cls.__module__, cls.__qualname__):
        name = f"{cls.__module__}.{name}"
    _in_json[name] = cls
    _names_in_json[cls] = name
    return cls


def json_classes() -> Mapping[str, type[MigrateOperation]]:
    """Return name in JSON -> class, for every class that can be read."""
    return _in_json


def all_operations() -> tuple[type[MigrateOperation], ...]:
    """Return every registered operation class, in the order of registration."""
    return tuple(_registered.values())


def register_construct(construct: type) -> Callable[[C], C]:
    """Register the decorated operation for a DDL construct, so that ``op.execute(CreateSchema("sales"))`` is one.

    The operation's class method ``from_construct`` makes one from a construct.
    """

    def register(operation_class: C) -> C:
        _of_constructs[construct] = operation_class.from_construct
        remember_operation(operation_class)
        return operation_class

    return register


def operation_of(construct: object) -> MigrateOperation | None:
    """Return the operation that does the same as a DDL construct; None where there is none."""
    make = _of_constructs.get(type(construct))
    return None if make is None else make(construct)


def _encode(operation: MigrateOperation) -> Json:
    name = _names_in_json.get(type(operation))
    if name is None:
        raise NotAsJson(operation, "Register its class with Operations.register_operation().")
    return {OPERATION: name, **operation.json_members()}


def _decode(json: JsonObject) -> MigrateOperation:
    name = json.need("operation", str)
    cls = _in_json.get(name)
    if cls is None:
        raise InvalidJson(f"no operation is named {name!r}. Known are: {', '.join(sorted(_in_json))}")
    constructor: Callable[..., object] = cls
    names = {each.name.lstrip("_"): each.name for each in parameters(constructor)}
    further = options_name(constructor)
    if further is not None:
        names["options"] = "**"
    state = (*cls.json_state, "undone_by")
    members = sorted(json.names() - {"operation", *state})
    try:
        operation = cls.from_json_arguments({names.get(each, each): json.get(each) for each in members})
        return _with_state(operation, {each: json.get(each) for each in state if each in json})
    except InvalidJson as error:
        raise error.within(name) from None
    except CommandError as error:
        raise InvalidJson(str(error).rstrip(".")).within(name) from None


def _with_state(operation: MigrateOperation, state: Mapping[str, Any]) -> MigrateOperation:
    """Return the operation with its attributes besides the constructor's arguments."""
    known = {name: value for name, value in state.items() if name not in ("undone_by", "followed_by")}
    for name, value in known.items():
        if type(value) not in ((bool,) if name.startswith("outside_") else (str,)):
            raise InvalidJson(f"{name!r} cannot be {value!r}")
    for name in ("undone_by", "followed_by"):
        operations = state.get(name, [])
        if not isinstance(operations, list) or not all(isinstance(each, MigrateOperation) for each in operations):
            raise InvalidJson(f"{name!r} must be a list of operations")
    if "followed_by" in state:
        known["followed_by"] = tuple(state["followed_by"])
    if "undone_by" in state:
        known["undone_by"] = lambda _: state["undone_by"]
    return operation.changed(**known) if known else operation


register_value("operation", MigrateOperation, _encode, _decode)
