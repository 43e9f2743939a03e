"""Exclude constraints of PostgreSQL.

https://www.postgresql.org/docs/current/sql-createtable.html#SQL-CREATETABLE-EXCLUDE
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import Column, text
from sqlalchemy.schema import Constraint
from sqlalchemy.sql.elements import ClauseElement

from ...util.exc import CommandError
from ...util.sqla_compat import (
    append_constraint,
    excluded,
    is_exclude_constraint,
    new_exclude_constraint,
    shown_sql,
    sql_text,
)
from ..add_constraint import NAME_FIELD, AddConstraintOp
from ..base import Operations
from ..batch_directives import batch_directive
from ..fields import Field
from ..interfaces import RunContext
from ..operation import Hint, SourceWriter, slug, without_empty
from ..requirements import Requirement, key
from ..schema_objects import SchemaObjects

if TYPE_CHECKING:
    from sqlalchemy.dialects.postgresql import ExcludeConstraint

Element = tuple[Any, str]
"""A column or SQL expression, and the operator that compares it."""


@Operations.register_operation("create_exclude_constraint")
@batch_directive("create_exclude_constraint", "Add an exclude constraint to the table of the batch (PostgreSQL).")
@AddConstraintOp.register_add_constraint("exclude_constraint")
class CreateExcludeConstraintOp(AddConstraintOp):
    """ADD CONSTRAINT ... EXCLUDE: no two rows for which all comparisons are true (PostgreSQL).

    CreateExcludeConstraintOp("ex", "bookings", [("room", "="), ("during", "&&")], using="gist")
    """

    fields = (
        NAME_FIELD,
        Field("where", "sql", optional=True),
    )
    json_omitted = frozenset({"_orig_constraint"})

    def __init__(
        self,
        constraint_name: str | None,
        table_name: str,
        elements: Sequence[Element],
        where: str | ClauseElement | None = None,
        schema: str | None = None,
        _orig_constraint: Constraint | None = None,
        **kw: object,
    ) -> None:
        if not elements or not all(isinstance(element, tuple) and len(element) == 2 for element in elements):
            raise CommandError(
                f"An exclude constraint of {table_name!r} needs pairs of a column and an operator, "
                'such as ("room", "="), ("during", "&&").'
            )
        self.constraint_name, self.table_name, self.elements = constraint_name, table_name, list(elements)
        self.where, self.schema, self.kw = where, schema, kw

    @classmethod
    def from_constraint(cls, constraint: Constraint) -> Self:
        assert is_exclude_constraint(constraint)
        table = constraint.table
        options: dict[str, Any] = {
            "deferrable": constraint.deferrable,
            "initially": constraint.initially,
            "using": constraint.using,
            "ops": constraint.ops,
        }
        return cls(
            constraint.name if isinstance(constraint.name, str) else None,
            table.name,
            [(_plain(expression), operator) for expression, operator in excluded(constraint)],
            where=constraint.where,
            schema=table.schema,
            **{name: value for name, value in options.items() if value},
        )

    def json_arguments(self) -> dict[str, object]:
        return super().json_arguments() | {"elements": [(_plain(item), operator) for item, operator in self.elements]}

    def to_constraint(self, migration_context: RunContext | None = None) -> ExcludeConstraint:
        names = [name for name, _ in self.elements if isinstance(name, str)]
        table = SchemaObjects(migration_context).columns_table(self.table_name, names, self.schema)
        where = text(self.where) if isinstance(self.where, str) else self.where
        elements: list[Any] = [
            (table.c[item] if isinstance(item, str) else item, operator) for item, operator in self.elements
        ]
        constraint = new_exclude_constraint(*elements, name=self.constraint_name, where=where, **self.kw)
        append_constraint(table, constraint)
        return constraint

    @classmethod
    def create_exclude_constraint(
        cls, operations: Operations, constraint_name: str | None, table_name: str, *elements: Element, **kw: Any
    ) -> None:
        """Add an exclude constraint (PostgreSQL).

            op.create_exclude_constraint("ex_bookings", "bookings", ("room", "="), ("during", "&&"), using="gist")

        Further arguments: ``where``, ``using`` (by default ``gist``), ``ops``, ``deferrable``,
        ``initially``, ``schema``.
        """
        operations.invoke(cls(constraint_name, table_name, elements, **kw))

    def render(self, write: SourceWriter) -> str:
        where = None if self.where is None else sql_text(self.where)
        return self._write(
            write, "create_exclude_constraint", *self.elements, **without_empty({"where": where}), **self.kw
        )

    def sentence(self) -> str:
        pairs = ", ".join(f"{shown_sql(item)} {operator}" for item, operator in self.elements)
        where = f", where {shown_sql(self.where)}" if self.where is not None else ""
        return f"Create exclude constraint{self._called()} on {self.shown_table} ({pairs}{where})"

    def slug(self) -> str:
        return slug("create", self.constraint_name or f"exclude_constraint_on_{self.table_name}")

    def hints(self, dialect_name: str = "default") -> tuple[Hint, ...]:
        return (Hint("may fail", f"fails if two rows of {self.shown_table} exclude each other"),)

    def _column_requirements(self) -> frozenset[Requirement]:
        names = [item for item, _ in self.elements if isinstance(item, str)]
        return frozenset(("column", *key(self.schema, self.table_name, name)) for name in names)

    @classmethod
    def example(cls) -> Self:
        return cls("ex_bookings", "bookings", [("room", "="), ("during", "&&")], where="room > 0", using="gist")


def _plain(expression: str | ClauseElement) -> str | ClauseElement:
    """Return a column as its name, other SQL unchanged."""
    return str(expression.name) if isinstance(expression, Column) else expression
