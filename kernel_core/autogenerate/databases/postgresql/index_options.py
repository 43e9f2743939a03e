"""Options of indexes of PostgreSQL: their methods and operator classes."""

from __future__ import annotations

import functools

from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.schema import Index

from ....ddl.signature import parts_of_index
from ....util.sql import tokens
from ..catalog import IndexInfo, TableInfo
from ..signature import index_parts


class IndexOptions:
    """Compares methods and operator classes; the catalog has only classes that are not the default of their type."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def differ(self, info: TableInfo, index: Index, item: IndexInfo) -> bool:
        """Return whether an index of the metadata has another method or other operator classes than ``item``."""
        there = item.dialect_options or {}
        using = [str(options.get("postgresql_using") or "btree").lower() for options in (there, index.dialect_kwargs)]
        return using[0] != using[1] or self._classes_differ(index, item)

    def _classes_differ(self, index: Index, item: IndexInfo) -> bool:
        found = [part.opclass for part in index_parts(item)]
        wanted = [_name(part.opclass) for part in parts_of_index(index, self._connection.dialect)]
        return any(
            one != two and (bool(one) or two not in self._default_classes)
            for one, two in zip(found, wanted, strict=False)
        )

    @functools.cached_property
    def _default_classes(self) -> frozenset[str]:
        """The classes that are the default of some type; read once, where an index of the metadata names a class."""
        query = text("SELECT DISTINCT CAST(opcname AS text) FROM pg_opclass WHERE opcdefault")
        return frozenset(self._connection.execute(query).scalars())


def _name(opclass: str) -> str:
    """Return the name of an operator class as the catalog has it: without schema, quotes and options."""
    found = tokens(opclass, "postgresql")
    end = next((place for place, token in enumerate(found) if token.text == "("), len(found))
    return found[end - 1].name if end else ""
