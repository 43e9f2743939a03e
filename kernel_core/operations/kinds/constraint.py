"""Unique constraints, foreign keys, primary keys and checks: create, drop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Self

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, PrimaryKeyConstraint, UniqueConstraint
from sqlalchemy.schema import Constraint
from sqlalchemy.sql.elements import ColumnElement

from ...util.exc import IrreversibleOperation
from ...util.sqla_compat import referent, sql_text
from ..add_constraint import AddConstraintOp
from ..base import BatchOperations, Operations
from ..fields import Field
from ..operation import Hint, MigrateOperation, Need, SourceWriter, key, without_empty
from ..schemaobj import SchemaObjects

_NAME = Field("constraint_name", "identifier", label="name", optional=True)
_ACTIONS = ("", "CASCADE", "SET NULL", "SET DEFAULT", "RESTRICT", "NO ACTION")


def _timing(constraint: Constraint) -> dict[str, Any]:
    return without_empty({"deferrable": constraint.deferrable, "initially": constraint.initially})


class OverColumnsOp(AddConstraintOp):
    """A new constraint that is stated by a list of columns: a unique constraint, a primary key."""

    fields = (_NAME, Field("columns", "columns"))

    def __init__(
        self,
        constraint_name: str | None,
        table_name: str,
        columns: Sequence[str],
        *,
        schema: str | None = None,
        **kw: Any,
    ) -> None:
        self.constraint_name, self.table_name, self.columns = constraint_name, table_name, list(columns)
        self.schema, self.kw = schema, kw

    @classmethod
    def from_constraint(cls, constraint: Constraint) -> Self:
        assert isinstance(constraint, (UniqueConstraint, PrimaryKeyConstraint))
        names = [column.name for column in constraint.columns]
        options = _timing(constraint) | dict(constraint.dialect_kwargs)
        return cls(_name(constraint), constraint.table.name, names, schema=constraint.table.schema, **options)


@Operations.register_operation("create_unique_constraint")
@BatchOperations.register_operation("create_unique_constraint", "batch_create_unique_constraint")
@AddConstraintOp.register_add_constraint("unique_constraint")
class CreateUniqueConstraintOp(OverColumnsOp):
    """No two rows have the same values in these columns."""

    constraint_type = "unique"

    def to_constraint(self, migration_context: Any = None) -> UniqueConstraint:
        schema_objects = SchemaObjects(migration_context)
        return schema_objects.unique_constraint(
            self.constraint_name, self.table_name, self.columns, schema=self.schema, **self.kw
        )

    @classmethod
    def create_unique_constraint(
        cls,
        operations: Operations,
        constraint_name: str | None,
        table_name: str,
        columns: Sequence[str],
        *,
        schema: str | None = None,
        **kw: Any,
    ) -> None:
        """Add a unique constraint.

            op.create_unique_constraint("uq_users_email", "users", ["email"])

        Further arguments: ``deferrable``, ``initially`` and the dialects' own.
        """
        operations.invoke(cls(constraint_name, table_name, columns, schema=schema, **kw))

    @classmethod
    def batch_create_unique_constraint(
        cls, operations: BatchOperations, constraint_name: str, columns: Sequence[str], **kw: Any
    ) -> None:
        """Add a unique constraint to the table of the batch."""
        operations.invoke(cls(constraint_name, operations.table_name, columns, schema=operations.schema, **kw))

    def render(self, write: SourceWriter) -> str:
        return self._write(write, "create_unique_constraint", self.columns, **self.kw)

    def sentence(self) -> str:
        return f"Create unique constraint{self._called()} on {self.table_name} ({', '.join(self.columns)})"

    def hints(self, dialect_name: str = "default") -> tuple[Hint, ...]:
        return (Hint("may fail", f"fails if two rows of {self.table_name} have the same values"),)

    @classmethod
    def example(cls) -> Self:
        return cls("uq_users_email", "users", ["email"])


@Operations.register_operation("create_foreign_key")
@BatchOperations.register_operation("create_foreign_key", "batch_create_foreign_key")
@AddConstraintOp.register_add_constraint("foreign_key_constraint")
class CreateForeignKeyOp(AddConstraintOp):
    """Values of these columns stand in the referred table."""

    constraint_type = "foreignkey"
    fields = (
        _NAME,
        Field("local_cols", "columns", label="columns"),
        Field("remote_cols", "columns", label="referred columns"),
        Field("ondelete", "choice", choices=_ACTIONS[1:], optional=True),
        Field("onupdate", "choice", choices=_ACTIONS[1:], optional=True),
    )

    def __init__(
        self,
        constraint_name: str | None,
        source_table: str,
        referent_table: str,
        local_cols: Sequence[str],
        remote_cols: Sequence[str],
        *,
        source_schema: str | None = None,
        referent_schema: str | None = None,
        onupdate: str | None = None,
        ondelete: str | None = None,
        **kw: Any,
    ) -> None:
        self.constraint_name, self.table_name, self.referent_table = constraint_name, source_table, referent_table
        self.local_cols, self.remote_cols = list(local_cols), list(remote_cols)
        self.schema, self.referent_schema = source_schema, referent_schema
        self.onupdate, self.ondelete, self.kw = onupdate, ondelete, kw

    @property
    def source_table(self) -> str:
        """The table that refers."""
        return self.table_name

    @property
    def source_schema(self) -> str | None:
        """The schema of the table that refers."""
        return self.schema

    @classmethod
    def from_constraint(cls, constraint: Constraint) -> Self:
        assert isinstance(constraint, ForeignKeyConstraint)
        schema, table, columns = referent(constraint)
        return cls(
            _name(constraint),
            constraint.table.name,
            table,
            list(constraint.column_keys),
            columns,
            source_schema=constraint.table.schema,
            referent_schema=schema,
            onupdate=constraint.onupdate,
            ondelete=constraint.ondelete,
            **without_empty({"match": constraint.match, "use_alter": constraint.use_alter or None}),
            **_timing(constraint),
            **constraint.dialect_kwargs,
        )

    def to_constraint(self, migration_context: Any = None) -> ForeignKeyConstraint:
        return SchemaObjects(migration_context).foreign_key_constraint(
            self.constraint_name,
            self.table_name,
            self.referent_table,
            self.local_cols,
            self.remote_cols,
            source_schema=self.schema,
            referent_schema=self.referent_schema,
            onupdate=self.onupdate,
            ondelete=self.ondelete,
            **self.kw,
        )

    @classmethod
    def create_foreign_key(
        cls,
        operations: Operations,
        constraint_name: str | None,
        source_table: str,
        referent_table: str,
        local_cols: Sequence[str],
        remote_cols: Sequence[str],
        *,
        onupdate: str | None = None,
        ondelete: str | None = None,
        deferrable: bool | None = None,
        initially: str | None = None,
        match: str | None = None,
        source_schema: str | None = None,
        referent_schema: str | None = None,
        **kw: Any,
    ) -> None:
        """Add a foreign key.

            op.create_foreign_key("fk_orders_user", "orders", "users", ["user_id"], ["id"], ondelete="CASCADE")

        Further arguments: ``use_alter`` and the dialects' own.
        """
        timing = without_empty({"deferrable": deferrable, "initially": initially, "match": match})
        operations.invoke(
            cls(
                constraint_name,
                source_table,
                referent_table,
                local_cols,
                remote_cols,
                source_schema=source_schema,
                referent_schema=referent_schema,
                onupdate=onupdate,
                ondelete=ondelete,
                **timing,
                **kw,
            )
        )

    @classmethod
    def batch_create_foreign_key(
        cls,
        operations: BatchOperations,
        constraint_name: str | None,
        referent_table: str,
        local_cols: Sequence[str],
        remote_cols: Sequence[str],
        *,
        referent_schema: str | None = None,
        onupdate: str | None = None,
        ondelete: str | None = None,
        deferrable: bool | None = None,
        initially: str | None = None,
        match: str | None = None,
        **kw: Any,
    ) -> None:
        """Add a foreign key to the table of the batch."""
        cls.create_foreign_key(
            operations,  # type: ignore[arg-type]
            constraint_name,
            operations.table_name,
            referent_table,
            local_cols,
            remote_cols,
            onupdate=onupdate,
            ondelete=ondelete,
            deferrable=deferrable,
            initially=initially,
            match=match,
            source_schema=operations.schema,
            referent_schema=referent_schema,
            **kw,
        )

    def render(self, write: SourceWriter) -> str:
        options = without_empty(
            {"referent_schema": self.referent_schema, "onupdate": self.onupdate, "ondelete": self.ondelete}
        )
        if write.batch_table is None:
            source = without_empty({"source_schema": self.schema})
            tables: tuple[str, ...] = (self.table_name, self.referent_table)
        else:
            source, tables = {}, (self.referent_table,)
        return write.call(
            "create_foreign_key",
            self.constraint_name,
            *tables,
            self.local_cols,
            self.remote_cols,
            **source,
            **options,
            **self.kw,
        )

    def sentence(self) -> str:
        target = f"{self.referent_table} ({', '.join(self.remote_cols)})"
        action = f", on delete {self.ondelete.lower()}" if self.ondelete else ""
        source = f"{self.table_name} ({', '.join(self.local_cols)})"
        return f"Create foreign key{self._called()} from {source} to {target}{action}"

    def hints(self, dialect_name: str = "default") -> tuple[Hint, ...]:
        return (Hint("may fail", f"fails if {self.table_name} refers to rows that {self.referent_table} lacks"),)

    def to_diff_tuple(self) -> tuple[Any, ...]:
        return ("add_fk", self.to_constraint())

    def _column_needs(self) -> frozenset[Need]:
        local = {("column", *key(self.schema, self.table_name, name)) for name in self.local_cols}
        remote = {("column", *key(self.referent_schema, self.referent_table, name)) for name in self.remote_cols}
        return frozenset(local | remote | {("table", *key(self.referent_schema, self.referent_table))})

    @classmethod
    def example(cls) -> Self:
        return cls("fk_orders_user", "orders", "users", ["user_id"], ["id"], ondelete="CASCADE")


@Operations.register_operation("create_primary_key")
@BatchOperations.register_operation("create_primary_key", "batch_create_primary_key")
@AddConstraintOp.register_add_constraint("primary_key_constraint")
class CreatePrimaryKeyOp(OverColumnsOp):
    """These columns identify a row."""

    constraint_type = "primary"

    def to_constraint(self, migration_context: Any = None) -> PrimaryKeyConstraint:
        schema_objects = SchemaObjects(migration_context)
        return schema_objects.primary_key_constraint(
            self.constraint_name, self.table_name, self.columns, schema=self.schema, **self.kw
        )

    @classmethod
    def create_primary_key(
        cls,
        operations: Operations,
        constraint_name: str | None,
        table_name: str,
        columns: Sequence[str],
        *,
        schema: str | None = None,
        **kw: Any,
    ) -> None:
        """Add a primary key to a table that has none.

        op.create_primary_key("pk_users", "users", ["id"])
        """
        operations.invoke(cls(constraint_name, table_name, columns, schema=schema, **kw))

    @classmethod
    def batch_create_primary_key(
        cls, operations: BatchOperations, constraint_name: str | None, columns: Sequence[str], **kw: Any
    ) -> None:
        """Add a primary key to the table of the batch."""
        operations.invoke(cls(constraint_name, operations.table_name, columns, schema=operations.schema, **kw))

    def render(self, write: SourceWriter) -> str:
        return self._write(write, "create_primary_key", self.columns, **self.kw)

    def sentence(self) -> str:
        return f"Create primary key{self._called()} on {self.table_name} ({', '.join(self.columns)})"

    def hints(self, dialect_name: str = "default") -> tuple[Hint, ...]:
        return (Hint("may fail", f"fails if {self.table_name} has rows with no value, or the same values, there"),)

    @classmethod
    def example(cls) -> Self:
        return cls("pk_users", "users", ["id"])


@Operations.register_operation("create_check_constraint")
@BatchOperations.register_operation("create_check_constraint", "batch_create_check_constraint")
@AddConstraintOp.register_add_constraint(
    "check_constraint", "table_or_column_check_constraint", "column_check_constraint"
)
class CreateCheckConstraintOp(AddConstraintOp):
    """A condition that every row meets."""

    constraint_type = "check"
    fields = (_NAME, Field("condition", "sql"))

    def __init__(
        self,
        constraint_name: str | None,
        table_name: str,
        condition: str | ColumnElement[Any],
        *,
        schema: str | None = None,
        **kw: Any,
    ) -> None:
        self.constraint_name, self.table_name, self.condition = constraint_name, table_name, condition
        self.schema, self.kw = schema, kw

    @classmethod
    def from_constraint(cls, constraint: Constraint) -> Self:
        assert isinstance(constraint, CheckConstraint)
        table: Any = constraint.table
        options = _timing(constraint) | dict(constraint.dialect_kwargs)
        return cls(_name(constraint), table.name, constraint.sqltext, schema=table.schema, **options)

    def to_constraint(self, migration_context: Any = None) -> CheckConstraint:
        schema_objects = SchemaObjects(migration_context)
        return schema_objects.check_constraint(
            self.constraint_name, self.table_name, self.condition, schema=self.schema, **self.kw
        )

    @classmethod
    def create_check_constraint(
        cls,
        operations: Operations,
        constraint_name: str | None,
        table_name: str,
        condition: str | ColumnElement[Any],
        *,
        schema: str | None = None,
        **kw: Any,
    ) -> None:
        """Add a check.

        op.create_check_constraint("ck_users_age", "users", "age >= 0")
        """
        operations.invoke(cls(constraint_name, table_name, condition, schema=schema, **kw))

    @classmethod
    def batch_create_check_constraint(
        cls, operations: BatchOperations, constraint_name: str, condition: str | ColumnElement[Any], **kw: Any
    ) -> None:
        """Add a check to the table of the batch."""
        operations.invoke(cls(constraint_name, operations.table_name, condition, schema=operations.schema, **kw))

    def render(self, write: SourceWriter) -> str:
        condition = self.condition if isinstance(self.condition, str) else sql_text(self.condition)
        return self._write(write, "create_check_constraint", condition, **self.kw)

    def sentence(self) -> str:
        return f"Create check{self._called()} on {self.table_name}: {sql_text(self.condition)}"

    def hints(self, dialect_name: str = "default") -> tuple[Hint, ...]:
        return (Hint("may fail", f"fails if a row of {self.table_name} does not meet it"),)

    @classmethod
    def example(cls) -> Self:
        return cls("ck_users_age", "users", "age >= 0")


@Operations.register_operation("drop_constraint")
@BatchOperations.register_operation("drop_constraint", "batch_drop_constraint")
@AddConstraintOp.register_drop_constraint
class DropConstraintOp(MigrateOperation):
    """A constraint goes away; the rows stay."""

    sign = "-"
    alters_table = True

    def __init__(
        self,
        constraint_name: str | None,
        table_name: str,
        type_: str | None = None,
        *,
        schema: str | None = None,
        if_exists: bool | None = None,
        _reverse: AddConstraintOp | None = None,
    ) -> None:
        self.constraint_name, self.table_name, self.constraint_type = constraint_name, table_name, type_
        self.schema, self.if_exists, self._reverse = schema, if_exists, _reverse

    @classmethod
    def from_constraint(cls, constraint: Constraint) -> Self:
        """Return the operation that drops ``constraint`` and can add it again."""
        addition = AddConstraintOp.from_constraint(constraint)
        return cls(
            addition.constraint_name,
            addition.table_name,
            addition.constraint_type,
            schema=addition.schema,
            _reverse=addition,
        )

    def to_constraint(self, migration_context: Any = None) -> Constraint:
        """Return the constraint that is dropped; a nameable stand-in where only its name is known."""
        if self._reverse is not None:
            constraint = self._reverse.to_constraint(migration_context)
            constraint.name = self.constraint_name
            return constraint
        return SchemaObjects(migration_context).constraint(
            self.constraint_name, self.table_name, self.constraint_type, schema=self.schema
        )

    @classmethod
    def drop_constraint(
        cls,
        operations: Operations,
        constraint_name: str,
        table_name: str,
        type_: Literal["check", "foreignkey", "primary", "unique"] | None = None,
        *,
        schema: str | None = None,
        if_exists: bool | None = None,
    ) -> None:
        """Drop a constraint by its name; MySQL and SQLite also need its kind.

        op.drop_constraint("uq_users_email", "users", type_="unique")
        """
        operations.invoke(cls(constraint_name, table_name, type_, schema=schema, if_exists=if_exists))

    @classmethod
    def batch_drop_constraint(cls, operations: BatchOperations, constraint_name: str, type_: str | None = None) -> None:
        """Drop a constraint of the table of the batch."""
        operations.invoke(cls(constraint_name, operations.table_name, type_, schema=operations.schema))

    def apply(self, operations: Operations) -> None:
        constraint = self.to_constraint(operations.migration_context)
        operations.impl.drop_constraint(constraint, **without_empty({"if_exists": self.if_exists}))

    def reverse(self) -> AddConstraintOp:
        if self._reverse is None:
            raise IrreversibleOperation(
                self.sentence(), "what it states is not known. Make it with DropConstraintOp.from_constraint()."
            )
        return self._reverse

    def render(self, write: SourceWriter) -> str:
        options = without_empty({"type_": self.constraint_type, "if_exists": self.if_exists})
        if write.batch_table is not None:
            return write.call("drop_constraint", self.constraint_name, **options)
        options |= without_empty({"schema": self.schema})
        return write.call("drop_constraint", self.constraint_name, self.table_name, **options)

    def sentence(self) -> str:
        kinds = {"unique": "unique constraint", "foreignkey": "foreign key", "primary": "primary key", "check": "check"}
        return f"Drop {kinds.get(self.constraint_type or '', 'constraint')} {self.constraint_name} of {self.table_name}"

    def to_diff_tuple(self) -> tuple[Any, ...]:
        return ("remove_fk" if self.constraint_type == "foreignkey" else "remove_constraint", self.to_constraint())

    def provides(self) -> frozenset[Need]:
        """Columns of the constraint, and the table that a foreign key referred to, are free once it is gone."""
        if self._reverse is None:
            return frozenset()
        own = ("table", *key(self.schema, self.table_name))
        return frozenset(("freed", *need) for need in self._reverse.requires() if need != own)

    def requires(self) -> frozenset[Need]:
        return frozenset()

    @classmethod
    def example(cls) -> Self:
        return cls.from_constraint(CreateUniqueConstraintOp("uq_users_email", "users", ["email"]).to_constraint())


def _name(constraint: Constraint) -> str | None:
    return constraint.name if isinstance(constraint.name, str) else None
