"""One alteration of a column as a value: what `DefaultImpl.alter_column` was called with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, Self

from sqlalchemy.schema import Computed, Identity

from ..util.sqla_compat import AnyType


@dataclass(frozen=True, slots=True)
class ColumnChange:
    """The new properties of a column, and its existing ones; names and defaults are those of ``alter_column``.

    None leaves a property unchanged; for ``server_default`` and ``comment``, where None means to drop it, False does.
    ``options`` are further arguments: ``postgresql_using``, ``mssql_drop_default``, ``insert_before`` and so on.
    """

    table_name: str
    column_name: str
    nullable: bool | None = None
    server_default: Any = False
    name: str | None = None
    type_: AnyType | None = None
    schema: str | None = None
    autoincrement: bool | None = None
    comment: str | Literal[False] | None = False
    existing_comment: str | None = None
    existing_type: AnyType | None = None
    existing_server_default: Any = None
    existing_nullable: bool | None = None
    existing_autoincrement: bool | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, table_name: str, column_name: str, **given: Any) -> Self:
        """Return the change of a call of ``alter_column``."""
        named = {name: given.pop(name) for name in _NAMED & given.keys()}
        return cls(table_name, column_name, **named, options=given)

    @property
    def place(self) -> tuple[str, str]:
        """The names of table and column: the first arguments of a statement."""
        return self.table_name, self.column_name

    @property
    def known(self) -> dict[str, Any]:
        """The schema and the existing properties, as keyword arguments of a statement."""
        return {
            "schema": self.schema,
            "existing_type": self.existing_type,
            "existing_server_default": self.existing_server_default,
            "existing_nullable": self.existing_nullable,
            "existing_comment": self.existing_comment,
        }

    @property
    def redefines(self) -> bool:
        """Return whether the type, nullability or default changes: more than the name and comment."""
        return self.type_ is not None or self.nullable is not None or self.server_default is not False

    @property
    def only_renames(self) -> bool:
        """Return whether only the name changes."""
        further = (self.comment is not False, self.autoincrement is not None, self.neighbours != (None, None))
        return not self.redefines and not any(further)

    @property
    def neighbours(self) -> tuple[str | None, str | None]:
        """The columns before which and after which a new table has the column."""
        return self.options.get("insert_before"), self.options.get("insert_after")

    def generated(self, *kinds: type[Computed | Identity]) -> bool:
        """Return whether the new or the existing default is of one of these kinds."""
        return any(isinstance(each, kinds) for each in (self.server_default, self.existing_server_default))


_NAMED = frozenset(each.name for each in fields(ColumnChange)) - {"table_name", "column_name", "options"}
