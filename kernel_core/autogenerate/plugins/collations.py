"""Collations of columns, where one side states one and the other does not.

Where both state one, the comparison of types sees to it. The database's own default goes without saying; in MariaDB
that is the table's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.types import NCHAR, NVARCHAR

from ...runtime.plugins import Plugin
from ...util.sqla_compat import AnyColumn
from ..compare.columns import alteration_of
from ..compare.found import Found, Pair
from ..compare.reflect import Database
from ..context import AutogenContext
from ..databases.catalog import TableInfo


def setup(plugin: Plugin) -> None:
    """Compare everywhere."""
    plugin.add_autogenerate_comparator(compare_collations, "tables", "collations")


def compare_collations(context: AutogenContext, database: Database, found: Found) -> None:
    """Find columns of texts that sort or compare in another way."""
    for pair in found.both:
        for column in pair.model.columns:
            item = pair.info.columns.get(str(column.name))
            if item is None or not hasattr(column.type, "collation") or _is_that_of_its_charset(column):
                continue
            before, after = _of_database(item), _wanted(context, pair.info, column)
            both_state = getattr(item["type"], "collation", None) is not None and column.type.collation is not None
            if before != after and not both_state:
                _note(context, database, pair, column, before)


def _is_that_of_its_charset(column: AnyColumn) -> bool:
    """Return whether a type of MariaDB names its character set in some way and leaves the collation to the server."""
    type_: Any = column.type
    named = (getattr(type_, word, None) for word in ("charset", "binary", "ascii", "unicode", "national"))
    is_national = isinstance(type_, (NCHAR, NVARCHAR))
    return type_.collation is None and (any(named) or is_national)


def _of_database(item: Mapping[str, Any]) -> str | None:
    found = item.get("collation") or getattr(item["type"], "collation", None)
    return None if found is None or str(found).lower() in ("binary", "default") else str(found)


def _wanted(context: AutogenContext, info: TableInfo, column: AnyColumn) -> str | None:
    """Return what the model states; None where that is what goes without saying."""
    stated = getattr(column.type, "collation", None)
    if stated is None or str(stated).lower() in ("default", "binary"):
        return None
    inherited = info.options.get(f"{context.dialect.name}_collate")
    return None if inherited is not None and str(stated).lower() == str(inherited).lower() else str(stated)


def _note(context: AutogenContext, database: Database, pair: Pair, column: AnyColumn, collation: str | None) -> None:
    alteration = alteration_of(context, database, pair.info, pair.changes, column)
    if alteration is None:
        return
    existing = alteration.existing_type
    if collation is not None and getattr(existing, "collation", collation) is None:
        alteration.existing_type = _with_collation(existing, collation)
    alteration.modify_type = column.type
    inherited = pair.info.options.get(f"{context.dialect.name}_collate")
    if (
        inherited is not None and getattr(column.type, "collation", None) is None
    ):  # MODIFY keeps what it does not speak of
        alteration.modify_type = _with_collation(column.type, inherited)


def _with_collation(type_: Any, collation: str | None) -> Any:
    copied = type_.copy()
    copied.collation = collation
    return copied
