"""A snapshot of models, to tell later whether they are still the same: every part of a Table that counts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter, eq, is_, itemgetter
from typing import Any

from sqlalchemy.schema import ForeignKeyConstraint, Index, MetaData, PrimaryKeyConstraint, Table, UniqueConstraint
from sqlalchemy.types import TypeEngine

_OF_TABLE = attrgetter("name", "schema")
_OF_COLUMN = itemgetter("name", "type", "nullable", "server_default", "primary_key")
"""``computed`` and ``identity`` are the ``server_default`` as well; comments don't count on SQLite."""
_DICT = attrgetter("__dict__")


@dataclass(frozen=True, slots=True)
class ModelState:
    """What stood in the models: the objects, one after the other, as they are found by the same walk again.

    The walk is calls into C wherever it can be, because 10,000 columns have 100,000 values.
    """

    tables: Sequence[Table]
    table_values: Sequence[Any]
    columns: Sequence[Any]
    column_values: Sequence[Any]
    parts: Sequence[Any]
    part_values: Sequence[Any]
    views: Sequence[Collection[Any]]
    """What can be altered in place: attributes, lists, sets and dictionaries, seen as they are at any time."""
    contents: Sequence[Any]

    @classmethod
    def of(cls, metadatas: Iterable[MetaData]) -> ModelState | None:
        """Take a snapshot; None where something is there that a look cannot compare: options of dialects."""
        metadatas = list(metadatas)
        tables = _tables(metadatas)
        parts = [part for table in tables for part in (*table.constraints, *table.indexes)]
        if any(part.dialect_kwargs for part in (*parts, *tables)):  # type: ignore[attr-defined]
            return None
        columns = _columns(tables)
        views: list[Collection[Any]] = [view for metadata in metadatas for view in _views(metadata.__dict__)]
        for table in tables:
            views += (table.constraints, table.indexes)
        for part in parts:
            views += _views(part.__dict__)
        for column in columns:
            views += (*_attributes(column.type), *_attributes(column.server_default))
        return cls(
            tables,
            list(chain.from_iterable(map(_OF_TABLE, tables))),
            columns,
            list(map(_OF_COLUMN, map(_DICT, columns))),
            parts,
            list(map(_of_part, parts)),
            views,
            list(chain.from_iterable(views)),
        )

    def is_still(self, metadatas: Iterable[MetaData]) -> bool:
        """Tell whether nothing has changed since."""
        tables = _tables(metadatas)
        return (
            _same(tables, self.tables)
            and _same(_columns(tables), self.columns)
            and all(map(is_, chain.from_iterable(map(_OF_TABLE, tables)), self.table_values))
            and _equal(map(_OF_COLUMN, map(_DICT, self.columns)), self.column_values)
            and _equal(map(_of_part, self.parts), self.part_values)
            and sum(map(len, self.views)) == len(self.contents)
            and all(map(is_, chain.from_iterable(self.views), self.contents))
        )


def _tables(metadatas: Iterable[MetaData]) -> list[Table]:
    return [table for metadata in metadatas for table in metadata.tables.values()]


def _columns(tables: Iterable[Table]) -> list[Any]:
    return [column for table in tables for column in table.columns]


def _same(one: Sequence[Any], two: Sequence[Any]) -> bool:
    """Tell whether both hold the same objects; ``==`` of columns would be SQL."""
    return len(one) == len(two) and all(map(is_, one, two))


def _equal(now: Iterable[Any], then: Sequence[Any]) -> bool:
    """Tell whether tuples of values are equal, which is no work for one and the same value."""
    try:
        return all(map(eq, now, then))
    except TypeError:  # another SQL expression: its comparison is SQL again and neither true nor false
        return False


_GETTERS: dict[type, Callable[[dict[str, Any]], Any]] = {
    ForeignKeyConstraint: itemgetter("name", "deferrable", "initially", "onupdate", "ondelete", "match"),
    UniqueConstraint: itemgetter("name", "deferrable", "initially"),
    PrimaryKeyConstraint: itemgetter("name", "deferrable", "initially"),
    Index: itemgetter("name", "unique"),
}


def _of_part(part: Any) -> Any:
    """Return the values of a constraint or index that count; all of one that is of another kind."""
    getter = _GETTERS.get(type(part))
    return tuple(part.__dict__.values()) if getter is None else getter(part.__dict__)


def _attributes(part: Any) -> Iterator[Collection[Any]]:
    """Yield the attributes of a type, constraint, index or default, and what can be altered in place in them."""
    if part is not None and part.__dict__:
        yield part.__dict__.values()
        yield from _views(part.__dict__)


def _views(attributes: dict[str, Any]) -> Iterator[Collection[Any]]:
    """Yield the lists, sets and dictionaries among values; a type inside a type (of an ARRAY) is looked into."""
    for name, value in attributes.items():
        if name in _NOT_OURS:
            continue
        if isinstance(value, dict):
            yield value.values()
        elif isinstance(value, (list, set)):
            yield value
        elif isinstance(value, TypeEngine):
            yield from _attributes(value)


_NOT_OURS = frozenset(
    {"_fk_memos", "_memos", "_pending_colargs", "_schemas", "_sequences", "_table_bound_expressions", "tables"}
)
"""What SQLAlchemy itself notes while models are used."""
