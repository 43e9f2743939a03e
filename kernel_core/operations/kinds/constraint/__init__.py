"""Operations on constraints: unique, foreign key, primary key, CHECK."""

from .check import CreateCheckConstraintOp
from .drop import DropConstraintOp
from .foreign_key import CreateForeignKeyOp
from .over_columns import CreatePrimaryKeyOp, CreateUniqueConstraintOp

__all__ = [
    "CreateCheckConstraintOp",
    "CreateForeignKeyOp",
    "CreatePrimaryKeyOp",
    "CreateUniqueConstraintOp",
    "DropConstraintOp",
]
