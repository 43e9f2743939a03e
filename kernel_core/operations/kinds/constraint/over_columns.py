"""Constraints on a list of columns: unique constraints and primary keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from sqlalchemy import PrimaryKeyConstraint, UniqueConstraint
from sqlalchemy.schema import Constraint

from ....util.sqla_compat import settled_name
from ...add_constraint import NAME_FIELD, AddConstraintOp, timing
from ...base import Operations
from ...batch_directives import batch_directive
from ...fields import Field
from ...interfaces import RunContext
from ...operation import Hint, MigrateOperation, SourceWriter, slug
from ...plain_items import names_of
from ...requirements import Requirement, key
from ...schema_objects import SchemaObjects
from ...schema_state import SchemaState

USING_INDEX = "postgresql_using_index"


class OverColumnsOp(AddConstraintOp):
    """The base class of adding a unique constraint and adding a primary key."""

    fields = (NAME_FIELD, Field("columns", "columns"))

    def __init__(
        self,
        constraint_name: str | None,
        table_name: str,
        columns: Sequence[str],
        *,
        schema: str | None = None,
        **kw: object,
    ) -> None:
        self.constraint_name, self.table_name, self.columns = constraint_name, table_name, list(columns)
        self.schema, self.kw = schema, kw

    @classmethod
    def from_constraint(cls, constraint: Constraint) -> Self:
        assert isinstance(constraint, (UniqueConstraint, PrimaryKeyConstraint))
        names = [column.name for column in constraint.columns]
        options = timing(constraint) | dict(constraint.dialect_kwargs)
        return cls(settled_name(constraint), constraint.table.name, names, schema=constraint.table.schema, **options)

    @classmethod
    def from_plain(cls, table_name: str, constraint: Constraint) -> Self:
        return cls(settled_name(constraint), table_name, names_of(constraint))

    @property
    def using_index(self) -> str | None:
        """The existing unique index of PostgreSQL that becomes the constraint's, by ``postgresql_using_index``."""
        name = self.kw.get(USING_INDEX)
        return None if name is None else str(name)

    def with_own_index(self) -> Self:
        """Return the operation that creates the index too."""
        return self.changed(kw={name: value for name, value in self.kw.items() if name != USING_INDEX})

    def apply(self, operations: Any) -> None:
        constraint = self.to_constraint(operations.migration_context)
        if self.using_index is None:
            super().apply(operations)
        else:
            operations.impl.add_constraint(constraint, using_index=self.using_index)

    def apply_to(self, schema: SchemaState) -> None:
        if self.using_index is None:
            super().apply_to(schema)
            return
        table = schema.table((self.schema, self.table_name))
        table.indexes[:] = [each for each in table.indexes if self.using_index not in schema.names(each)]
        self.with_own_index().apply_to(schema)

    def reverse(self) -> MigrateOperation:
        """Return the operation that drops the constraint with its index."""
        return super().reverse() if self.using_index is None else self.with_own_index().reverse()

    def provides(self) -> frozenset[Requirement]:
        return super().provides() | {("unique", *key(self.schema, self.table_name, *sorted(self.columns)))}


@Operations.register_operation("create_unique_constraint")
@batch_directive("create_unique_constraint", "Add a unique constraint to the table of the batch.")
@AddConstraintOp.register_add_constraint("unique_constraint")
class CreateUniqueConstraintOp(OverColumnsOp):
    """ADD CONSTRAINT ... UNIQUE.

    CreateUniqueConstraintOp("uq_users_email", "users", ["email"])
    """

    constraint_type = "unique"

    def to_constraint(self, migration_context: RunContext | None = None) -> UniqueConstraint:
        schema_objects = SchemaObjects(migration_context)
        return schema_objects.unique_constraint(
            self.constraint_name, self.table_name, self.columns, schema=self.schema, **self.with_own_index().kw
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
        **kw: object,
    ) -> None:
        """Add a unique constraint.

            op.create_unique_constraint("uq_users_email", "users", ["email"])

        Further arguments: ``deferrable``, ``initially``, those of the dialects, and ``postgresql_using_index``: the
        name of a unique index that exists, which becomes the constraint's.
        """
        operations.invoke(cls(constraint_name, table_name, columns, schema=schema, **kw))

    def render(self, write: SourceWriter) -> str:
        return self._write(write, "create_unique_constraint", self.columns, **self.kw)

    def sentence(self) -> str:
        return f"Create unique constraint{self._called()} on {self.shown_table} ({', '.join(self.columns)})"

    def slug(self) -> str:
        return slug("create", self.constraint_name or f"unique_constraint_on_{self.table_name}")

    def hints(self, dialect_name: str = "default") -> tuple[Hint, ...]:
        return (Hint("may fail", f"fails if two rows of {self.shown_table} have the same values"),)

    @classmethod
    def example(cls) -> Self:
        return cls("uq_users_email", "users", ["email"])


@Operations.register_operation("create_primary_key")
@batch_directive("create_primary_key", "Add a primary key to the table of the batch.")
@AddConstraintOp.register_add_constraint("primary_key_constraint")
class CreatePrimaryKeyOp(OverColumnsOp):
    """ADD CONSTRAINT ... PRIMARY KEY.

    CreatePrimaryKeyOp("pk_users", "users", ["id"])
    """

    constraint_type = "primary"

    def to_constraint(self, migration_context: RunContext | None = None) -> PrimaryKeyConstraint:
        schema_objects = SchemaObjects(migration_context)
        return schema_objects.primary_key_constraint(
            self.constraint_name, self.table_name, self.columns, schema=self.schema, **self.with_own_index().kw
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
        **kw: object,
    ) -> None:
        """Add a primary key to a table that has none.

        op.create_primary_key("pk_users", "users", ["id"])
        """
        operations.invoke(cls(constraint_name, table_name, columns, schema=schema, **kw))

    def render(self, write: SourceWriter) -> str:
        return self._write(write, "create_primary_key", self.columns, **self.kw)

    def sentence(self) -> str:
        return f"Create primary key{self._called()} on {self.shown_table} ({', '.join(self.columns)})"

    def slug(self) -> str:
        return slug("create", self.constraint_name or f"primary_key_on_{self.table_name}")

    def hints(self, dialect_name: str = "default") -> tuple[Hint, ...]:
        return (Hint("may fail", f"fails if {self.shown_table} has rows with no value, or the same values, there"),)

    @classmethod
    def example(cls) -> Self:
        return cls("pk_users", "users", ["id"])
