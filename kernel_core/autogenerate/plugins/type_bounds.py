"""Compare lengths and precisions that only one side states: ``VARCHAR`` and ``VARCHAR(20)``, ``TIMESTAMP(3)``.

Where both state one, the comparison of types compares them. PostgreSQL and SQLite store a type as it was stated;
MariaDB adds the default.
"""

from __future__ import annotations

from ...ddl.overrides import is_third_party
from ...ddl.type_comparison import only_one_is_bounded
from ...runtime.plugins import Plugin
from ..compare.columns import change_type
from ..compare.differences import Differences
from ..compare.reflect import Database
from ..context import AutogenContext
from ..databases import dialects_where


def setup(plugin: Plugin) -> None:
    """Compare where the database stores types as they were stated."""
    for dialect_name in dialects_where(lambda rules: rules.keeps_type_bounds):
        plugin.add_autogenerate_comparator(compare_bounds, "tables", "type_bounds", qualifier=dialect_name)


def compare_bounds(context: AutogenContext, database: Database, differences: Differences) -> None:
    """Find columns whose type gets or loses its bounds; not compared where there is a ``compare_type`` hook."""
    if context.opts.get("compare_type", True) is not True or is_third_party(context.impl, "compare_type"):
        return
    for pair in differences.tables:
        for column in pair.model.columns:
            item = pair.info.columns.get(str(column.name))
            if item is None or not only_one_is_bounded(context.dialect, item.type, column.type):
                continue
            change_type(context, database, pair.info, pair.changes, column, modify_type=column.type)
