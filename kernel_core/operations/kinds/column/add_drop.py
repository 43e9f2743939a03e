"""ADD COLUMN and DROP COLUMN."""

from __future__ import annotations

from typing import Any, Self

from sqlalchemy import Column, PrimaryKeyConstraint, String
from sqlalchemy.types import NULLTYPE

from ....util.exc import IrreversibleOperation, UnknownEffect
from ....util.sqla_compat import AnyColumn, copy_column, has_custom_compiler, sorted_constraints
from ...add_constraint import AddConstraintOp
from ...base import BatchOperations, Operations
from ...batch_directives import batch_directive
from ...direct_ddl import AddColumnOptions
from ...fields import Field
from ...interfaces import Implementation, RunContext
from ...named_columns import plain_column
from ...operation import DiffTuple, Hint, SourceWriter, slug, without_empty
from ...requirements import Requirement, requirements_of_column
from ...schema_objects import SchemaObjects
from ...schema_state import SchemaState
from .column_op import ColumnOp, describe
from .column_statements import AddColumn


@Operations.register_operation("add_column")
@BatchOperations.register_operation("add_column", "batch_add_column")
class AddColumnOp(ColumnOp):
    """ADD COLUMN: a new column of an existing table.

    AddColumnOp("users", Column("email", String(120)))
    """

    sign = "+"
    fields = (
        Field("name", "identifier", at="column.name"),
        Field("type_", "type", label="type", at="column.type"),
        Field("nullable", "boolean", at="column.nullable"),
        Field("server_default", "default", at="column.server_default", optional=True),
        Field("comment", "text", at="column.comment", optional=True),
    )

    def __init__(
        self,
        table_name: str,
        column: AnyColumn,
        *,
        schema: str | None = None,
        if_not_exists: bool | None = None,
        inline_references: bool | None = None,
        inline_primary_key: bool | None = None,
        **kw: Any,
    ) -> None:
        super().__init__(table_name, schema=schema)
        self.column, self.if_not_exists = column, if_not_exists
        self.inline_references, self.inline_primary_key, self.kw = inline_references, inline_primary_key, kw

    @classmethod
    def from_column(cls, col: AnyColumn) -> Self:
        """Return the operation that adds a column of a Table."""
        return cls(col.table.name, col, schema=col.table.schema)

    @classmethod
    def from_column_and_tablename(cls, schema: str | None, tname: str, col: AnyColumn) -> Self:
        """Return the operation that adds ``col`` to the table of that name."""
        return cls(tname, col, schema=schema)

    def to_column(self) -> AnyColumn:
        """Return the column."""
        return self.column

    @classmethod
    def add_column(
        cls,
        operations: Operations,
        table_name: str,
        column: AnyColumn,
        *,
        schema: str | None = None,
        if_not_exists: bool | None = None,
        inline_references: bool | None = None,
        inline_primary_key: bool | None = None,
    ) -> None:
        """Add a column to a table.

            op.add_column("users", Column("email", String(120), nullable=False, server_default=""))

        Its foreign key, index and unique flag become separate statements. ``if_not_exists`` is for databases with
        ``ADD COLUMN IF NOT EXISTS``.
        """
        operations.invoke(
            cls(
                table_name,
                column,
                schema=schema,
                if_not_exists=if_not_exists,
                inline_references=inline_references,
                inline_primary_key=inline_primary_key,
            )
        )

    # Written by hand: `batch_directive` passes everything on to `add_column`, which takes no place in the table.
    @classmethod
    def batch_add_column(
        cls,
        operations: BatchOperations,
        column: AnyColumn,
        *,
        insert_before: str | None = None,
        insert_after: str | None = None,
        if_not_exists: bool | None = None,
        inline_references: bool | None = None,
        inline_primary_key: bool | None = None,
    ) -> None:
        """Add a column to the table of the batch, at the end or before or after another column.

        batch_op.add_column(Column("age", Integer), insert_after="name")
        """
        place = without_empty({"insert_before": insert_before, "insert_after": insert_after})
        operations.invoke(
            cls(
                operations.table_name,
                column,
                schema=operations.schema,
                if_not_exists=if_not_exists,
                inline_references=inline_references,
                inline_primary_key=inline_primary_key,
                **place,
            )
        )

    def apply(self, operations: Operations) -> None:
        words = self._direct_text(operations.impl)
        if words is not None:
            operations.impl.run_text(words)
            return
        options: dict[str, Any] = without_empty(
            {
                "if_not_exists": self.if_not_exists,
                "inline_references": self.inline_references,
                "inline_primary_key": self.inline_primary_key,
            }
        )
        column = copy_column(self.column)
        table = operations.schema_obj.table(self.table_name, column, schema=self.schema)
        written_inline = operations.impl.add_column(self.table_name, column, schema=self.schema, **options, **self.kw)
        for constraint in sorted_constraints(table):
            if isinstance(constraint, PrimaryKeyConstraint) or constraint in (written_inline or ()):
                continue
            operations.impl.add_constraint(constraint)
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            operations.impl.create_index(index)

    def _direct_text(self, impl: Implementation) -> str | None:
        """Return the statement that adds a plain column; None where SQLAlchemy's objects are needed for it."""
        direct = impl.direct_ddl
        if direct is None or self.kw or has_custom_compiler(AddColumn):
            return None
        options = AddColumnOptions(self.schema, self.if_not_exists, self.inline_references, self.inline_primary_key)
        return direct.add_column(self.table_name, self.column, options, impl.plain_addition)

    def apply_to(self, schema: SchemaState) -> None:
        state = schema.table(self.table_key)
        name = str(self.column.name)
        if name in state.columns:
            if self.if_not_exists:
                return
            raise UnknownEffect(f"table {self.table_name} has column {name} already")
        table = SchemaObjects(schema.context).table(self.table_name, copy_column(self.column), schema=self.schema)
        names = list(state.columns)
        place = len(names)
        if self.kw.get("insert_before") in names:
            place = names.index(self.kw["insert_before"])
        elif self.kw.get("insert_after") in names:
            place = names.index(self.kw["insert_after"]) + 1
        columns = list(state.columns.items())
        columns.insert(place, (name, plain_column(self.column)))
        state.columns = dict(columns)
        schema.add_items(state, table, constraint_of=AddConstraintOp.from_constraint)

    def reverse(self) -> DropColumnOp:
        return DropColumnOp(self.table_name, self.column.name, schema=self.schema, _reverse=self)

    def render(self, write: SourceWriter) -> str:
        return self._write(write, "add_column", self.column, if_not_exists=self.if_not_exists, **self.kw)

    def sentence(self) -> str:
        return f"Add column {describe(self.column)}, to {self.shown_table}"

    def slug(self) -> str:
        return slug("add", self.column.name, "to", self.table_name)

    def hints(self, dialect_name: str = "default") -> tuple[Hint, ...]:
        if not self.lacks_value:
            return ()
        why = f"{self.column.name} is not null and has no default:"
        if dialect_name in ("mysql", "mariadb"):
            # https://mariadb.com/kb/en/alter-table/: existing rows get the implicit default of the type
            return (Hint("changes data", f"{why} existing rows of {self.shown_table} get 0, '' or similar values"),)
        return (Hint("may fail", f"{why} fails if {self.shown_table} has rows"),)

    @property
    def lacks_value(self) -> bool:
        """Whether existing rows get no value: the column is NOT NULL and has no default."""
        return not self.column.nullable and self.column.server_default is None

    def advice(self, dialect_name: str) -> str:
        """Return what a NOT NULL column without a default does to existing rows, and the remedy; else ""."""
        if not self.lacks_value:
            return ""
        effect = self.hints(dialect_name)[0].text
        return f"{effect}. Set a server_default, or add it nullable, fill it, then set NOT NULL."

    def to_diff_tuple(self) -> DiffTuple:
        return ("add_column", self.schema, self.table_name, self.column)

    def provides(self) -> frozenset[Requirement]:
        return frozenset({self._requirement(self.column.name)})

    def requires(self) -> frozenset[Requirement]:
        return requirements_of_column(self.column) | {
            self._table_requirement(),
            ("gone", *self._requirement(self.column.name)),
        }

    @classmethod
    def example(cls) -> Self:
        return cls("users", Column("email", String(120), nullable=False, server_default="none"))


