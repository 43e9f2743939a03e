"""Compare collations of columns where only one side has one.

Where both have one, the comparison of types compares them. The default of the database is implied; in MariaDB that is
the default of the table.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.types import NCHAR, NVARCHAR

from ...runtime.plugins import Plugin
from ...util.sqla_compat import AnyColumn, AnyType
from ..compare.columns import change_type
from ..compare.differences import ComparedTable, Differences
from ..compare.reflect import Database
from ..context import AutogenContext
from ..databases.catalog import ColumnInfo, TableInfo


def setup(plugin: Plugin) -> None:
    """Compare on all databases."""
    plugin.add_autogenerate_comparator(compare_collations, "tables", "collations")


def compare_collations(context: AutogenContext, database: Database, differences: Differences) -> None:
    """Find text columns whose collation was changed."""
    for pair in differences.tables:
        for column in pair.model.columns:
            item = pair.info.columns.get(str(column.name))
            if item is None or not hasattr(column.type, "collation") or _has_charset_only(column):
                continue
            before, after = _of_database(item), _wanted(context, pair.info, column)
            both_have = getattr(item.type, "collation", None) is not None and column.type.collation is not None
            if before != after and not both_have:
                _alter_type(context, database, pair, column, before)


def _has_charset_only(column: AnyColumn) -> bool:
    """Return whether a type of MariaDB has a character set and no collation, which the server then chooses."""
    type_: Any = column.type
    named = (getattr(type_, word, None) for word in ("charset", "binary", "ascii", "unicode", "national"))
    is_national = isinstance(type_, (NCHAR, NVARCHAR))
    return type_.collation is None and (any(named) or is_national)


def _of_database(item: ColumnInfo) -> str | None:
    found = item.collation or getattr(item.type, "collation", None)
    return None if found is None or str(found).lower() in ("binary", "default") else str(found)


def _wanted(context: AutogenContext, info: TableInfo, column: AnyColumn) -> str | None:
    """Return the collation of the model; None if it is the default."""
    stated = getattr(column.type, "collation", None)
    if stated is None or str(stated).lower() in ("default", "binary"):
        return None
    inherited = info.options.get(f"{context.dialect.name}_collate")
    return None if inherited is not None and str(stated).lower() == str(inherited).lower() else str(stated)


def _alter_type(
    context: AutogenContext, database: Database, pair: ComparedTable, column: AnyColumn, collation: str | None
) -> None:
    existing, wanted = database.column(pair.info.key, str(column.name)).type, column.type
    if collation is not None and getattr(existing, "collation", collation) is None:
        existing = _with_collation(existing, collation)
    inherited = pair.info.options.get(f"{context.dialect.name}_collate")
    # MODIFY keeps a collation that it does not name, so the default is stated.
    if inherited is not None and getattr(wanted, "collation", None) is None:
        wanted = _with_collation(wanted, inherited)
    change_type(context, database, pair.info, pair.changes, column, existing_type=existing, modify_type=wanted)


def _with_collation(type_: AnyType, collation: str | None) -> AnyType:
    copied: Any = type_.copy()
    copied.collation = collation
    result: AnyType = copied
    return result
