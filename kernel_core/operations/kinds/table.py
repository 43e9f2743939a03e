"""CREATE TABLE and DROP TABLE."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from typing import Any, Self

from sqlalchemy import Column, Integer, MetaData, PrimaryKeyConstraint, String, Table
from sqlalchemy.schema import SchemaItem

from ...util.counts import counted
from ...util.exc import IrreversibleOperation
from ...util.sql import without_parameters
from ...util.sqla_compat import (
    AnyColumn,
    copy_column,
    deferred_table,
    dialect_options,
    has_schema_hooks,
    in_creation_order,
    pending_columns,
    table_prefixes,
)
from ..add_constraint import AddConstraintOp, state_of_plain_table
from ..base import Operations
from ..fields import Field
from ..interfaces import RunContext
from ..operation import DiffTuple, Hint, MigrateOperation, SourceWriter, slug, without_empty
from ..plain_items import plain_items
from ..requirements import Requirement, key, requirements_of_column, requirements_of_schema
from ..schema_objects import SchemaObjects
from ..schema_state import SchemaState, TableState
from ..table_items import in_this_order, own_constraints, without_flags


@Operations.register_operation("create_table")
class CreateTableOp(MigrateOperation):
    """CREATE TABLE with columns and constraints; its indexes are separate operations.

    CreateTableOp("users", [Column("id", Integer, primary_key=True)])
    """

    sign = "+"
    fields = (
        Field("table_name", "identifier", label="name"),
        Field("comment", "text", optional=True),
    )
    json_omitted = frozenset({"info", "_namespace_metadata", "_constraints_included"})
    json_state = (*MigrateOperation.json_state, "stored_sql")

    def __init__(
        self,
        table_name: str,
        columns: Sequence[SchemaItem],
        *,
        schema: str | None = None,
        if_not_exists: bool | None = None,
        comment: str | None = None,
        prefixes: Sequence[str] | None = None,
        info: dict[Any, Any] | None = None,
        _namespace_metadata: MetaData | None = None,
        _constraints_included: bool = False,
        **kw: object,
    ) -> None:
        self.table_name, self.columns, self.schema = table_name, list(columns), schema
        # Not used here; subclasses of add-ons (GeoAlchemy2) pass them from one operation to another.
        self._namespace_metadata, self._constraints_included = _namespace_metadata, _constraints_included
        self.if_not_exists, self.comment, self.prefixes = if_not_exists, comment, list(prefixes or ())
        self.kw = kw
        self.stored_sql: str | None = None
        """The statement that the database stores for this table, if SQLAlchemy would create another one (SQLite)."""
        if info:
            self.info.update(info)

    @classmethod
    def from_table(cls, table: Table, *, _namespace_metadata: MetaData | None = None) -> Self:
        """Return the operation that creates ``table``, with copies of its columns and constraints."""
        constraints = own_constraints(table)
        columns = [without_flags(column) for column in table.columns]
        copied = SchemaObjects().table(table.name, *columns, *constraints, schema=table.schema)
        return cls(
            table.name,
            [*copied.columns, *in_this_order(own_constraints(copied))],
            schema=table.schema,
            comment=table.comment,
            prefixes=table_prefixes(table),
            info=dict(table.info),
            _namespace_metadata=_namespace_metadata,
            _constraints_included=True,
            **table.dialect_kwargs,
        )

    @classmethod
    def from_model(
        cls, table: Table, copied: Callable[[], Table], written: Callable[[], list[SchemaItem] | None]
    ) -> Self:
        """Return the operation that creates ``table``; its `columns` are those of ``copied()``, called when first read.

        The copy has the columns and constraints of the operation, and is used for nothing else. ``written()`` returns
        columns and constraints that are written as the same code without being copied, or None.
        """
        operation = cls(
            table.name,
            (),
            schema=table.schema,
            comment=table.comment,
            prefixes=table_prefixes(table),
            info=dict(table.info),
            _constraints_included=True,
            **dict(dialect_options(table)),
        )
        del operation.columns
        return operation.changed(_copied=copied, _written=written)

    @cached_property
    def columns(self) -> list[SchemaItem]:
        """The columns and the constraints."""
        table = self._copied()
        return [*table.columns, *in_this_order(own_constraints(table))]

    _copied: Callable[[], Table]
    _written: Callable[[], list[SchemaItem] | None]

    def to_table(self, migration_context: RunContext | None = None) -> Table:
        """Return the Table, in a separate MetaData with the target's naming convention.

        A table whose statement is stored has the names in it, so no convention is applied.
        """
        return self._table(migration_context, Table)

    def _table(self, migration_context: RunContext | None, make: Callable[..., Table]) -> Table:
        return SchemaObjects(None if self.stored_sql else migration_context).table(
            self.table_name,
            *self._unattached(),
            schema=self.schema,
            comment=self.comment,
            prefixes=self.prefixes,
            info=dict(self.info),
            make=make,
            **self.kw,
        )

    def _unattached(self) -> list[SchemaItem]:
        """Return the items, with copies of the columns that have a foreign key.

        A second copy of a column that has a table would lack it. Constraints over Column objects need these very ones.
        """
        if any(isinstance(column, Column) for item in self.columns for column in pending_columns(item)):
            return self.columns
        return [copy_column(each) if isinstance(each, Column) and each.foreign_keys else each for each in self.columns]

    @classmethod
    def create_table(
        cls,
        operations: Operations,
        table_name: str,
        *columns: SchemaItem,
        if_not_exists: bool | None = None,
        **kw: Any,
    ) -> Table:
        """Create a table and return it, ready for inserts.

            op.create_table("users", Column("id", Integer, primary_key=True), Column("name", String(80)))

        ``schema``, ``comment``, ``prefixes``, ``info`` and the dialects' arguments are those of ``Table``.
        """
        table: Table = operations.invoke(cls(table_name, columns, if_not_exists=if_not_exists, **kw))
        return table

    def json_arguments(self) -> dict[str, object]:
        return super().json_arguments() | {"columns": in_creation_order(self.columns)}

    def apply(self, operations: Operations) -> Table:
        words = self._direct_text(operations)
        if words is not None:
            operations.impl.run_text(words)
            return deferred_table(self.columns, partial(self._table, operations.migration_context))
        table = self.to_table(operations.migration_context)
        if self.stored_sql is not None:
            operations.impl.execute(self.stored_sql)
            return table
        operations.impl.create_table(table, **without_empty({"if_not_exists": self.if_not_exists}))
        return table

    def _direct_text(self, operations: Operations) -> str | None:
        """Return the statement of a plain table; None if SQLAlchemy has to create the table for it."""
        direct = operations.impl.direct_ddl
        is_custom = type(self) is not CreateTableOp or self.stored_sql is not None
        if direct is None or is_custom or self.comment or self.prefixes or self.kw:
            return None
        return direct.create_table(
            self.table_name,
            self.columns,
            schema=self.schema,
            if_not_exists=self.if_not_exists,
            has_convention=operations.schema_obj.has_convention(),
        )

    def apply_to(self, schema: SchemaState) -> None:
        if self.if_not_exists and self.table_key in schema.tables:
            return
        state = self._plain_state(schema)
        if state is not None:
            schema.tables[self.schema, self.table_name] = state
        else:
            schema.add_table(self.to_table(schema.context), constraint_of=AddConstraintOp.from_constraint)

    def _plain_state(self, schema: SchemaState) -> TableState | None:
        """Return what `SchemaState.add_table` makes of a plain table; None where it needs the Table itself."""
        is_custom = type(self) is not CreateTableOp or type(self.table_name) is not str
        if is_custom or self.prefixes or self.kw or has_schema_hooks():
            return None
        found = plain_items(self.columns, has_convention=SchemaObjects(schema.context).has_convention())
        if found is None or (found.constraints and self.schema is not None):
            return None
        return state_of_plain_table(schema, self.table_name, self.schema, found, self.comment)

    def edit(self, **values: object) -> Self:
        """Return a new operation with other values, without the stored statement of the old one."""
        return super().edit(**values).changed(stored_sql=None)

    def reverse(self) -> DropTableOp:
        return DropTableOp(self.table_name, schema=self.schema, _reverse=self)

    def render(self, write: SourceWriter) -> str:
        if self.stored_sql is not None:
            return write.call("execute", without_parameters(self.stored_sql))
        stated = {"comment": self.comment, "prefixes": self.prefixes or None, "if_not_exists": self.if_not_exists}
        options = without_empty({"schema": self.schema, **stated})
        return write.call("create_table", self.table_name, *self._written_items(write), **options, **self.kw)

    def _written_items(self, write: SourceWriter) -> list[SchemaItem]:
        """Return the columns and constraints of a single table, with the primary key as a constraint."""
        of_model = None if "columns" in vars(self) or write.has_render_hook else self._written()
        if of_model is not None:
            return of_model
        tables, has_key, needs_key = set(), False, False
        for item in self.columns:
            if isinstance(item, Column):
                tables.add(item.table)
                needs_key = needs_key or item.primary_key
            elif isinstance(item, PrimaryKeyConstraint):
                has_key = True
        if len(tables) == 1 and None not in tables and (has_key or not needs_key):
            return self.columns
        table = self.to_table()
        return [*table.columns, *own_constraints(table)]

    def sentence(self) -> str:
        return f"Create table {self.shown_table} with {counted(len(self._columns()), 'column')}"

    def slug(self) -> str:
        return slug("create", self.table_name)

    def _columns(self) -> list[AnyColumn]:
        return [item for item in self.columns if isinstance(item, Column)]

    def to_diff_tuple(self) -> DiffTuple:
        return ("add_table", deferred_table((), partial(self._table, None)))

    def provides(self) -> frozenset[Requirement]:
        columns = {("column", *key(self.schema, self.table_name, column.name)) for column in self._columns()}
        return frozenset({("table", *key(self.schema, self.table_name))} | columns)

    def requires(self) -> frozenset[Requirement]:
        own = ("table", *key(self.schema, self.table_name))
        table = self.to_table()
        referred = {
            ("table", *key(target.schema, target.name))
            for constraint in table.foreign_key_constraints
            for target in [constraint.referred_table]
        }
        of_columns = (requirements_of_column(column) for column in self._columns())
        return (requirements_of_schema(self.schema) | referred).union(*of_columns) - {own} | {("gone", *own)}

    @classmethod
    def example(cls) -> Self:
        return cls("users", [Column("id", Integer, primary_key=True), Column("name", String(80), nullable=False)])


@Operations.register_operation("drop_table")
class DropTableOp(MigrateOperation):
    """DROP TABLE: the table and all its rows are dropped.

    DropTableOp("users")
    """

    sign = "-"
    json_omitted = frozenset({"table_kw"})

    def __init__(
        self,
        table_name: str,
        *,
        schema: str | None = None,
        if_exists: bool | None = None,
        table_kw: Mapping[str, Any] | None = None,
        _reverse: CreateTableOp | None = None,
        **kw: object,
    ) -> None:
        self.table_name, self.schema, self.if_exists, self._reverse = table_name, schema, if_exists, _reverse
        self._namespace_metadata = _reverse._namespace_metadata if _reverse is not None else None  # noqa: SLF001
        self.kw = {**(table_kw or {}), **kw}

    @property
    def table_kw(self) -> dict[str, Any]:
        """The known arguments of the table: its comment, its options."""
        return self.kw

    @classmethod
    def from_table(cls, table: Table, *, _namespace_metadata: MetaData | None = None) -> Self:
        """Return the operation that drops ``table`` and that can be reversed."""
        return cls(
            table.name,
            schema=table.schema,
            _reverse=CreateTableOp.from_table(table, _namespace_metadata=_namespace_metadata),
        )

    def to_table(self, migration_context: RunContext | None = None) -> Table:
        """Return the dropped Table; without columns if only its name is known."""
        if self._reverse is not None:
            return self._reverse.to_table(migration_context)
        return SchemaObjects(migration_context).table(self.table_name, schema=self.schema, **self.kw)

    @classmethod
    def drop_table(
        cls,
        operations: Operations,
        table_name: str,
        *,
        schema: str | None = None,
        if_exists: bool | None = None,
        **kw: Any,
    ) -> None:
        """Drop a table.

        op.drop_table("users")
        """
        operations.invoke(cls(table_name, schema=schema, if_exists=if_exists, **kw))

    def apply(self, operations: Operations) -> None:
        direct = operations.impl.direct_ddl
        if direct is not None and type(self) is DropTableOp and self._reverse is None and not self.kw:
            words = direct.drop_table(self.table_name, schema=self.schema, if_exists=self.if_exists)
            operations.impl.run_text(words)
            return
        table = self.to_table(operations.migration_context)
        operations.impl.drop_table(table, **without_empty({"if_exists": self.if_exists}))

    def apply_to(self, schema: SchemaState) -> None:
        if not self.if_exists:
            schema.table(self.table_key)
        schema.tables.pop((self.schema, str(self.table_name)), None)

    def reverse(self) -> CreateTableOp:
        if self._reverse is None:
            raise IrreversibleOperation(
                self.sentence(), "its columns are not known. Create it with DropTableOp.from_table()."
            )
        return self._reverse

    def render(self, write: SourceWriter) -> str:
        options = without_empty({"schema": self.schema, "if_exists": self.if_exists})
        return write.call("drop_table", self.table_name, **options, **self.kw)

    def sentence(self) -> str:
        return f"Drop table {self.shown_table}"

    def slug(self) -> str:
        return slug("drop", self.table_name)

    def hints(self, dialect_name: str = "default") -> tuple[Hint, ...]:
        return (Hint("loses data", f"all rows of {self.shown_table} are lost"),)

    def to_diff_tuple(self) -> DiffTuple:
        return ("remove_table", self.to_table())

    def requires(self) -> frozenset[Requirement]:
        return frozenset({("freed", "table", *key(self.schema, self.table_name))})

    def provides(self) -> frozenset[Requirement]:
        """Return that its name, the tables that it refers to and its enum types are free, once it is dropped."""
        own = ("table", *key(self.schema, self.table_name))
        needed = self._reverse.requires() if self._reverse is not None else ()
        freed = {("freed", *each) for each in needed if each[0] != "gone" and each != own}
        return frozenset({("gone", *own)} | freed)

    @classmethod
    def example(cls) -> Self:
        return cls.from_table(CreateTableOp.example().to_table())
