"""A snapshot of models, to tell later whether they are still the same: every part of a Table that counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter, itemgetter
from typing import Any

from sqlalchemy.schema import ForeignKeyConstraint, Index, MetaData, PrimaryKeyConstraint, Table, UniqueConstraint
from sqlalchemy.types import TypeEngine

_OF_TABLE = itemgetter("name", "schema", "constraints", "indexes")
_OF_COLUMN = itemgetter("name", "type", "nullable", "server_default", "primary_key")
"""``computed`` and ``identity`` are the ``server_default`` as well; comments don't count on SQLite."""


_COLUMNS: Callable[[Table], Sequence[Any]] = (
    attrgetter("c._collection") if hasattr(Table("any", MetaData()).c, "_collection") else lambda table: list(table.c)
)
"""The columns of a table: the list in which SQLAlchemy keeps them; its iterator would touch each column."""


@dataclass(frozen=True, slots=True)
class _Values:
    """Some values of each of many parts of one kind, all in one row.

    10,000 columns have 100,000 values: they are looked at by a few calls into C, and as little memory is touched as can
    be, because waiting for it is most of the time.
    """

    attributes: Sequence[dict[str, Any]]
    read: Callable[[dict[str, Any]], tuple[Any, ...]]
    seen: Sequence[Any]

    @classmethod
    def of(cls, parts: Iterable[Any], read: Callable[[dict[str, Any]], tuple[Any, ...]]) -> _Values:
        attributes = [part.__dict__ for part in parts]
        return cls(attributes, read, list(chain.from_iterable(map(read, attributes))))

    def are_still(self) -> bool:
        """Tell whether the values are the same now, which is no work for one and the same object."""
        return list(chain.from_iterable(map(self.read, self.attributes))) == self.seen


@dataclass(frozen=True, slots=True)
class _Contents:
    """What lists, sets and dictionaries hold, which can be altered in place."""

    containers: Sequence[Any]
    seen: Sequence[Any]

    @classmethod
    def of(cls, containers: Sequence[Any]) -> _Contents:
        copies: dict[Any, Any] = {}
        return cls(containers, [_copy(container, copies) for container in containers])

    def are_still(self) -> bool:
        return self.containers == self.seen


def _copy(container: Any, copies: dict[Any, Any]) -> Any:
    """Return a copy; one for all that hold the same objects."""
    if isinstance(container, dict):
        return copies.setdefault((*map(id, container), *map(id, container.values())), dict(container))
    return list(container) if isinstance(container, list) else set(container)


@dataclass(frozen=True, slots=True)
class ModelState:
    """What stood in the models: the tables themselves, and what was seen in them and in their parts."""

    tables: Sequence[Table]
    columns: Sequence[Any]
    looks: Sequence[_Values | _Contents]

    @classmethod
    def of(cls, metadatas: Iterable[MetaData]) -> ModelState | None:
        """Take a snapshot; None where something is there that a look cannot compare: options of dialects."""
        metadatas = list(metadatas)
        tables = _tables(metadatas)
        if any(part.dialect_kwargs for table in tables for part in (table, *_parts(table))):
            return None
        looks: list[_Values | _Contents] = [_Contents.of(_containers(metadata.__dict__)) for metadata in metadatas]
        return cls(tables, [list(_COLUMNS(table)) for table in tables], [*looks, *_looks(tables)])

    def is_still(self, metadatas: Iterable[MetaData]) -> bool:
        """Tell whether nothing has changed since."""
        try:
            return (
                _tables(metadatas) == self.tables
                and list(map(_COLUMNS, self.tables)) == self.columns
                and all(look.are_still() for look in self.looks)
            )
        except TypeError:  # another SQL expression: its comparison is SQL again and neither true nor false
            return False


def _tables(metadatas: Iterable[MetaData]) -> list[Table]:
    return [table for metadata in metadatas for table in metadata.tables.values()]


def _parts(table: Table) -> tuple[Any, ...]:
    return (*table.constraints, *table.indexes)


def _looks(tables: Sequence[Table]) -> Iterator[_Values | _Contents]:
    """Yield what is to be looked at in some tables, without their list of columns."""
    columns = [column for table in tables for column in table.columns]
    parts = [part for table in tables for part in _parts(table)]
    inside = [column.type for column in columns] + [column.server_default for column in columns]
    attributes = [values for part in inside for values in _attributes(part)]
    others = [part.__dict__ for part in parts if type(part) not in _OF_PARTS]
    held = [*(part.__dict__ for part in parts), *attributes]
    yield _Values.of(tables, _OF_TABLE)
    yield _Values.of(columns, _OF_COLUMN)
    for kind, read in _OF_PARTS.items():
        yield _Values.of([part for part in parts if type(part) is kind], read)
    containers = [container for values in held for container in _containers(values)]
    sets = [of_table for table in tables for of_table in (table.constraints, table.indexes)]
    yield _Contents.of(attributes + others + containers + sets)


_OF_PARTS: dict[type, Callable[[dict[str, Any]], Any]] = {
    ForeignKeyConstraint: itemgetter("name", "deferrable", "initially", "onupdate", "ondelete", "match"),
    UniqueConstraint: itemgetter("name", "deferrable", "initially"),
    PrimaryKeyConstraint: itemgetter("name", "deferrable", "initially"),
    Index: itemgetter("name", "unique"),
}
"""The values that count in a constraint or index; in one of another kind all do."""


def _attributes(part: Any) -> Iterator[dict[str, Any]]:
    """Yield the attributes of a type or default, and those of a type inside it (of an ARRAY)."""
    if part is not None and part.__dict__:
        yield part.__dict__
        for value in part.__dict__.values():
            if isinstance(value, TypeEngine):
                yield from _attributes(value)


def _containers(attributes: dict[str, Any]) -> list[Any]:
    """Return the lists, sets and dictionaries among values."""
    return [
        value for name, value in attributes.items() if isinstance(value, (list, set, dict)) and name not in _NOT_OURS
    ]


_NOT_OURS = frozenset(
    {"_fk_memos", "_memos", "_pending_colargs", "_schemas", "_sequences", "_table_bound_expressions", "tables"}
)
"""What SQLAlchemy itself notes while models are used."""
