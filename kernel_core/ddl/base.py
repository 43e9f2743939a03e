"""The documented index of the statements; each stands beside its operation."""

from ..operations.kinds.column import (
    AddColumn,
    AlterColumn,
    ColumnComment,
    ColumnDefault,
    ColumnName,
    ColumnNullable,
    ColumnType,
    DropColumn,
)
from ..operations.kinds.table import RenameTable
from ..operations.statements import (
    AlterTable,
    alter_table,
    format_column_name,
    format_server_default,
    format_table_name,
    format_type,
)

__all__ = [
    "AddColumn",
    "AlterColumn",
    "AlterTable",
    "ColumnComment",
    "ColumnDefault",
    "ColumnName",
    "ColumnNullable",
    "ColumnType",
    "DropColumn",
    "RenameTable",
    "alter_table",
    "format_column_name",
    "format_server_default",
    "format_table_name",
    "format_type",
]
