"""RENAME TABLE."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Self

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import DDLCompiler

from ..base import Operations
from ..ddl_formatting import AlterTable, alter_table
from ..fields import Field
from ..operation import AlterTableOp, DiffTuple, SourceWriter, slug, without_empty
from ..requirements import Requirement, key
from ..schema_state import SchemaState


@Operations.register_operation("rename_table")
class RenameTableOp(AlterTableOp):
    """RENAME TABLE.

    RenameTableOp("users", "people")
    """

    alters_table = False
    fields = (Field("new_table_name", "identifier", label="new name"),)
    json_attributes: ClassVar[Mapping[str, str]] = {"old_table_name": "table_name"}

    def __init__(self, old_table_name: str, new_table_name: str, *, schema: str | None = None) -> None:
        super().__init__(old_table_name, schema=schema)
        self.new_table_name = new_table_name

    @classmethod
    def rename_table(
        cls, operations: Operations, old_table_name: str, new_table_name: str, *, schema: str | None = None
    ) -> None:
        """Rename a table.

        op.rename_table("users", "people")
        """
        operations.invoke(cls(old_table_name, new_table_name, schema=schema))

    def apply(self, operations: Operations) -> None:
        operations.impl.rename_table(self.table_name, self.new_table_name, schema=self.schema)

    def apply_to(self, schema: SchemaState) -> None:
        schema.rename_table((self.schema, self.table_name), self.new_table_name)

    def reverse(self) -> RenameTableOp:
        return RenameTableOp(self.new_table_name, self.table_name, schema=self.schema)

    def render(self, write: SourceWriter) -> str:
        return write.call(
            "rename_table", self.table_name, self.new_table_name, **without_empty({"schema": self.schema})
        )

    def sentence(self) -> str:
        return f"Rename table {self.shown_table} to {self.new_table_name}"

    def slug(self) -> str:
        return slug("rename", self.table_name, "to", self.new_table_name)

    def to_diff_tuple(self) -> DiffTuple:
        return ("rename_table", self.schema, self.table_name, self.new_table_name)

    def provides(self) -> frozenset[Requirement]:
        return frozenset({("table", *key(self.schema, self.new_table_name))})

    def requires(self) -> frozenset[Requirement]:
        return frozenset({("table", *key(self.schema, self.table_name))})

    @classmethod
    def example(cls) -> Self:
        return cls("users", "people")


class RenameTable(AlterTable):
    """``ALTER TABLE t RENAME TO u``."""

    def __init__(self, old_table_name: str, new_table_name: str, schema: str | None = None) -> None:
        super().__init__(old_table_name, schema=schema)
        self.new_table_name = new_table_name


@compiles(RenameTable)
def visit_rename_table(element: RenameTable, compiler: DDLCompiler, **kw: object) -> str:
    """Compile RENAME TO."""
    new = compiler.preparer.quote(element.new_table_name)
    return f"{alter_table(compiler, element.table_name, element.schema)} RENAME TO {new}"
