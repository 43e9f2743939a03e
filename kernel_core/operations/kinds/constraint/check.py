"""CHECK constraints."""

from __future__ import annotations

from typing import Self

from sqlalchemy import CheckConstraint
from sqlalchemy.schema import Constraint
from sqlalchemy.sql.elements import TextClause

from ....util.sql import without_parameters
from ....util.sqla_compat import literal_text, settled_name, shown_sql, sql_text, typed_text
from ....util.sqla_compat.columns import AnyExpression
from ...add_constraint import NAME_FIELD, AddConstraintOp, timing
from ...base import Operations
from ...batch_directives import batch_directive
from ...fields import Field
from ...interfaces import RunContext
from ...operation import Hint, SourceWriter, slug
from ...schema_objects import SchemaObjects


@Operations.register_operation("create_check_constraint")
@batch_directive("create_check_constraint", "Add a CHECK constraint to the table of the batch.")
@AddConstraintOp.register_add_constraint(
    "check_constraint", "table_or_column_check_constraint", "column_check_constraint"
)
class CreateCheckConstraintOp(AddConstraintOp):
    """ADD CONSTRAINT ... CHECK: a condition for every row.

    CreateCheckConstraintOp("ck_users_age", "users", "age >= 0")
    """

    constraint_type = "check"
    fields = (NAME_FIELD, Field("condition", "sql"))

    def __init__(
        self,
        constraint_name: str | None,
        table_name: str,
        condition: str | TextClause | AnyExpression,
        *,
        schema: str | None = None,
        **kw: object,
    ) -> None:
        self.constraint_name, self.table_name, self.condition = constraint_name, table_name, condition
        self.schema, self.kw = schema, kw

    @classmethod
    def from_constraint(cls, constraint: Constraint) -> Self:
        assert isinstance(constraint, CheckConstraint)
        table = constraint.table
        options = timing(constraint) | dict(constraint.dialect_kwargs)
        return cls(settled_name(constraint), table.name, constraint.sqltext, schema=table.schema, **options)

    def to_constraint(self, migration_context: RunContext | None = None) -> CheckConstraint:
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
        condition: str | AnyExpression,
        *,
        schema: str | None = None,
        **kw: object,
    ) -> None:
        """Add a CHECK constraint.

        op.create_check_constraint("ck_users_age", "users", "age >= 0")
        """
        operations.invoke(cls(constraint_name, table_name, condition, schema=schema, **kw))

    def render(self, write: SourceWriter) -> str:
        given = typed_text(self.condition) if isinstance(self.condition, str) else self.condition
        words = sql_text(given)
        is_plain = without_parameters(words) == words  # as a str it is the same here and with Alembic
        condition = words if is_plain else literal_text(words)
        return self._write(write, "create_check_constraint", condition, **self.kw)

    def sentence(self) -> str:
        return f"Create check{self._called()} on {self.shown_table}: {shown_sql(self.condition)}"

    def slug(self) -> str:
        return slug("create", self.constraint_name or f"check_on_{self.table_name}")

    def hints(self, dialect_name: str = "default") -> tuple[Hint, ...]:
        return (Hint("may fail", f"fails if a row of {self.shown_table} does not meet it"),)

    @classmethod
    def example(cls) -> Self:
        return cls("ck_users_age", "users", "age >= 0")
