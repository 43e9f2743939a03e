"""A Table that is created when it is first used: ``op.create_table()`` returns one, which most scripts ignore."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, SupportsIndex

from sqlalchemy import MetaData, Table
from sqlalchemy.schema import Column, Constraint, SchemaItem

_CREATE = "_create_deferred"

Create = Callable[[Callable[..., Table]], object]
"""Creates a table by calling its argument in place of the class `Table`, with the same parameters."""


class DeferredTable(Table):
    """A Table without contents, which becomes a usual `Table` when one of its attributes is read or set.

    >>> from sqlalchemy import Column, Integer
    >>> table = deferred_table([], lambda make: make("t", MetaData(), Column("id", Integer)))
    >>> type(table) is Table, table.c.keys(), type(table) is Table
    (False, ['id'], True)
    """

    def __getattribute__(self, name: str) -> Any:
        return getattr(created(self), name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(created(self), name, value)

    def __reduce_ex__(self, protocol: SupportsIndex) -> Any:
        return created(self).__reduce_ex__(protocol)

    def __repr__(self) -> str:
        return repr(created(self))

    def __str__(self) -> str:
        return str(created(self))


def deferred_table(items: Sequence[SchemaItem], create: Create) -> Table:
    """Return a table that ``create`` creates on demand from ``items``, columns and constraints that it will contain.

    They belong to it at once.
    """
    table: Table = object.__new__(DeferredTable)
    for item in items:
        _attach(item, table)
    object.__getattribute__(table, "__dict__")[_CREATE] = items, create
    return table


def created(table: Table) -> Table:
    """Return a table, after creating it if it is deferred."""
    if type(table) is not DeferredTable:
        return table
    items, create = object.__getattribute__(table, "__dict__").pop(_CREATE)
    object.__setattr__(table, "__class__", Table)
    for item in items:
        _attach(item, None)
    create(lambda *args, **kw: _create_in_place(table, *args, **kw))
    return table


def _attach(item: SchemaItem, table: Any) -> None:
    if isinstance(item, Column):
        item.table = table
    elif isinstance(item, Constraint) and table is not None:
        item.parent = table
    elif isinstance(item, Constraint):
        del item.parent


def _create_in_place(table: Table, name: str, metadata: MetaData, *items: SchemaItem, **kw: Any) -> Table:
    """Do what ``Table(name, metadata, ...)`` does, with ``table`` as the new object."""
    table.dispatch.before_parent_attach(table, metadata)
    metadata._add_table(name, kw.get("schema"), table)
    table.__init__(name, metadata, *items, _no_init=False, **kw)  # type: ignore[misc]
    table.dispatch.after_parent_attach(table, metadata)
    return table
