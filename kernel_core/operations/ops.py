"""The index of all operation classes, by their documented names.

The classes are written one subject a file in `kinds`; importing this module registers them all.
"""

from .add_constraint import AddConstraintOp
from .containers import DowngradeOps, MigrationScript, ModifyTableOps, OpContainer, UpgradeOps
from .kinds.column import AddColumnOp, AlterColumnOp, DropColumnOp
from .kinds.constraint import (
    CreateCheckConstraintOp,
    CreateForeignKeyOp,
    CreatePrimaryKeyOp,
    CreateUniqueConstraintOp,
    DropConstraintOp,
)
from .kinds.index import CreateIndexOp, DropIndexOp
from .kinds.sql import ExecuteSQLOp
from .kinds.table import CreateTableOp, DropTableOp, RenameTableOp
from .operation import MigrateOperation

__all__ = [
    "AddColumnOp",
    "AddConstraintOp",
    "AlterColumnOp",
    "CreateCheckConstraintOp",
    "CreateForeignKeyOp",
    "CreateIndexOp",
    "CreatePrimaryKeyOp",
    "CreateTableOp",
    "CreateUniqueConstraintOp",
    "DowngradeOps",
    "DropColumnOp",
    "DropConstraintOp",
    "DropIndexOp",
    "DropTableOp",
    "ExecuteSQLOp",
    "MigrateOperation",
    "MigrationScript",
    "ModifyTableOps",
    "OpContainer",
    "RenameTableOp",
    "UpgradeOps",
]
