"""The base class of operations that add a constraint, and the registry that makes one from a constraint object."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Literal, Self, TypeVar

from sqlalchemy.schema import Constraint, PrimaryKeyConstraint

from ..util.exc import CommandError
from ..util.sqla_compat import changed_column, kind_and_order
from .fields import Field
from .interfaces import RunContext
from .named_columns import columns_of_item, key_column, plain_column
from .operation import DiffTuple, MigrateOperation, SourceWriter, without_empty
from .plain_items import PlainItems
from .requirements import Requirement, key
from .schema_state import SchemaState, TableState

C = TypeVar("C", bound=type["AddConstraintOp"])
D = TypeVar("D", bound=type[MigrateOperation])

NAME_FIELD = Field("constraint_name", "identifier", label="name", optional=True)
"""The name of a constraint, as a person edits it."""


def timing(constraint: Constraint) -> dict[str, object]:
    """Return when the constraint is checked, where it states that: ``deferrable``, ``initially``."""
    return without_empty({"deferrable": constraint.deferrable, "initially": constraint.initially})


class AddConstraintOp(MigrateOperation):
    """Add a constraint to an existing table.

    ``constraint_type`` is the ``type_`` of ``drop_constraint``. A ``constraint_name`` of None is given by the naming
    convention or the database, `UNNAMED` by the database alone; ``generated_name`` is the name that it will give, if
    that is known.
    """

    sign = "+"
    alters_table = True
    constraint_type: ClassVar[Literal["unique", "foreignkey", "primary", "check"] | None] = None
    constraint_name: str | None
    generated_name: str | None = None
    table_name: str
    schema: str | None

    json_state = (*MigrateOperation.json_state, "generated_name")

    _by_visit_name: ClassVar[dict[str, type[AddConstraintOp]]] = {}

    @classmethod
    def register_add_constraint(cls, type_: str, *others: str) -> Callable[[C], C]:
        """Register the decorated class for constraints with one of these ``__visit_name__``; see `from_constraint`."""

        def register(operation_class: C) -> C:
            for name in (type_, *others):
                cls._by_visit_name[name] = operation_class
            return operation_class

        return register

    @classmethod
    def from_constraint(cls, constraint: Constraint) -> AddConstraintOp:
        """Return the operation that adds ``constraint`` to its table.

        Raises CommandError if no operation is registered for its kind.
        """
        found = cls._by_visit_name.get(constraint.__visit_name__)
        if found is None:
            raise CommandError(
                f"No operation adds a {constraint.__visit_name__}. "
                "Register one with AddConstraintOp.register_add_constraint()."
            )
        return found.from_constraint(constraint)

    @classmethod
    def of_plain_table(cls, table_name: str, items: PlainItems) -> list[AddConstraintOp] | None:
        """Return the operations that add the constraints of a plain table, as `from_constraint` does in a Table.

        None where one of them needs a Table.
        """
        if not items.constraints:
            make: Callable[..., AddConstraintOp] = cls._by_visit_name["primary_key_constraint"]
            return [make(None, table_name, items.key)] if items.key else []
        has_key = any(isinstance(each, PrimaryKeyConstraint) for each in items.constraints)
        implicit = [PrimaryKeyConstraint(*items.key)] if items.key and not has_key else []
        found = sorted((*items.constraints, *implicit), key=kind_and_order)
        made = [cls._by_visit_name[each.__visit_name__].from_plain(table_name, each) for each in found]
        return [each for each in made if each is not None] if None not in made else None

    @classmethod
    def from_plain(cls, table_name: str, constraint: Constraint) -> Self | None:
        """Return the operation that adds a plain constraint, which has no table yet; None where it needs one."""
        raise NotImplementedError(f"{cls.__name__} does not define from_plain() for {constraint!r} of {table_name}.")

    def to_constraint(self, migration_context: RunContext | None = None) -> Constraint:
        """Return the constraint, on a scratch table."""
        raise NotImplementedError(f"{type(self).__name__} does not define to_constraint().")

    def apply(self, operations: Any) -> None:
        operations.impl.add_constraint(self.to_constraint(operations.migration_context))

    def apply_to(self, schema: SchemaState) -> None:
        """Add the constraint; raises UnknownEffect if its table or a column is not known."""
        table = schema.table((self.schema, self.table_name))
        columns = [table.column(name) for name in columns_of_item(self) if isinstance(name, str)]
        if self.constraint_type == "primary":
            table.constraints[:] = [each for each in table.constraints if each.constraint_type != "primary"]
            for column in columns:
                table.columns[column.name] = changed_column(plain_column(column), nullable=False)
        if schema.dialect.name == "sqlite" and self.constraint_name:  # a rebuild has one constraint of a name
            names = {str(self.constraint_name)}
            table.constraints[:] = [each for each in table.constraints if not names & set(schema.names(each))]
        schema.add_constraints(table, [self])

    _drop: ClassVar[Callable[..., MigrateOperation]]

    @classmethod
    def register_drop_constraint(cls, operation_class: D) -> D:
        """Register the decorated class as the reverse of adding a constraint."""
        cls._drop = operation_class
        return operation_class

    def reverse(self) -> MigrateOperation:
        return AddConstraintOp._drop(
            self.constraint_name or self.generated_name,
            self.table_name,
            self.constraint_type,
            schema=self.schema,
            _reverse=self,
        )

    def to_diff_tuple(self) -> DiffTuple:
        return ("add_constraint", self.to_constraint())

    def provides(self) -> frozenset[Requirement]:
        return frozenset({self._constraint_requirement()})

    def requires(self) -> frozenset[Requirement]:
        own = {("table", *key(self.schema, self.table_name)), ("gone", *self._constraint_requirement())}
        return frozenset(own) | self._column_requirements()

    def _constraint_requirement(self) -> Requirement:
        return ("constraint", *key(self.schema, self.table_name, str(self.constraint_name)))

    def _column_requirements(self) -> frozenset[Requirement]:
        columns = getattr(self, "columns", ())
        return frozenset(("column", *key(self.schema, self.table_name, name)) for name in columns)

    def _write(self, write: SourceWriter, directive: str, *args: object, **kw: object) -> str:
        """Render the call: the name, outside a batch the table's name, then the other arguments."""
        table = () if write.batch_table is not None else (self.table_name,)
        if write.batch_table is None and self.schema is not None:
            kw = {"schema": self.schema} | kw
        return write.call(directive, self.constraint_name, *table, *args, **kw)

    def _called(self) -> str:
        return f" {self.constraint_name}" if self.constraint_name else ""


def state_of_plain_table(
    schema: SchemaState, name: str, schema_name: str | None, items: PlainItems, comment: str | None
) -> TableState | None:
    """Return a new table of a schema with its columns and constraints; None where these need the Table itself."""
    added = AddConstraintOp.of_plain_table(name, items)
    if added is None:
        return None
    if schema_name is not None:
        added = [each.changed(schema=schema_name) for each in added]
    columns = {column.name: key_column(column) if column.name in items.key else column for column in items.columns}
    state = TableState(name, schema_name, columns, comment=comment)
    schema.add_constraints(state, added)
    return state
