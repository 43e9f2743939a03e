"""One alteration of a column as a value: what `DefaultImpl.alter_column` was called with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, Self

from sqlalchemy.schema import Computed, Identity
from sqlalchemy.types import TypeEngine


@dataclass(frozen=True, slots=True)
class ColumnChange:
    """What shall be of a column, and what is known of it now; names and defaults are those of ``alter_column``.

    None leaves a thing as it is; for ``server_default`` and ``comment``, which None takes away, False does.
    ``options`` are further arguments: ``postgresql_using``, ``mssql_drop_default``, ``insert_before`` and so on.
    """

    table_name: str
    column_name: str
    nullable: bool | None = None
    server_default: Any = False
    name: str | None = None
    type_: TypeEngine[Any] | None = None
    schema: str | None = None
    autoincrement: bool | None = None
    comment: str | Literal[False] | None = False
    existing_comment: str | None = None
    existing_type: TypeEngine[Any] | None = None
    existing_server_default: Any = None
    existing_nullable: bool | None = None
    existing_autoincrement: bool | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, table_name: str, column_name: str, **given: Any) -> Self:
        """Return the change that a call of ``alter_column`` asks for."""
        named = {name: given.pop(name) for name in _NAMED & given.keys()}
        return cls(table_name, column_name, **named, options=given)

    @property
    def place(self) -> tuple[str, str]:
        """Table and column, as statements take them."""
        return self.table_name, self.column_name

    @property
    def known(self) -> dict[str, Any]:
        """The schema and what is known of the column now, as statements take it."""
        return {
            "schema": self.schema,
            "existing_type": self.existing_type,
            "existing_server_default": self.existing_server_default,
            "existing_nullable": self.existing_nullable,
            "existing_comment": self.existing_comment,
        }

    @property
    def redefines(self) -> bool:
        """Tell whether the column's type, nullability or default is to change: more than its name and comment."""
        return self.type_ is not None or self.nullable is not None or self.server_default is not False

    @property
    def only_renames(self) -> bool:
        """Tell whether nothing but the name is to change."""
        further = (self.comment is not False, self.autoincrement is not None, self.neighbours != (None, None))
        return not self.redefines and not any(further)

    @property
    def neighbours(self) -> tuple[str | None, str | None]:
        """The column to stand before, and the one to stand behind, in a new table."""
        return self.options.get("insert_before"), self.options.get("insert_after")

    def generated(self, *kinds: type[Computed | Identity]) -> bool:
        """Tell whether the default that shall be, or the one that is, is of such a kind."""
        return any(isinstance(each, kinds) for each in (self.server_default, self.existing_server_default))


_NAMED = frozenset(each.name for each in fields(ColumnChange)) - {"table_name", "column_name", "options"}
