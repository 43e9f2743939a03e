"""Enum types of PostgreSQL: create, drop, change their values.

https://www.postgresql.org/docs/current/datatype-enum.html
"""

from .create_drop import CreateEnumTypeOp, DropEnumTypeOp
from .subject import EnumStatement, EnumUse
from .values import AddEnumValueOp, RenameEnumValueOp, SetEnumValuesOp

__all__ = [
    "AddEnumValueOp",
    "CreateEnumTypeOp",
    "DropEnumTypeOp",
    "EnumStatement",
    "EnumUse",
    "RenameEnumValueOp",
    "SetEnumValuesOp",
]
