"""Operations on enum types of PostgreSQL: create, drop, change the values.

https://www.postgresql.org/docs/current/datatype-enum.html
"""

from .create_drop import CreateEnumTypeOp, DropEnumTypeOp
from .enum_type_op import EnumStatement, EnumUse
from .enum_values import AddEnumValueOp, RenameEnumValueOp, SetEnumValuesOp

__all__ = [
    "AddEnumValueOp",
    "CreateEnumTypeOp",
    "DropEnumTypeOp",
    "EnumStatement",
    "EnumUse",
    "RenameEnumValueOp",
    "SetEnumValuesOp",
]
