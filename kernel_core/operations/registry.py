"""The registry of operation classes, and of those that do the same as a DDL construct of SQLAlchemy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from .operation import MigrateOperation

C = TypeVar("C", bound=type[Any])

_registered: dict[str, type[MigrateOperation]] = {}
_of_constructs: dict[type, Callable[[Any], MigrateOperation]] = {}


def remember_operation(cls: type[MigrateOperation]) -> None:
    """Add a class to `all_operations`; every decorator that registers a class calls this."""
    _registered[f"{cls.__module__}.{cls.__qualname__}"] = cls


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
