"""What a database shows in another way than the models say it, though it means the same."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from typing import Any, ClassVar, Literal, NamedTuple

from sqlalchemy import Column, Dialect, Index, Table
from sqlalchemy.engine import Connection
from sqlalchemy.schema import CheckConstraint, Constraint, UniqueConstraint
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.types import TypeEngine

from ..util.sqla_compat import sql_text
from .default_comparison import defaults_differ
from .generated_names import GeneratedNames
from .signature import IndexSignature, UniqueSignature, index_signature, unique_signature
from .type_comparison import synonyms_of, types_differ


class ComparisonResult(NamedTuple):
    """Whether two constraints or indexes are the same, and in words why not; made by one of the three methods."""

    message: str
    is_equal: bool = False
    is_different: bool = False
    is_skip: bool = False

    @classmethod
    def Equal(cls) -> ComparisonResult:  # noqa: N802 - a documented name
        """They are the same."""
        return cls("The same on both sides", is_equal=True)

    @classmethod
    def Different(cls, reason: str | Sequence[str]) -> ComparisonResult:  # noqa: N802 - a documented name
        """They differ: the one in the database is dropped and the model's is made."""
        return cls(_one_text(reason), is_different=True)

    @classmethod
    def Skip(cls, reason: str | Sequence[str]) -> ComparisonResult:  # noqa: N802 - a documented name
        """It cannot be told; the one in the database stays."""
        return cls(_one_text(reason), is_skip=True)


def _one_text(reason: str | Sequence[str]) -> str:
    return reason if isinstance(reason, str) else ", ".join(reason)


class ComparesSchemas:
    """The part of a `DefaultImpl` that autogenerate asks."""

    dialect: Dialect

    type_synonyms: ClassVar[tuple[Collection[str], ...]] = synonyms_of("default")
    """Groups of type words, in any case, that mean the same here; a dialect adds its own to the groups it inherits."""

    folds_column_names: ClassVar[bool] = False
    """Whether two columns of a table cannot differ in the case of their names alone."""

    system_schemas: ClassVar[Collection[str]] = ("information_schema",)
    """Schemas of the server itself, which are never compared, also with ``include_schemas``."""

    creates_schemas: ClassVar[bool] = True
    """Whether CREATE SCHEMA makes a place for tables: on SQLite a schema is a file, on Oracle a user."""

    folds_table_names: ClassVar[bool] = False
    """Whether two tables cannot."""

    type_arg_extract: ClassVar[Sequence[str]] = ()
    """Patterns of what may stand behind a type (``with (\\w+)``): its group counts only where both sides state it."""
    identity_attrs_ignore: ClassVar[tuple[str, ...]] = ("order", "on_null")
    """What of an Identity this database does not keep, so that it does not count."""

    def compare_type(self, inspector_column: Column[Any], metadata_column: Column[Any]) -> bool:
        """Tell whether the database's type differs from the model's."""
        return types_differ(
            self.dialect, inspector_column.type, metadata_column.type, self.type_synonyms, self.type_arg_extract
        )

    def compare_server_default(
        self,
        inspector_column: Column[Any],
        metadata_column: Column[Any],
        rendered_metadata_default: str | None,
        rendered_inspector_default: str | None,
    ) -> bool:
        """Tell whether the database's default differs from the model's."""
        return defaults_differ(rendered_inspector_default, rendered_metadata_default, self.dialect)

    def compare_indexes(self, metadata_index: Index, reflected_index: Index) -> ComparisonResult:
        """Compare two indexes of one name."""
        wanted, found = (index_signature(each, self.dialect) for each in (metadata_index, reflected_index))
        return _compared(wanted, found)

    def compare_unique_constraint(
        self, metadata_constraint: UniqueConstraint, reflected_constraint: UniqueConstraint
    ) -> ComparisonResult:
        """Compare two unique constraints of one name."""
        return _compared(unique_signature(metadata_constraint), unique_signature(reflected_constraint))

    def compare_check_constraint(
        self, metadata_constraint: CheckConstraint, reflected_constraint: CheckConstraint
    ) -> ComparisonResult:
        """Compare two checks of one name; what they say is the database's to compare, so that the name is enough."""
        return ComparisonResult.Equal()

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

    def generated_names(self, connection: Connection | None) -> GeneratedNames | None:
        """Return the finder of names of constraints that are created without one; None where there is none."""
        return None

    def constraint_name(self, constraint: Constraint) -> str | None:
        """Return the name by which a reflected constraint can be dropped; None where it has none."""
        return None if constraint.name is None else str(constraint.name)

    def autogen_column_reflect(self, inspector: Any, table: Table, column_info: dict[str, Any]) -> None:
        """Correct a reflected column before it is compared."""

    def adjust_reflected_dialect_options(self, reflected_object: Mapping[str, Any], kind: str) -> dict[str, Any]:
        """Return the dialect's options of what the Inspector found: ``{"postgresql_include": ["a"]}``.

        ``kind`` is ``index``, ``unique_constraint`` or ``check_constraint``.
        """
        return dict(reflected_object.get("dialect_options") or {})

    def render_type(self, type_obj: TypeEngine[Any], autogen_context: Any) -> str | Literal[False]:
        """Return how a type of this dialect is written as Python; False for the common way."""
        return False

    def render_ddl_sql_expr(self, expr: ClauseElement, is_server_default: bool = False, **kw: Any) -> str:
        """Return the SQL that a version file has for an expression: a default, a condition, what an index is over."""
        sql = sql_text(expr, self.dialect)
        return sql.replace("%%", "%") if self.dialect.paramstyle in ("format", "pyformat") else sql


def _compared(wanted: IndexSignature | UniqueSignature, found: IndexSignature | UniqueSignature) -> ComparisonResult:
    differing = [
        f"{field.name} {getattr(found, field.name)!r} to {getattr(wanted, field.name)!r}"
        for field in fields(wanted)
        if getattr(found, field.name) != getattr(wanted, field.name)
    ]
    return ComparisonResult.Different(differing) if differing else ComparisonResult.Equal()
