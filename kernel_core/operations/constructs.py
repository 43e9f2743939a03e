"""SQLAlchemy's own DDL constructs that have an operation here, so that ``op.execute(CreateSchema("sales"))`` is one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from .operation import MigrateOperation, remember_operation

C = TypeVar("C", bound=type[Any])
_operations: dict[type, Callable[[Any], MigrateOperation]] = {}


def stands_for(construct: type) -> Callable[[C], C]:
    """Register the decorated operation for a class of constructs; its ``from_construct`` makes one of each."""

    def register(operation_class: C) -> C:
        _operations[construct] = operation_class.from_construct
        remember_operation(operation_class)
        return operation_class

    return register


def operation_of(construct: object) -> MigrateOperation | None:
    """Return the operation of a construct; None for a statement without one."""
    make = _operations.get(type(construct))
    return None if make is None else make(construct)
