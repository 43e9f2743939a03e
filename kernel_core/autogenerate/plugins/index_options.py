"""Compare options of indexes: WHERE, method and operator classes (PostgreSQL; of SQLite only WHERE).

In MariaDB and MySQL: FULLTEXT and SPATIAL, prefix lengths, and the method of MEMORY tables.
"""

from __future__ import annotations

from sqlalchemy.schema import Index

from ...runtime.plugins import Plugin
from ...util.sqla_compat import final_name, is_made_on, sql_text
from ..compare.canonical import differing
from ..compare.copies import create_index, drop_index
from ..compare.differences import ComparedTable, Differences
from ..compare.dropped import connection_of
from ..compare.reflect import Database
from ..context import AutogenContext
from ..databases import Expression, dialects_where
from ..databases.catalog import IndexInfo


def setup(plugin: Plugin) -> None:
    """Compare where indexes have such options."""
    for dialect_name in dialects_where(lambda rules: rules.has_index_options):
        plugin.add_autogenerate_comparator(compare_index_options, "tables", "index_options", qualifier=dialect_name)


def compare_index_options(context: AutogenContext, database: Database, differences: Differences) -> None:
    """Find indexes that differ, but not in name, columns or uniqueness; they are re-created."""
    compared: list[tuple[tuple[ComparedTable, Index], Expression, Expression]] = []
    others: list[tuple[ComparedTable, Index]] = []
    options_differ = context.rules.index_options_comparison(connection_of(context))
    for pair in differences.tables:
        for index, item in _same_names(context, pair):
            before, after = _where_of_database(context, item), _where_of_model(context, index)
            if (before is None) != (after is None) or options_differ(pair.info, index, item):
                others.append((pair, index))
            elif before is not None and after is not None:
                compared.append(((pair, index), *Expression.of_both(context.dialect, pair, "where", before, after)))
    for pair, index in (*others, *differing(context, compared)):
        _recreate(context, database, pair, index)


def _same_names(context: AutogenContext, pair: ComparedTable) -> list[tuple[Index, IndexInfo]]:
    """Return the indexes that both sides have and that no other operation drops."""
    dropped = {getattr(each, "index_name", None) for each in pair.changes.dropped_indexes}
    there = {str(item.name): item for item in pair.info.indexes}
    named = {str(final_name(each, context.dialect)): each for each in pair.model.indexes if each.name is not None}
    return [
        (index, there[name])
        for name, index in sorted(named.items())
        if name in there and name not in dropped and is_made_on(index, context.dialect)
    ]


def _where_of_database(context: AutogenContext, item: IndexInfo) -> str | None:
    where = (item.dialect_options or {}).get(f"{context.dialect.name}_where")
    return None if where is None else sql_text(where, context.dialect)


def _where_of_model(context: AutogenContext, index: Index) -> str | None:
    where = index.dialect_kwargs.get(f"{context.dialect.name}_where")
    return None if where is None else sql_text(where, context.dialect).replace("%%", "%")


def _recreate(context: AutogenContext, database: Database, pair: ComparedTable, index: Index) -> None:
    name = final_name(index, context.dialect)
    existing = next(each for each in database.table(pair.info.key).indexes if each.name == name)
    if context.run_object_filters(existing, name, "index", True, index):
        pair.changes.dropped_indexes.append(drop_index(existing))
        pair.changes.added_indexes.append(create_index(index, context.dialect))
