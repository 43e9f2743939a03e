"""The comparison hooks of `DefaultImpl`: whether the database and the metadata differ, although their SQL does."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar, Literal, NamedTuple

from sqlalchemy import Dialect, Index, Inspector, Table
from sqlalchemy.engine import Connection
from sqlalchemy.schema import CheckConstraint, Constraint, ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.sql.elements import ClauseElement

from ..util.sqla_compat import AnyColumn, AnyType, sql_text
from .default_comparison import defaults_differ
from .generated_names import GeneratedNames
from .signature import IndexSignature, UniqueSignature, index_signature, unique_signature
from .type_comparison import synonyms_of, types_differ


class ComparisonResult(NamedTuple):
    """Whether two constraints or indexes are equal, with the reason; created by one of the three class methods."""

    message: str
    is_equal: bool = False
    is_different: bool = False
    is_skip: bool = False

    @classmethod
    def Equal(cls) -> ComparisonResult:  # noqa: N802 - a documented name
        """Return the result for two equal objects."""
        return cls("The same on both sides", is_equal=True)

    @classmethod
    def Different(cls, reason: str | Sequence[str]) -> ComparisonResult:  # noqa: N802 - a documented name
        """Return the result for two objects that differ: the database's is dropped, the metadata's is created."""
        return cls(_one_text(reason), is_different=True)

    @classmethod
    def Skip(cls, reason: str | Sequence[str]) -> ComparisonResult:  # noqa: N802 - a documented name
        """Return the result for objects that cannot be compared: the database's is kept."""
        return cls(_one_text(reason), is_skip=True)


def _one_text(reason: str | Sequence[str]) -> str:
    return reason if isinstance(reason, str) else ", ".join(reason)


class ComparesSchemas:
    """The part of `DefaultImpl` that autogenerate calls."""

    dialect: Dialect

    type_synonyms: ClassVar[tuple[Collection[str], ...]] = synonyms_of("default")
    """Groups of names of equal types, in any case; a dialect adds its own to the groups that it inherits."""

    folds_column_names: ClassVar[bool] = False
    """Whether the names of two columns of a table cannot differ in case alone."""

    system_schemas: ClassVar[Collection[str]] = ("information_schema",)
    """Schemas of the server, which are never compared, not even with ``include_schemas``."""

    creates_schemas: ClassVar[bool] = True
    """Whether CREATE SCHEMA creates a schema for tables: on SQLite a schema is a file, on Oracle a user."""

    folds_table_names: ClassVar[bool] = False
    """Whether the names of two tables cannot differ in case alone."""

    type_arg_extract: ClassVar[Sequence[str]] = ()
    """Patterns of attributes of a type (``with (\\w+)``): the group is compared only where both sides have one."""
    identity_attrs_ignore: ClassVar[tuple[str, ...]] = ("order", "on_null")
    """Attributes of Identity that this database does not store, which are not compared."""

    def compare_type(self, inspector_column: AnyColumn, metadata_column: AnyColumn) -> bool:
        """Return whether the database's type differs from the metadata's."""
        return types_differ(
            self.dialect, inspector_column.type, metadata_column.type, self.type_synonyms, self.type_arg_extract
        )

    def compare_server_default(
        self,
        inspector_column: AnyColumn,
        metadata_column: AnyColumn,
        rendered_metadata_default: str | None,
        rendered_inspector_default: str | None,
    ) -> bool:
        """Return whether the database's default differs from the metadata's."""
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
        """Compare two CHECKs of one name; by default equal: a database's plugin compares their conditions."""
        return ComparisonResult.Equal()

    def correct_for_autogen_constraints(
        self,
        conn_uniques: set[UniqueConstraint],
        conn_indexes: set[Index],
        metadata_unique_constraints: set[UniqueConstraint],
        metadata_indexes: set[Index],
    ) -> None:
        """Remove from the sets the objects that this database reflects differently although they are equal."""

    def correct_for_autogen_foreignkeys(
        self, conn_fks: set[ForeignKeyConstraint], metadata_fks: set[ForeignKeyConstraint]
    ) -> None:
        """Remove from the sets the foreign keys that are equal although they are reflected differently."""

    def generated_names(self, connection: Connection | None) -> GeneratedNames | None:
        """Return the predictor of names of unnamed constraints; None where this database's rules are not known."""
        return None

    def constraint_name(self, constraint: Constraint) -> str | None:
        """Return the name by which a reflected constraint can be dropped; None where it has none."""
        return None if constraint.name is None else str(constraint.name)

    def autogen_column_reflect(self, inspector: Inspector, table: Table, column_info: dict[str, Any]) -> None:
        """Correct a reflected column before it is compared."""

    def adjust_reflected_dialect_options(self, reflected_object: Mapping[str, Any], kind: str) -> dict[str, Any]:
        """Return the dialect's options of a reflected object: ``{"postgresql_include": ["a"]}``.

        ``kind`` is ``index``, ``unique_constraint`` or ``check_constraint``.
        """
        return dict(reflected_object.get("dialect_options") or {})

    def render_type(self, type_obj: AnyType, autogen_context: object) -> str | Literal[False]:
        """Return the Python source of a type of this dialect; False for the default rendering."""
        return False

    def render_ddl_sql_expr(self, expr: ClauseElement, is_server_default: bool = False, **kw: object) -> str:
        """Return the SQL of an expression for a version file: a default, a condition, a part of an index."""
        sql = sql_text(expr, self.dialect)
        return sql.replace("%%", "%") if self.dialect.paramstyle in ("format", "pyformat") else sql


def _compared(wanted: IndexSignature | UniqueSignature, found: IndexSignature | UniqueSignature) -> ComparisonResult:
    differing = [
        f"{name} {old!r} to {new!r}" for name, old, new in zip(wanted._fields, found, wanted, strict=True) if old != new
    ]
    return ComparisonResult.Different(differing) if differing else ComparisonResult.Equal()
