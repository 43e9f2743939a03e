"""Whether an index of the models has other options than that of its name in the database: one class per database."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.schema import Column, Index
from sqlalchemy.types import NullType

from ..ddl.signature import parts_of_index
from ..util.sql import tokens
from .compare.found import Pair
from .compare.values import index_parts
from .context import AutogenContext


class OfPostgresql:
    """The method, and operator classes; the database tells only those that are not the default of the column's type."""

    def __init__(self, context: AutogenContext) -> None:
        self._context = context

    def differ(self, pair: Pair, index: Index, item: Mapping[str, Any]) -> bool:
        """Tell whether an index of the models is another one than ``item`` of the database."""
        there = item.get("dialect_options") or {}
        using = [str(options.get("postgresql_using") or "btree").lower() for options in (there, index.dialect_kwargs)]
        return using[0] != using[1] or self._classes_differ(index, item)

    def _classes_differ(self, index: Index, item: Mapping[str, Any]) -> bool:
        found = [part.opclass for part in index_parts(item)]
        wanted = [_name(part.opclass) for part in parts_of_index(index, self._context.dialect)]
        return any(
            one != two and (bool(one) or two not in self._going_without_saying)
            for one, two in zip(found, wanted, strict=False)
        )

    @functools.cached_property
    def _going_without_saying(self) -> frozenset[str]:
        """The classes that are the default of some type; asked for once, where a model names one."""
        assert self._context.connection is not None, "autogenerate has a connection"
        query = text("SELECT DISTINCT CAST(opcname AS text) FROM pg_opclass WHERE opcdefault")
        return frozenset(self._context.connection.execute(query).scalars())


def _name(opclass: str) -> str:
    """Return the name of an operator class as the catalog has it: without schema, quotes and options."""
    found = tokens(opclass, "postgresql")
    end = next((place for place, token in enumerate(found) if token.text == "("), len(found))
    return found[end - 1].name if end else ""


_CUT_BY_THE_SERVER = 191
"""Characters of 4 bytes in 767, the least that an index holds: the server cuts longer texts to that or more itself."""


class OfMysql:
    """FULLTEXT and SPATIAL, the length of what is held of a text, the method where tables have a choice (MEMORY).

    InnoDB takes ``USING HASH`` for BTREE. https://mariadb.com/kb/en/storage-engine-index-types/
    """

    def __init__(self, dialect_name: str) -> None:
        self._dialect = dialect_name

    def differ(self, pair: Pair, index: Index, item: Mapping[str, Any]) -> bool:
        """Tell whether an index of the models is another one than ``item`` of the database."""
        there = item.get("dialect_options") or {}
        kinds = [str(self._of(options, "prefix") or "").upper() for options in (there, index.dialect_kwargs)]
        if kinds[0] != kinds[1]:
            return True
        engine = str(pair.info.options.get(f"{self._dialect}_engine") or "").upper()
        using = str(self._of(index.dialect_kwargs, "using") or "").lower()
        if using and engine in ("MEMORY", "HEAP") and using != (self._of(there, "using") or "btree"):
            return True
        return not kinds[0] and self._lengths_differ(pair, index, dict(self._of(there, "length") or {}))

    def _of(self, options: Mapping[str, Any], name: str) -> Any:
        return options.get(f"{self._dialect}_{name}")

    def _lengths_differ(self, pair: Pair, index: Index, found: dict[str, int]) -> bool:
        """Compare lengths; one that is as long as the text goes without saying."""
        stated = self._of(index.dialect_kwargs, "length")
        for column in index.expressions:
            there = pair.info.columns.get(str(getattr(column, "name", "")))
            if not isinstance(column, Column) or there is None or isinstance(there["type"], NullType):
                continue
            wanted = stated.get(column.name, stated.get(column.key)) if isinstance(stated, Mapping) else stated
            length, whole = found.get(str(column.name)), getattr(there["type"], "length", None)
            if wanted is None:
                differs = length is not None and length < _CUT_BY_THE_SERVER
            else:
                differs = length != wanted and (length is not None or whole is None or wanted < whole)
            if differs:
                return True
        return False
