"""CREATE SEQUENCE and DROP SEQUENCE, rendered as SQLAlchemy's constructs, so that Alembic can run the script too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from sqlalchemy.schema import CreateSequence, DropSequence, Sequence

from ...util.exc import IrreversibleOperation, UnsupportedOperation
from ..base import Operations
from ..fields import Field
from ..operation import DiffTuple, Hint, MigrateOperation, SourceWriter, shown_name, slug
from ..registry import register_construct
from ..requirements import Requirement, key
from ..schema_state import SchemaState

OPTIONS = (
    *("start", "increment", "minvalue", "maxvalue", "nominvalue", "nomaxvalue"),
    *("cycle", "cache", "order", "data_type"),
)
"""The arguments of ``sqlalchemy.Sequence`` that a database stores."""


def options_of(sequence: Sequence) -> dict[str, Any]:
    """Return the options of a sequence."""
    return {name: value for name in OPTIONS if (value := getattr(sequence, name, None)) is not None}


@register_construct(CreateSequence)
class CreateSequenceOp(MigrateOperation):
    """CREATE SEQUENCE, with the options of ``sqlalchemy.Sequence``.

    op.execute(sa.schema.CreateSequence(sa.Sequence("order_no", start=1000)))
    """

    sign = "+"
    fields = (Field("name", "identifier"),)

    def __init__(
        self,
        name: str,
        *,
        schema: str | None = None,
        options: Mapping[str, Any] | None = None,
        if_not_exists: bool = False,
    ) -> None:
        self.name, self.schema, self.options, self.if_not_exists = name, schema, dict(options or {}), if_not_exists

    @classmethod
    def from_construct(cls, construct: CreateSequence) -> Self:
        """Return the operation for a ``CreateSequence``."""
        found = cls.from_sequence(construct.element)
        found.if_not_exists = bool(construct.if_not_exists)
        return found

    @classmethod
    def from_sequence(cls, sequence: Sequence) -> Self:
        """Return the operation that creates a sequence of the models."""
        return cls(str(sequence.name), schema=sequence.schema, options=options_of(sequence))

    def to_sequence(self) -> Sequence:
        """Return the sequence, without a MetaData."""
        return Sequence(self.name, schema=self.schema, **self.options)

    def apply(self, operations: Operations) -> None:
        refuse_where_there_are_none(operations, self.name)
        operations.impl.execute(self._construct())

    def _construct(self) -> CreateSequence:
        return CreateSequence(self.to_sequence(), if_not_exists=self.if_not_exists)

    def apply_to(self, schema: SchemaState) -> None:
        if not self.if_not_exists or (self.schema, self.name) not in schema.sequences:
            schema.sequences[self.schema, self.name] = self.options

    def reverse(self) -> DropSequenceOp:
        return DropSequenceOp(self.name, schema=self.schema, _reverse=self)

    def render(self, write: SourceWriter) -> str:
        return write.call("execute", self._construct())

    def sentence(self) -> str:
        return f"Create sequence {shown_name(self.schema, self.name)}"

    def slug(self) -> str:
        return slug("create sequence", self.name)

    def to_diff_tuple(self) -> DiffTuple:
        return ("add_sequence", self.to_sequence())

    def provides(self) -> frozenset[Requirement]:
        return frozenset({("sequence", *key(self.schema, self.name))})

    def requires(self) -> frozenset[Requirement]:
        return frozenset({("schema", self.schema)}) if self.schema else frozenset()

    @classmethod
    def example(cls) -> Self:
        return cls("order_no", options={"start": 1000, "increment": 10})


@register_construct(DropSequence)
class DropSequenceOp(MigrateOperation):
    """DROP SEQUENCE; fails while the default of a column uses it.

    op.execute(sa.schema.DropSequence(sa.Sequence("order_no")))
    """

    sign = "-"

    def __init__(
        self,
        name: str,
        *,
        schema: str | None = None,
        if_exists: bool = False,
        _reverse: CreateSequenceOp | None = None,
    ) -> None:
        self.name, self.schema, self.if_exists, self._reverse = name, schema, if_exists, _reverse

    @classmethod
    def from_construct(cls, construct: DropSequence) -> Self:
        """Return the operation for a ``DropSequence``."""
        element = construct.element
        return cls(str(element.name), schema=element.schema, if_exists=bool(construct.if_exists))

    def _construct(self) -> DropSequence:
        return DropSequence(Sequence(self.name, schema=self.schema), if_exists=self.if_exists)

    def apply(self, operations: Operations) -> None:
        refuse_where_there_are_none(operations, self.name)
        operations.impl.execute(self._construct())

    def apply_to(self, schema: SchemaState) -> None:
        schema.sequences.pop((self.schema, self.name), None)

    def reverse(self) -> CreateSequenceOp:
        if self._reverse is None:
            raise IrreversibleOperation(self.sentence(), "its options are not known. Write the downgrade by hand.")
        return self._reverse

    def render(self, write: SourceWriter) -> str:
        return write.call("execute", self._construct())

    def sentence(self) -> str:
        return f"Drop sequence {shown_name(self.schema, self.name)}"

    def slug(self) -> str:
        return slug("drop sequence", self.name)

    def hints(self, dialect_name: str = "default") -> tuple[Hint, ...]:
        return (Hint("loses data", f"the number that {shown_name(self.schema, self.name)} has reached is lost"),)

    def to_diff_tuple(self) -> DiffTuple:
        return ("remove_sequence", Sequence(self.name, schema=self.schema))

    def requires(self) -> frozenset[Requirement]:
        return frozenset({("freed", "sequence", *key(self.schema, self.name))})

    @classmethod
    def example(cls) -> Self:
        return cls("order_no", _reverse=CreateSequenceOp.example())


def refuse_where_there_are_none(operations: Operations, name: str) -> None:
    """Raise UnsupportedOperation on SQLite; a script for "mysql" may go to MariaDB, which has them."""
    dialect = operations.impl.dialect
    if not dialect.supports_sequences and dialect.name not in ("mysql", "mariadb"):
        raise UnsupportedOperation(
            f"{dialect.name} has no sequences ({name}). Leave it out: integer primary keys are generated automatically."
        )
