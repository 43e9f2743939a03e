"""DROP CONSTRAINT."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal, Self

from sqlalchemy.schema import Constraint

from ....util.exc import IrreversibleOperation, UnknownEffect
from ....util.sqla_compat import changed_column, final_name
from ...add_constraint import AddConstraintOp
from ...base import Operations
from ...batch_directives import batch_directive
from ...interfaces import RunContext
from ...named_columns import plain_column
from ...operation import DiffTuple, Hint, MigrateOperation, SourceWriter, slug, without_empty
from ...requirements import Requirement, key
from ...schema_objects import SchemaObjects
from ...schema_state import SchemaState, TableState, type_checks
from ...unnamed_constraints import is_unnamed
from .over_columns import CreateUniqueConstraintOp


@Operations.register_operation("drop_constraint")
@batch_directive("drop_constraint", "Drop a constraint of the table of the batch.")
@AddConstraintOp.register_drop_constraint
class DropConstraintOp(MigrateOperation):
    """DROP CONSTRAINT; the rows stay.

    DropConstraintOp("uq_users_email", "users", "unique")
    """

    sign = "-"
    alters_table = True
    json_attributes: ClassVar[Mapping[str, str]] = {"type_": "constraint_type"}

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
        """Return the operation that drops ``constraint`` and that can be reversed."""
        addition = AddConstraintOp.from_constraint(constraint)
        return cls(
            addition.constraint_name or None,
            addition.table_name,
            addition.constraint_type,
            schema=addition.schema,
            _reverse=addition,
        )

    def to_constraint(self, migration_context: RunContext | None = None) -> Constraint:
        """Return the dropped constraint.

        Raises IrreversibleOperation, a ValueError, if only its name is known.
        """
        if self._reverse is not None:
            constraint = self._reverse.to_constraint(migration_context)
            constraint.name = self.constraint_name
            return constraint
        raise self._unknown()

    def _named(self, migration_context: RunContext | None = None) -> Constraint:
        """Return the constraint, or if its definition is not known, one with its name and kind."""
        if self._reverse is not None:
            return self.to_constraint(migration_context)
        return SchemaObjects(migration_context).constraint(
            self.constraint_name, self.table_name, self.constraint_type, schema=self.schema
        )

    def _unknown(self) -> IrreversibleOperation:
        reason = "its definition is not known. Create it with DropConstraintOp.from_constraint()."
        return IrreversibleOperation(self.sentence(), reason)

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

    def apply(self, operations: Operations) -> None:
        constraint = self._named(operations.migration_context)
        operations.impl.drop_constraint(constraint, **without_empty({"if_exists": self.if_exists}))

    def apply_to(self, schema: SchemaState) -> None:
        table = schema.table((self.schema, self.table_name))
        name = str(final_name(self._named(schema.context), schema.dialect))
        found = [each for each in table.constraints if name in schema.names_to_drop(each)]
        if not found and self._dropped_from_type(schema, table, name):
            return
        of_kind = [each for each in table.constraints if self.constraint_type in (None, each.constraint_type)]
        unnamed = [each for each in of_kind if is_unnamed(each)]
        if not found and (self.constraint_type == "primary" or len(of_kind) == len(unnamed) == 1):
            found = of_kind  # the database has given the name
        if found:
            table.constraints.remove(found[0])
        elif unnamed or not self.if_exists:
            raise UnknownEffect(f"constraint {name} of table {self.table_name} is not known")

    def _dropped_from_type(self, schema: SchemaState, table: TableState, name: str) -> bool:
        """Remove a CHECK that belongs to a Boolean or Enum type; return whether there was one."""
        for column_name, column in table.columns.items():
            if any(name == str(final_name(each, schema.dialect)) for each in type_checks(column, table, schema)):
                without = column.type.copy()
                vars(without).update(create_constraint=False)
                table.columns[column_name] = changed_column(plain_column(column), type=without)
                return True
        return False

    def reverse(self) -> AddConstraintOp:
        if self._reverse is None:
            raise self._unknown()
        return self._reverse

    def render(self, write: SourceWriter) -> str:
        options = without_empty({"type_": self.constraint_type, "if_exists": self.if_exists})
        if write.batch_table is not None:
            return write.call("drop_constraint", self.constraint_name, **options)
        options |= without_empty({"schema": self.schema})
        return write.call("drop_constraint", self.constraint_name, self.table_name, **options)

    @property
    def _kind(self) -> str:
        kinds = {"unique": "unique constraint", "foreignkey": "foreign key", "primary": "primary key", "check": "check"}
        return kinds.get(self.constraint_type or "", "constraint")

    def sentence(self) -> str:
        return f"Drop {self._kind} {self.constraint_name or '(unnamed)'} of {self.shown_table}"

    def slug(self) -> str:
        if self.constraint_name is not None:
            return slug("drop", self.constraint_name)
        return slug("drop", self._kind, "of", self.table_name)

    def hints(self, dialect_name: str = "default") -> tuple[Hint, ...]:
        if self.constraint_name is not None or self.constraint_type == "primary":
            return ()
        return (Hint("may fail", "it has no name to drop it by"),)

    def to_diff_tuple(self) -> DiffTuple:
        return ("remove_fk" if self.constraint_type == "foreignkey" else "remove_constraint", self._named())

    def provides(self) -> frozenset[Requirement]:
        """Return that its name, table and columns, and the table of a foreign key are free, once it is dropped."""
        gone = ("gone", "constraint", *key(self.schema, self.table_name, str(self.constraint_name)))
        needed = self._reverse.requires() if self._reverse is not None else ()
        freed = {("freed", *each) for each in needed if each[0] != "gone"}
        return frozenset({gone, ("freed", "table", *key(self.schema, self.table_name))} | freed)

    def requires(self) -> frozenset[Requirement]:
        """Return that no foreign key may refer to the columns of a unique constraint."""
        if self._reverse is None:
            return frozenset()
        return frozenset(("freed", *each) for each in self._reverse.provides() if each[0] == "unique")

    @classmethod
    def example(cls) -> Self:
        return cls.from_constraint(CreateUniqueConstraintOp("uq_users_email", "users", ["email"]).to_constraint())