@Operations.register_operation("drop_column")
@batch_directive("drop_column", "Drop a column of the table of the batch.")
class DropColumnOp(ColumnOp):
    """DROP COLUMN: the column and all its values are dropped.

    DropColumnOp("users", "nick")
    """

    sign = "-"

    def __init__(
        self,
        table_name: str,
        column_name: str,
        *,
        schema: str | None = None,
        if_exists: bool | None = None,
        _reverse: AddColumnOp | None = None,
        **kw: Any,
    ) -> None:
        super().__init__(table_name, schema=schema)
        self.column_name, self.if_exists, self.kw, self._reverse = column_name, if_exists, kw, _reverse

    @classmethod
    def from_column_and_tablename(cls, schema: str | None, tname: str, col: AnyColumn) -> Self:
        """Return the operation that drops ``col`` and that can be reversed."""
        return cls(tname, col.name, schema=schema, _reverse=AddColumnOp(tname, col, schema=schema))

    def to_column(self, migration_context: RunContext | None = None) -> AnyColumn:
        """Return the dropped column; with NullType if only its name is known."""
        if self._reverse is not None:
            return self._reverse.column
        return Column(self.column_name, NULLTYPE)

    @classmethod
    def drop_column(
        cls,
        operations: Operations,
        table_name: str,
        column_name: str,
        *,
        schema: str | None = None,
        if_exists: bool | None = None,
        **kw: Any,
    ) -> None:
        """Drop a column from a table.

        op.drop_column("users", "nick")
        """
        operations.invoke(cls(table_name, column_name, schema=schema, if_exists=if_exists, **kw))

    def apply(self, operations: Operations) -> None:
        column = Column(self.column_name, self.to_column().type)
        options: dict[str, Any] = without_empty({"if_exists": self.if_exists})
        operations.impl.drop_column(self.table_name, column, schema=self.schema, **options, **self.kw)

    def apply_to(self, schema: SchemaState) -> None:
        table = schema.table(self.table_key)
        if not self.if_exists or self.column_name in table.columns:
            schema.drop_column(table, self.column_name)

    def reverse(self) -> AddColumnOp:
        if self._reverse is None:
            raise IrreversibleOperation(
                self.sentence(),
                "its type is not known. Write the downgrade by hand: op.add_column() with the column as it was.",
            )
        return self._reverse

    def render(self, write: SourceWriter) -> str:
        return self._write(write, "drop_column", self.column_name, if_exists=self.if_exists, **self.kw)

    def sentence(self) -> str:
        return f"Drop column {self.column_name} from {self.shown_table}"

    def slug(self) -> str:
        return slug("drop", self.column_name, "from", self.table_name)

    def hints(self, dialect_name: str = "default") -> tuple[Hint, ...]:
        return (Hint("loses data", f"all data in {self.shown_table}.{self.column_name} is lost"),)

    def to_diff_tuple(self) -> DiffTuple:
        return ("remove_column", self.schema, self.table_name, self.to_column())

    def provides(self) -> frozenset[Requirement]:
        """Return that its name, its enum type and its sequence are free, once it is dropped."""
        needed = requirements_of_column(self._reverse.column) if self._reverse is not None else ()
        return frozenset({("gone", *self._requirement(self.column_name)), *(("freed", *each) for each in needed)})

    def requires(self) -> frozenset[Requirement]:
        return frozenset({("freed", *self._requirement(self.column_name))})

    @classmethod
    def example(cls) -> Self:
        return cls.from_column_and_tablename(None, "users", Column("nick", String(40)))
