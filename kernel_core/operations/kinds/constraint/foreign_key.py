"""Foreign keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from sqlalchemy import ForeignKeyConstraint
from sqlalchemy.schema import Constraint

from ....util.sqla_compat import plain_referent, referent, settled_name
from ...add_constraint import NAME_FIELD, AddConstraintOp, timing
from ...base import Operations
from ...batch_directives import batch_directive
from ...fields import Field
from ...interfaces import RunContext
from ...operation import DiffTuple, Hint, SourceWriter, shown_name, slug, without_empty
from ...plain_items import names_of
from ...requirements import Requirement, key
from ...schema_objects import SchemaObjects

_ACTIONS = ("CASCADE", "SET NULL", "SET DEFAULT", "RESTRICT", "NO ACTION")


@Operations.register_operation("create_foreign_key")
@batch_directive("create_foreign_key", "Add a foreign key to the table of the batch.")
@AddConstraintOp.register_add_constraint("foreign_key_constraint")
class CreateForeignKeyOp(AddConstraintOp):
    """ADD CONSTRAINT ... FOREIGN KEY: the columns refer to a row of another table.

    CreateForeignKeyOp("fk_orders_user", "orders", "users", ["user_id"], ["id"])
    """

    constraint_type = "foreignkey"
    fields = (
        NAME_FIELD,
        Field("local_cols", "columns", label="columns"),
        Field("remote_cols", "columns", label="referred columns"),
        Field("ondelete", "choice", choices=_ACTIONS, optional=True),
        Field("onupdate", "choice", choices=_ACTIONS, optional=True),
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
        **kw: object,
    ) -> None:
        self.constraint_name, self.table_name, self.referent_table = constraint_name, source_table, referent_table
        self.local_cols, self.remote_cols = list(local_cols), list(remote_cols)
        self.schema, self.referent_schema = source_schema, referent_schema
        self.onupdate, self.ondelete, self.kw = onupdate, ondelete, kw

    @property
    def source_table(self) -> str:
        """Name of the referring table."""
        return self.table_name

    @property
    def source_schema(self) -> str | None:
        """Schema of the referring table."""
        return self.schema

    @classmethod
    def from_constraint(cls, constraint: Constraint) -> Self:
        assert isinstance(constraint, ForeignKeyConstraint)
        schema, table, columns = referent(constraint)
        return cls(
            settled_name(constraint),
            constraint.table.name,
            table,
            list(constraint.column_keys),
            columns,
            source_schema=constraint.table.schema,
            referent_schema=schema,
            onupdate=constraint.onupdate,
            ondelete=constraint.ondelete,
            **without_empty({"match": constraint.match, "use_alter": constraint.use_alter or None}),
            **timing(constraint),
            **constraint.dialect_kwargs,
        )

    @classmethod
    def from_plain(cls, table_name: str, constraint: Constraint) -> Self | None:
        assert isinstance(constraint, ForeignKeyConstraint)
        found = plain_referent(constraint)
        if found is None:
            return None
        options = {"onupdate": constraint.onupdate, "ondelete": constraint.ondelete}
        return cls(settled_name(constraint), table_name, found[0], names_of(constraint), found[1], **options)

    def to_constraint(self, migration_context: RunContext | None = None) -> ForeignKeyConstraint:
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
        **kw: object,
    ) -> None:
        """Add a foreign key.

            op.create_foreign_key("fk_orders_user", "orders", "users", ["user_id"], ["id"], ondelete="CASCADE")

        Further arguments: ``use_alter`` and those of the dialects.
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
        target = f"{shown_name(self.referent_schema, self.referent_table)} ({', '.join(self.remote_cols)})"
        action = f", on delete {self.ondelete.lower()}" if self.ondelete else ""
        source = f"{self.shown_table} ({', '.join(self.local_cols)})"
        return f"Create foreign key{self._called()} from {source} to {target}{action}"

    def slug(self) -> str:
        between = f"foreign_key_from_{self.table_name}_to_{self.referent_table}"
        return slug("create", self.constraint_name or between)

    def hints(self, dialect_name: str = "default") -> tuple[Hint, ...]:
        referred = shown_name(self.referent_schema, self.referent_table)
        return (Hint("may fail", f"fails if {self.shown_table} refers to rows that {referred} lacks"),)

    def to_diff_tuple(self) -> DiffTuple:
        return ("add_fk", self.to_constraint())

    def _column_requirements(self) -> frozenset[Requirement]:
        local = {("column", *key(self.schema, self.table_name, name)) for name in self.local_cols}
        remote = {("column", *key(self.referent_schema, self.referent_table, name)) for name in self.remote_cols}
        target = (self.referent_schema, self.referent_table)
        unique: Requirement = ("unique", *key(*target, *sorted(self.remote_cols)))
        return frozenset(local | remote | {("table", *key(*target)), unique})

    @classmethod
    def example(cls) -> Self:
        return cls("fk_orders_user", "orders", "users", ["user_id"], ["id"], ondelete="CASCADE")
