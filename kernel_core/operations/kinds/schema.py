"""CREATE SCHEMA and DROP SCHEMA, rendered as SQLAlchemy's constructs, so that Alembic can run the script too."""

from __future__ import annotations

from typing import Self

from sqlalchemy.schema import CreateSchema, DropSchema

from ...util.exc import UnsupportedOperation
from ..base import Operations
from ..fields import Field
from ..operation import DiffTuple, Hint, MigrateOperation, SourceWriter, slug
from ..registry import register_construct
from ..requirements import Requirement
from ..schema_state import SchemaState


@register_construct(CreateSchema)
class CreateSchemaOp(MigrateOperation):
    """CREATE SCHEMA; on MariaDB and MySQL this is a database.

    op.execute(sa.schema.CreateSchema("sales"))
    """

    sign = "+"
    fields = (Field("name", "identifier"),)

    def __init__(self, name: str, *, if_not_exists: bool = False) -> None:
        self.name, self.if_not_exists = name, if_not_exists

    @classmethod
    def from_construct(cls, construct: CreateSchema) -> Self:
        """Return the operation for a ``CreateSchema``."""
        return cls(str(construct.element), if_not_exists=bool(construct.if_not_exists))

    def apply(self, operations: Operations) -> None:
        refuse_where_there_are_none(operations, self.name)
        operations.impl.execute(CreateSchema(self.name, if_not_exists=self.if_not_exists))

    def apply_to(self, schema: SchemaState) -> None:
        if self.name not in schema.schemas:
            schema.schemas.append(self.name)

    def reverse(self) -> DropSchemaOp:
        return DropSchemaOp(self.name)

    def render(self, write: SourceWriter) -> str:
        return write.call("execute", CreateSchema(self.name, if_not_exists=self.if_not_exists))

    def sentence(self) -> str:
        return f"Create schema {self.name}"

    def slug(self) -> str:
        return slug("create schema", self.name)

    def to_diff_tuple(self) -> DiffTuple:
        return ("add_schema", self.name)

    def provides(self) -> frozenset[Requirement]:
        return frozenset({("schema", self.name)})

    @classmethod
    def example(cls) -> Self:
        return cls("sales")


def refuse_where_there_are_none(operations: Operations, name: str) -> None:
    """Raise UnsupportedOperation if the database has no CREATE SCHEMA for tables."""
    if not getattr(operations.impl, "creates_schemas", True):
        dialect = operations.impl.dialect.name
        raise UnsupportedOperation(
            f"{dialect} has no CREATE SCHEMA ({name}). Attach a file, or create a user, instead."
        )


@register_construct(DropSchema)
class DropSchemaOp(MigrateOperation):
    """DROP SCHEMA; fails while something is in it, unless ``cascade`` drops that too.

    op.execute(sa.schema.DropSchema("sales"))
    """

    sign = "-"
    fields = (Field("name", "identifier"),)

    def __init__(self, name: str, *, cascade: bool = False, if_exists: bool = False) -> None:
        self.name, self.cascade, self.if_exists = name, cascade, if_exists

    @classmethod
    def from_construct(cls, construct: DropSchema) -> Self:
        """Return the operation for a ``DropSchema``."""
        return cls(str(construct.element), cascade=bool(construct.cascade), if_exists=bool(construct.if_exists))

    def _construct(self) -> DropSchema:
        return DropSchema(self.name, cascade=self.cascade, if_exists=self.if_exists)

    def apply(self, operations: Operations) -> None:
        refuse_where_there_are_none(operations, self.name)
        operations.impl.execute(self._construct())

    def apply_to(self, schema: SchemaState) -> None:
        schema.schemas[:] = [name for name in schema.schemas if name != self.name]
        for found in (schema.tables, schema.enums, schema.sequences):
            for place in [each for each in found if each[0] == self.name]:
                del found[place]

    def reverse(self) -> CreateSchemaOp:
        return CreateSchemaOp(self.name)

    def render(self, write: SourceWriter) -> str:
        return write.call("execute", self._construct())

    def sentence(self) -> str:
        return f"Drop schema {self.name}{' and everything in it' if self.cascade else ''}"

    def slug(self) -> str:
        return slug("drop schema", self.name)

    def hints(self, dialect_name: str = "default") -> tuple[Hint, ...]:
        if self.cascade or dialect_name in ("mysql", "mariadb"):  # DROP DATABASE drops the tables in it
            return (Hint("loses data", f"everything in {self.name} is dropped"),)
        return (Hint("may fail", f"fails while something is in {self.name}"),)

    def to_diff_tuple(self) -> DiffTuple:
        return ("remove_schema", self.name)

    def requires(self) -> frozenset[Requirement]:
        return frozenset({("freed", "schema", self.name)})

    @classmethod
    def example(cls) -> Self:
        return cls("sales")
