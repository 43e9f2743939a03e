"""Compare generated columns: their expressions, and whether they are stored."""

from __future__ import annotations

from sqlalchemy.types import NullType

from ...operations.kinds.column import AddColumnOp, DropColumnOp
from ...operations.kinds.index import CreateIndexOp
from ...runtime.plugins import Plugin
from ...util.dispatch import DispatchPriority, PriorityDispatchResult
from ...util.sqla_compat import AnyColumn, sql_text
from ..compare.canonical import differing
from ..compare.copies import column_alone, create_index, drop_index
from ..compare.differences import ComparedTable, Differences
from ..compare.reflect import Database
from ..context import AutogenContext
from ..databases import Expression
from ..registry import built_in_plugins


def setup(plugin: Plugin) -> None:
    """Compare on all databases; if this plugin is not chosen, the built-in comparison warns of the differences."""
    plugin.add_autogenerate_comparator(compare_computed, "tables", "computed_columns")
    built_in = built_in_plugins["defaults"]
    built_in.add_autogenerate_comparator(warn_of_computed, "tables", "computed_columns", priority=DispatchPriority.LAST)


def compare_computed(context: AutogenContext, database: Database, differences: Differences) -> PriorityDispatchResult:
    """Find columns that are generated on both sides and differ.

    Such a column is dropped and added again with its indexes: its values are computed again.
    """
    for pair, column in _changed(context, differences):
        _recreate(context, database, pair, column)
    return PriorityDispatchResult.STOP


def warn_of_computed(context: AutogenContext, database: Database, differences: Differences) -> None:
    """Warn of generated columns that differ: no database can alter the expression of a column."""
    for pair, column in _changed(context, differences):
        if context.run_object_filters(column, str(column.name), "column", False, None):
            context.warn(
                f"{pair.info.key[1]}.{column.name} has different expressions in the metadata and the database; "
                "this cannot be altered. Drop the column and add it again, or choose the plugin "
                "kernel_core.ext.computed_columns.",
            )


def _changed(context: AutogenContext, differences: Differences) -> list[tuple[ComparedTable, AnyColumn]]:
    """Return the columns that are generated on both sides and differ in their expression or in being stored."""
    compared: list[tuple[tuple[ComparedTable, AnyColumn], Expression, Expression]] = []
    others: list[tuple[ComparedTable, AnyColumn]] = []
    for pair in differences.tables:
        for column in pair.model.columns:
            item = pair.info.columns.get(str(column.name)) if column.computed is not None else None
            if item is None or column.computed is None or not item.computed:
                continue
            persisted = column.computed.persisted
            if persisted is not None and bool(persisted) != bool(item.computed.get("persisted")):
                others.append((pair, column))
                continue
            before = str(item.computed["sqltext"])
            after = sql_text(column.computed.sqltext, context.dialect).replace("%%", "%")
            is_untyped = isinstance(column.type, NullType)  # on SQLite
            type_ = "" if is_untyped else context.dialect.type_compiler_instance.process(column.type)
            compared.append(
                ((pair, column), *Expression.of_both(context.dialect, pair, "computed", before, after, type_))
            )
    return [*others, *differing(context, compared)]


def _recreate(context: AutogenContext, database: Database, pair: ComparedTable, column: AnyColumn) -> None:
    schema, table = pair.info.key
    existing = database.column(pair.info.key, str(column.name))
    if not context.run_object_filters(existing, str(column.name), "column", True, column):
        return
    changes = pair.changes
    dropped = {getattr(each, "index_name", None) for each in changes.dropped_indexes}
    for index in database.table(pair.info.key).indexes:
        if existing in list(index.columns) and index.name not in dropped:
            changes.dropped_indexes.append(drop_index(index))
    changes.recreated.append(DropColumnOp.from_column_and_tablename(schema, table, column_alone(existing)))
    changes.recreated.append(AddColumnOp.from_column_and_tablename(schema, table, column_alone(column)))
    made = {each.index_name for each in changes.added_indexes if isinstance(each, CreateIndexOp)}
    for index in sorted(pair.model.indexes, key=lambda each: str(each.name)):
        if column in list(index.columns):
            creation = create_index(index, context.dialect)
            if creation.index_name not in made:
                changes.added_indexes.append(creation)
