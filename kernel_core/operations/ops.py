"""All operation classes, by their documented names.

They are defined in `kinds`; importing this module registers all of them.
"""

from .add_constraint import AddConstraintOp
from .containers import BatchOps, DowngradeOps, MigrationScript, ModifyTableOps, OpContainer, UpgradeOps
from .kinds.column import AddColumnOp, AlterColumnOp, DropColumnOp
from .kinds.constraint import (
    CreateCheckConstraintOp,
    CreateForeignKeyOp,
    CreatePrimaryKeyOp,
    CreateUniqueConstraintOp,
    DropConstraintOp,
)
from .kinds.enum_type import AddEnumValueOp, CreateEnumTypeOp, DropEnumTypeOp, RenameEnumValueOp, SetEnumValuesOp
from .kinds.exclude_constraint import CreateExcludeConstraintOp
from .kinds.execute_sql import ExecuteSQLOp
from .kinds.index import CreateIndexOp, DropIndexOp
from .kinds.rename_table import RenameTableOp
from .kinds.rows import BulkInsertOp, DeleteRowsOp
from .kinds.schema import CreateSchemaOp, DropSchemaOp
from .kinds.sequence import CreateSequenceOp, DropSequenceOp
from .kinds.table import CreateTableOp, DropTableOp
from .kinds.table_comment import CreateTableCommentOp, DropTableCommentOp
from .kinds.table_options import SetTableOptionsOp
from .operation import AlterTableOp, MigrateOperation

__all__ = [
    "AddColumnOp",
    "AddConstraintOp",
    "AddEnumValueOp",
    "AlterColumnOp",
    "AlterTableOp",
    "BatchOps",
    "BulkInsertOp",
    "CreateCheckConstraintOp",
    "CreateEnumTypeOp",
    "CreateExcludeConstraintOp",
    "CreateForeignKeyOp",
    "CreateIndexOp",
    "CreatePrimaryKeyOp",
    "CreateSchemaOp",
    "CreateSequenceOp",
    "CreateTableCommentOp",
    "CreateTableOp",
    "CreateUniqueConstraintOp",
    "DeleteRowsOp",
    "DowngradeOps",
    "DropColumnOp",
    "DropConstraintOp",
    "DropEnumTypeOp",
    "DropIndexOp",
    "DropSchemaOp",
    "DropSequenceOp",
    "DropTableCommentOp",
    "DropTableOp",
    "ExecuteSQLOp",
    "MigrateOperation",
    "MigrationScript",
    "ModifyTableOps",
    "OpContainer",
    "RenameEnumValueOp",
    "RenameTableOp",
    "SetEnumValuesOp",
    "SetTableOptionsOp",
    "UpgradeOps",
]
