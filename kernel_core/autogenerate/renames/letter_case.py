"""Names that differ only in letter case: in a case-insensitive database the change must be a rename.

SQLite and MariaDB compare the names of columns without regard to case (https://sqlite.org/lang_keywords.html,
https://mariadb.com/kb/en/identifier-case-sensitivity/), SQLite those of tables too:
adding the new name fails while the old one exists.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...operations.containers import UpgradeOps
from ...operations.kinds.column import AddColumnOp, DropColumnOp
from ...operations.kinds.table import CreateTableOp, DropTableOp
from ...operations.operation import MigrateOperation
from ...operations.renames import RenameCandidate
from ..context import AutogenContext
from .accept import accept
from .column_renames import renamed_column
from .table_renames import renamed_table

_REASONS = ("same name except for letter case",)


def rename_by_case(context: AutogenContext, upgrade_ops: UpgradeOps) -> UpgradeOps:
    """Return the operations with a rename for each drop and addition whose names differ only in letter case."""
    folds_columns = getattr(context.impl, "folds_column_names", False)
    folds_tables = getattr(context.impl, "folds_table_names", False)
    if not folds_columns:
        return upgrade_ops
    while (found := next(_pairs(context, list(upgrade_ops.leaves()), folds_tables), None)) is not None:
        upgrade_ops = accept(upgrade_ops, found)
    return upgrade_ops


def _pairs(context: AutogenContext, leaves: list[MigrateOperation], folds_tables: bool) -> Iterator[RenameCandidate]:
    columns = {(each.table_key, _folded(each.column.name)): each for each in leaves if isinstance(each, AddColumnOp)}
    tables = {(each.schema, _folded(each.table_name)): each for each in leaves if isinstance(each, CreateTableOp)}
    for drop in leaves:
        if isinstance(drop, DropColumnOp):
            add = columns.get((drop.table_key, _folded(drop.column_name)))
            if add is not None and _may_alter(drop, add):
                yield RenameCandidate(drop, add, 1.0, _REASONS, (renamed_column(context, drop, add),))
        elif isinstance(drop, DropTableOp) and folds_tables:
            table = tables.get((drop.schema, _folded(drop.table_name)))
            if table is not None and table.table_name != drop.table_name:
                yield RenameCandidate(drop, table, 1.0, _REASONS, tuple(renamed_table(context, drop, table)))


def _may_alter(drop: DropColumnOp, add: AddColumnOp) -> bool:
    """Return whether only the case of the name differs, and the column can be altered: it is not generated."""
    generated = any(column.computed is not None for column in (drop.to_column(), add.column))
    return not generated and drop.column_name != str(add.column.name)


def _folded(name: object) -> str:
    return str(name).casefold()
