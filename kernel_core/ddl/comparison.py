"""What a database shows in another way than the models say it, though it means the same."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Dialect, Table
from sqlalchemy.schema import Constraint
from sqlalchemy.types import TypeEngine

from .defaulttext import defaults_differ
from .typetext import types_differ


class ComparesSchemas:
    """The part of a `DefaultImpl` that autogenerate asks."""

    dialect: Dialect

    def compare_type(self, inspector_column: Column[Any], metadata_column: Column[Any]) -> bool:
        """Tell whether the database's type differs from the model's."""
        return types_differ(self.dialect, inspector_column.type, metadata_column.type)

    def compare_server_default(
        self,
        inspector_column: Column[Any],
        metadata_column: Column[Any],
        rendered_metadata_default: str | None,
        rendered_inspector_default: str | None,
    ) -> bool:
        """Tell whether the database's default differs from the model's."""
        return defaults_differ(rendered_inspector_default, rendered_metadata_default)

    def correct_for_autogen_constraints(
        self,
        conn_uniques: set[Any],
        conn_indexes: set[Any],
        metadata_unique_constraints: set[Any],
        metadata_indexes: set[Any],
    ) -> None:
        """Take out of the sets what this database shows differently but means the same."""

    def correct_for_autogen_foreignkeys(self, conn_fks: set[Any], metadata_fks: set[Any]) -> None:
        """The same for foreign keys."""

    def constraint_name(self, constraint: Constraint) -> str | None:
        """Return the name by which a reflected constraint can be dropped; None where it has none."""
        return None if constraint.name is None else str(constraint.name)

    def autogen_column_reflect(self, inspector: Any, table: Table, column_info: dict[str, Any]) -> None:
        """Correct a reflected column before it is compared."""

    def render_type(self, type_obj: TypeEngine[Any], autogen_context: Any) -> str | bool:
        """Return how a type of this dialect is written as Python; False for the common way."""
        return False
