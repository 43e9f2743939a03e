"""PostgreSQL: DDL is transactional; a change of type may need ``USING``; enum types are objects of the schema.

Dialects that are based on this one (CockroachDB, Redshift) import the statements and their compilation from here.
"""

from ...operations.kinds.column import ColumnComment, visit_column_comment
from ...operations.kinds.exclude_constraint import CreateExcludeConstraintOp
from ...operations.kinds.rename_table import RenameTable, visit_rename_table
from . import identity
from .impl import PostgresqlColumnType, PostgresqlImpl, visit_column_type

__all__ = [
    "ColumnComment",
    "CreateExcludeConstraintOp",
    "PostgresqlColumnType",
    "PostgresqlImpl",
    "RenameTable",
    "identity",
    "visit_column_comment",
    "visit_column_type",
    "visit_rename_table",
]
