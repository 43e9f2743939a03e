"""CREATE TYPE ... AS ENUM and DROP TYPE."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from ....util.exc import IrreversibleOperation
from ...base import Operations
from ...fields import Field
from ...operation import DiffTuple, Hint, SourceWriter, slug
from ...requirements import Requirement, key, requirements_of_schema
from ...schema_state import SchemaState
from .enum_type_op import EnumStatement, EnumTypeOp, listed


@Operations.register_operation("create_enum_type")
class CreateEnumTypeOp(EnumTypeOp):
    """CREATE TYPE ... AS ENUM, with its values in order (PostgreSQL).

    CreateEnumTypeOp("mood", ["sad", "ok", "happy"])
    """

    sign = "+"
    fields = (Field("name", "identifier"),)

    def __init__(self, name: str, labels: Sequence[str], *, schema: str | None = None) -> None:
        super().__init__(name, schema=schema)
        self.labels = list(labels)

    @classmethod
    def create_enum_type(
        cls, operations: Operations, name: str, labels: Sequence[str], *, schema: str | None = None
    ) -> None:
        """Create an enum type (PostgreSQL).

            op.create_enum_type("mood", ["sad", "ok", "happy"])

        Columns then use it with ``postgresql.ENUM("sad", "ok", "happy", name="mood", create_type=False)``.
        """
        operations.invoke(cls(name, labels, schema=schema))

    def apply(self, operations: Operations) -> None:
        self._execute(operations, "CREATE TYPE ", EnumStatement.TYPE, " AS ENUM ", self.labels)

    def apply_to(self, schema: SchemaState) -> None:
        schema.enums[self.schema, self.name] = list(self.labels)

    def reverse(self) -> DropEnumTypeOp:
        return DropEnumTypeOp(self.name, schema=self.schema, _reverse=self)

    def render(self, write: SourceWriter) -> str:
        return write.call("create_enum_type", self.name, self.labels, **self._place())

    def sentence(self) -> str:
        return f"Create enum type {self.shown_name}: {listed(self.labels)}"

    def slug(self) -> str:
        return slug("create enum", self.name)

    def provides(self) -> frozenset[Requirement]:
        return self._values(self.labels) | {("type", *key(self.schema, self.name))}

    def requires(self) -> frozenset[Requirement]:
        return requirements_of_schema(self.schema)

    def to_diff_tuple(self) -> DiffTuple:
        return ("add_enum_type", self.schema, self.name, list(self.labels))

    @classmethod
    def example(cls) -> Self:
        return cls("mood", ["sad", "it's ok", "happy"])


@Operations.register_operation("drop_enum_type")
class DropEnumTypeOp(EnumTypeOp):
    """DROP TYPE; fails while a column uses the enum type (PostgreSQL).

    DropEnumTypeOp("mood")
    """

    sign = "-"

    def __init__(self, name: str, *, schema: str | None = None, _reverse: CreateEnumTypeOp | None = None) -> None:
        super().__init__(name, schema=schema)
        self._reverse = _reverse

    @classmethod
    def drop_enum_type(cls, operations: Operations, name: str, *, schema: str | None = None) -> None:
        """Drop an enum type that no column uses (PostgreSQL).

        op.drop_enum_type("mood")
        """
        operations.invoke(cls(name, schema=schema))

    def apply(self, operations: Operations) -> None:
        self._execute(operations, "DROP TYPE ", EnumStatement.TYPE)

    def apply_to(self, schema: SchemaState) -> None:
        schema.enums.pop((self.schema, self.name), None)

    def reverse(self) -> CreateEnumTypeOp:
        if self._reverse is None:
            raise IrreversibleOperation(
                self.sentence(), "its values are not known. Use CreateEnumTypeOp(...).reverse()."
            )
        return self._reverse

    def render(self, write: SourceWriter) -> str:
        return write.call("drop_enum_type", self.name, **self._place())

    def sentence(self) -> str:
        return f"Drop enum type {self.shown_name}"

    def slug(self) -> str:
        return slug("drop enum", self.name)

    def hints(self, dialect_name: str = "default") -> tuple[Hint, ...]:
        return (Hint("may fail", f"fails while a column uses {self.shown_name}"),)

    def provides(self) -> frozenset[Requirement]:
        return frozenset(("freed", *each) for each in requirements_of_schema(self.schema))

    def requires(self) -> frozenset[Requirement]:
        return frozenset({("freed", "type", *key(self.schema, self.name))})

    def to_diff_tuple(self) -> DiffTuple:
        return ("remove_enum_type", self.schema, self.name)

    @classmethod
    def example(cls) -> Self:
        return cls("mood", _reverse=CreateEnumTypeOp.example())
