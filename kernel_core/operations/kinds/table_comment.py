"""Comments on tables: set, drop."""

from __future__ import annotations

from typing import Self

from sqlalchemy import Table

from ...util.exc import IrreversibleOperation
from ..base import Operations
from ..batch_directives import batch_directive
from ..fields import Field
from ..interfaces import RunContext
from ..operation import AlterTableOp, DiffTuple, SourceWriter, slug
from ..schema_objects import SchemaObjects
from ..schema_state import SchemaState


@Operations.register_operation("create_table_comment")
@batch_directive("create_table_comment", "Set the comment of the table of the batch.")
class CreateTableCommentOp(AlterTableOp):
    """COMMENT ON TABLE; ``existing_comment`` is the current comment, None if there is none.

    CreateTableCommentOp("users", "who may log in", existing_comment="people")
    """

    fields = (Field("comment", "text", optional=True),)

    def __init__(
        self,
        table_name: str,
        comment: str | None,
        *,
        schema: str | None = None,
        existing_comment: str | None = None,
    ) -> None:
        super().__init__(table_name, schema=schema)
        self.comment, self.existing_comment = comment, existing_comment

    @classmethod
    def create_table_comment(
        cls,
        operations: Operations,
        table_name: str,
        comment: str | None,
        *,
        existing_comment: str | None = None,
        schema: str | None = None,
    ) -> None:
        """Set the comment of a table.

            op.create_table_comment("users", "who may log in", existing_comment="people")

        A downgrade restores ``existing_comment``; SQL Server needs it to change an existing comment.
        """
        operations.invoke(cls(table_name, comment, existing_comment=existing_comment, schema=schema))

    def to_table(self, migration_context: RunContext | None = None) -> Table:
        """Return the table, with the comment and nothing else."""
        return SchemaObjects(migration_context).table(self.table_name, schema=self.schema, comment=self.comment)

    def apply(self, operations: Operations) -> None:
        table = self.to_table(operations.migration_context)
        if self.comment is None:
            operations.impl.drop_table_comment(table)
        elif self.existing_comment is None:
            operations.impl.create_table_comment(table)
        else:
            operations.impl.change_table_comment(table, self.existing_comment)

    def apply_to(self, schema: SchemaState) -> None:
        schema.table(self.table_key).comment = self.comment

    def reverse(self) -> CreateTableCommentOp | DropTableCommentOp:
        if self.existing_comment is None:
            return DropTableCommentOp(self.table_name, existing_comment=self.comment, schema=self.schema)
        return CreateTableCommentOp(
            self.table_name, self.existing_comment, existing_comment=self.comment, schema=self.schema
        )

    def render(self, write: SourceWriter) -> str:
        return self._write(write, "create_table_comment", self.comment, existing_comment=self.existing_comment)

    def sentence(self) -> str:
        return f"Set the comment of table {self.shown_table} to {self.comment!r}"

    def slug(self) -> str:
        return slug("set comment of", self.table_name)

    def to_diff_tuple(self) -> DiffTuple:
        return ("add_table_comment", self.to_table(), self.existing_comment)

    @classmethod
    def example(cls) -> Self:
        return cls("users", "who may log in", existing_comment="people")


@Operations.register_operation("drop_table_comment")
@batch_directive("drop_table_comment", "Drop the comment of the table of the batch.")
class DropTableCommentOp(AlterTableOp):
    """Drop the comment of a table.

    DropTableCommentOp("users", existing_comment="who may log in")
    """

    def __init__(self, table_name: str, *, schema: str | None = None, existing_comment: str | None = None) -> None:
        super().__init__(table_name, schema=schema)
        self.existing_comment = existing_comment

    @classmethod
    def drop_table_comment(
        cls,
        operations: Operations,
        table_name: str,
        *,
        existing_comment: str | None = None,
        schema: str | None = None,
    ) -> None:
        """Drop the comment of a table.

        op.drop_table_comment("users", existing_comment="who may log in")
        """
        operations.invoke(cls(table_name, existing_comment=existing_comment, schema=schema))

    def to_table(self, migration_context: RunContext | None = None) -> Table:
        """Return the table, with nothing but its name."""
        return SchemaObjects(migration_context).table(self.table_name, schema=self.schema)

    def apply(self, operations: Operations) -> None:
        operations.impl.drop_table_comment(self.to_table(operations.migration_context))

    def apply_to(self, schema: SchemaState) -> None:
        schema.table(self.table_key).comment = None

    def reverse(self) -> CreateTableCommentOp:
        if self.existing_comment is None:
            raise IrreversibleOperation(self.sentence(), "its text is not known. Pass existing_comment=.")
        return CreateTableCommentOp(self.table_name, self.existing_comment, schema=self.schema)

    def render(self, write: SourceWriter) -> str:
        return self._write(write, "drop_table_comment", existing_comment=self.existing_comment)

    def sentence(self) -> str:
        return f"Drop the comment of table {self.shown_table}"

    def slug(self) -> str:
        return slug("drop comment of", self.table_name)

    def to_diff_tuple(self) -> DiffTuple:
        return ("remove_table_comment", self.to_table())

    @classmethod
    def example(cls) -> Self:
        return cls("users", existing_comment="who may log in")
