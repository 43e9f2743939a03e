"""Options of indexes of MariaDB and MySQL: their kinds, methods and prefix lengths."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.schema import Column, Index
from sqlalchemy.types import NullType

from ..catalog import IndexInfo, Options, TableInfo

_LEAST_PREFIX = 191
"""Characters of 4 bytes in 767, the least that an index holds: the server shortens longer texts to that or more."""


class IndexOptions:
    """Compares FULLTEXT and SPATIAL, prefix lengths, and the methods of tables that have a choice (MEMORY).

    InnoDB takes ``USING HASH`` for BTREE. https://mariadb.com/kb/en/storage-engine-index-types/
    """

    def __init__(self, dialect_name: str) -> None:
        self._dialect = dialect_name

    def differ(self, info: TableInfo, index: Index, item: IndexInfo) -> bool:
        """Return whether an index of the metadata has another kind, method or prefix length than ``item``."""
        there = item.dialect_options or {}
        kinds = [str(self._of(options, "prefix") or "").upper() for options in (there, index.dialect_kwargs)]
        if kinds[0] != kinds[1]:
            return True
        engine = str(info.options.get(f"{self._dialect}_engine") or "").upper()
        using = str(self._of(index.dialect_kwargs, "using") or "").lower()
        if using and engine in ("MEMORY", "HEAP") and using != (self._of(there, "using") or "btree"):
            return True
        return not kinds[0] and self._lengths_differ(info, index, dict(self._of(there, "length") or {}))

    def _of(self, options: Options, name: str) -> Any:
        return options.get(f"{self._dialect}_{name}")

    def _lengths_differ(self, info: TableInfo, index: Index, found: dict[str, int]) -> bool:
        """Return whether prefix lengths differ; the length of the whole text is implied."""
        stated = self._of(index.dialect_kwargs, "length")
        for column in index.expressions:
            there = info.columns.get(str(getattr(column, "name", "")))
            if not isinstance(column, Column) or there is None or isinstance(there.type, NullType):
                continue
            wanted = stated.get(column.name, stated.get(column.key)) if isinstance(stated, Mapping) else stated
            length, whole = found.get(str(column.name)), getattr(there.type, "length", None)
            if wanted is None:
                differs = length is not None and length < _LEAST_PREFIX
            else:
                differs = length != wanted and (length is not None or whole is None or wanted < whole)
            if differs:
                return True
        return False
