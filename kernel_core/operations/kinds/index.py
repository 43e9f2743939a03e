"""CREATE INDEX and DROP INDEX."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from sqlalchemy import Column, Index
from sqlalchemy.sql.elements import TextClause

from ...util.exc import IrreversibleOperation, UnknownEffect
from ...util.sql import without_parameters
from ...util.sqla_compat import final_name, has_final_name, shown_sql
from ...util.sqla_compat.columns import AnyExpression
from ..base import Operations
from ..batch_directives import batch_directive
from ..direct_ddl import IndexNames
from ..fields import Field
from ..interfaces import RunContext
from ..json_form.schema_items import grouped
from ..named_columns import columns_of_item
from ..operation import DiffTuple, Hint, MigrateOperation, SourceWriter, slug, without_empty
from ..requirements import Requirement, key
from ..schema_objects import SchemaObjects
from ..schema_state import SchemaState, register_index_source


@Operations.register_operation("create_index")
@batch_directive("create_index", "Create an index on the table of the batch.")
class CreateIndexOp(MigrateOperation):
    """CREATE INDEX on columns or expressions of a table.

    CreateIndexOp("ix_users_name", "users", ["name"], unique=True)
    """

    sign = "+"
    alters_table = True
    fields = (
        Field("index_name", "identifier", label="name"),
        Field("columns", "columns"),
        Field("unique", "boolean"),
    )
    json_state = (*MigrateOperation.json_state, "stored_sql")

    def __init__(
        self,
        index_name: str | None,
        table_name: str,
        columns: Sequence[str | TextClause | AnyExpression],
        *,
        schema: str | None = None,
        unique: bool = False,
        if_not_exists: bool | None = None,
        **kw: Any,
    ) -> None:
        self.index_name, self.table_name, self.columns = index_name, table_name, list(columns)
        self.schema, self.unique, self.if_not_exists, self.kw = schema, unique, if_not_exists, kw
        self.stored_sql: str | None = None
        """The statement that the database stores for this index, if SQLAlchemy would create another one (SQLite)."""

    @classmethod
    def from_index(cls, index: Index) -> Self:
        """Return the operation that creates ``index``."""
        assert index.table is not None, "an index without a table cannot be created"
        return cls(
            index.name,
            index.table.name,
            list(index.expressions),
            schema=index.table.schema,
            unique=bool(index.unique),
            **index.dialect_kwargs,
        )

    @property
    def parts(self) -> list[str | TextClause | AnyExpression]:
        """Names of columns, and expressions; Column objects of `columns` are names here."""
        return [each.name if isinstance(each, Column) else each for each in self.columns]

    def to_index(self, migration_context: RunContext | None = None) -> Index:
        """Return the Index, on a scratch table."""
        return SchemaObjects(migration_context).index(
            self.index_name, self.table_name, self.parts, schema=self.schema, unique=self.unique, **self.kw
        )

    @classmethod
    def create_index(
        cls,
        operations: Operations,
        index_name: str | None,
        table_name: str,
        columns: Sequence[str | TextClause | AnyExpression],
        *,
        schema: str | None = None,
        unique: bool = False,
        if_not_exists: bool | None = None,
        **kw: object,
    ) -> None:
        """Create an index.

            op.create_index("ix_users_name", "users", ["name", text("lower(email)")])

        The dialects' arguments (``postgresql_where=`` and so on) are those of ``Index``.
        """
        operations.invoke(
            cls(index_name, table_name, columns, schema=schema, unique=unique, if_not_exists=if_not_exists, **kw)
        )

    def json_arguments(self) -> dict[str, object]:
        return super().json_arguments() | {"columns": [grouped(each) for each in self.parts]}

    def apply(self, operations: Operations) -> None:
        if self.stored_sql is not None:
            operations.impl.execute(self.stored_sql)
            return
        words = self._direct_text(operations)
        if words is not None:
            operations.impl.run_text(words)
            return
        index = self.to_index(operations.migration_context)
        operations.impl.create_index(index, **without_empty({"if_not_exists": self.if_not_exists}))

    def _direct_text(self, operations: Operations) -> str | None:
        """Return the statement of an index on columns; None if SQLAlchemy has to create the index for it."""
        direct, columns = operations.impl.direct_ddl, tuple(name for name in self.parts if isinstance(name, str))
        if direct is None or type(self) is not CreateIndexOp or self.kw or len(columns) < len(self.parts):
            return None
        is_final = has_final_name(self.index_name) or not operations.schema_obj.has_convention()
        if not self.index_name or not is_final or not columns or len(set(columns)) < len(columns):
            return None
        names = IndexNames(self.index_name, self.table_name, columns, self.schema)
        return direct.create_index(names, unique=self.unique, if_not_exists=self.if_not_exists)

    def apply_to(self, schema: SchemaState) -> None:
        table = schema.table(self.table_key)
        for name in columns_of_item(self):
            if isinstance(name, str):
                table.column(name)
        if self.if_not_exists:
            known = {name for each in table.indexes for name in schema.names(each)}
            if not known.isdisjoint(schema.names(self)):
                return
        schema.add_index(table, self)

    def reverse(self) -> DropIndexOp:
        return DropIndexOp(self.index_name, self.table_name, schema=self.schema, _reverse=self)

    def edit(self, **values: object) -> Self:
        """Return a new operation with other values, without the stored statement of the old one."""
        return super().edit(**values).changed(stored_sql=None)

    def render(self, write: SourceWriter) -> str:
        if self.stored_sql is not None and write.batch_table is None:
            return write.call("execute", without_parameters(self.stored_sql))
        options = without_empty({"if_not_exists": self.if_not_exists})
        if write.batch_table is not None:
            return write.call("create_index", self.index_name, self.parts, unique=self.unique, **options, **self.kw)
        options |= without_empty({"schema": self.schema})
        return write.call(
            "create_index", self.index_name, self.table_name, self.parts, unique=self.unique, **options, **self.kw
        )

    def sentence(self) -> str:
        columns = ", ".join(column if isinstance(column, str) else shown_sql(column) for column in self.parts)
        return f"Create {'unique ' if self.unique else ''}index {self.index_name} on {self.shown_table} ({columns})"

    def slug(self) -> str:
        return slug("create", self.index_name or f"index_on_{self.table_name}")

    def hints(self, dialect_name: str = "default") -> tuple[Hint, ...]:
        if self.unique:
            return (Hint("may fail", f"fails if two rows of {self.shown_table} have the same values"),)
        return ()

    def to_diff_tuple(self) -> DiffTuple:
        return ("add_index", self.to_index())

    def provides(self) -> frozenset[Requirement]:
        made: set[Requirement] = {("index", *key(self.schema, str(self.index_name)))}
        if self.unique and all(isinstance(name, str) for name in self.parts):
            made.add(("unique", *key(self.schema, self.table_name, *sorted(map(str, self.parts)))))
        return frozenset(made)

    def requires(self) -> frozenset[Requirement]:
        columns = {("column", *key(self.schema, self.table_name, name)) for name in self.parts if isinstance(name, str)}
        gone = ("gone", "index", *key(self.schema, str(self.index_name)))
        return frozenset({gone, ("table", *key(self.schema, self.table_name))} | columns)

    @classmethod
    def example(cls) -> Self:
        return cls("ix_users_name", "users", ["name"], unique=True)


@Operations.register_operation("drop_index")
@batch_directive("drop_index", "Drop an index of the table of the batch.")
class DropIndexOp(MigrateOperation):
    """DROP INDEX; the rows stay.

    DropIndexOp("ix_users_name", "users")
    """

    sign = "-"
    alters_table = True

    def __init__(
        self,
        index_name: str | None,
        table_name: str | None = None,
        *,
        schema: str | None = None,
        if_exists: bool | None = None,
        _reverse: CreateIndexOp | None = None,
        **kw: object,
    ) -> None:
        self.index_name, self.table_name, self.schema = index_name, table_name, schema
        self.if_exists, self._reverse, self.kw = if_exists, _reverse, kw

    @classmethod
    def from_index(cls, index: Index) -> Self:
        """Return the operation that drops ``index`` and that can be reversed."""
        creation = CreateIndexOp.from_index(index)
        return cls(creation.index_name, creation.table_name, schema=creation.schema, _reverse=creation, **creation.kw)

    def to_index(self, migration_context: RunContext | None = None) -> Index:
        """Return the dropped Index."""
        if self._reverse is not None:
            index = self._reverse.to_index(migration_context)
            index.dialect_kwargs.update({name: value for name, value in self.kw.items() if "_" in name})
            return index
        return SchemaObjects(migration_context).index(
            self.index_name, self.table_name or "no_table", ["x"], schema=self.schema, **self.kw
        )

    @classmethod
    def drop_index(
        cls,
        operations: Operations,
        index_name: str,
        table_name: str | None = None,
        *,
        schema: str | None = None,
        if_exists: bool | None = None,
        **kw: Any,
    ) -> None:
        """Drop an index; MySQL and SQL Server need its table's name.

        op.drop_index("ix_users_name", "users")
        """
        operations.invoke(cls(index_name, table_name, schema=schema, if_exists=if_exists, **kw))

    def apply(self, operations: Operations) -> None:
        index = self.to_index(operations.migration_context)
        operations.impl.drop_index(index, **without_empty({"if_exists": self.if_exists}))

    def apply_to(self, schema: SchemaState) -> None:
        name = str(final_name(self.to_index(schema.context), schema.dialect))
        tables = schema.tables.values() if self.table_name is None else [schema.table(self.table_key)]
        for table in tables:
            found = [each for each in table.indexes if name in schema.names(each)]
            if found:
                table.indexes.remove(found[0])
                return
            unique = [each for each in table.constraints if each.constraint_type == "unique"]
            found = [each for each in unique if name in schema.names(each)]
            if found and schema.dialect.name in ("mysql", "mariadb"):  # where a unique constraint is an index
                table.constraints.remove(found[0])
                return
        if not self.if_exists:
            raise UnknownEffect(f"index {name} is not known")

    def reverse(self) -> CreateIndexOp:
        if self._reverse is None:
            raise IrreversibleOperation(
                self.sentence(), "its columns are not known. Create it with DropIndexOp.from_index()."
            )
        return self._reverse

    def render(self, write: SourceWriter) -> str:
        options = without_empty({"if_exists": self.if_exists})
        if write.batch_table is not None:
            return write.call("drop_index", self.index_name, **options, **self.kw)
        options |= without_empty({"table_name": self.table_name, "schema": self.schema})
        return write.call("drop_index", self.index_name, **options, **self.kw)

    def sentence(self) -> str:
        return f"Drop index {self.index_name}{f' of {self.shown_table}' if self.table_name else ''}"

    def slug(self) -> str:
        return slug("drop", self.index_name or f"index_of_{self.table_name}")

    def to_diff_tuple(self) -> DiffTuple:
        return ("remove_index", self.to_index())

    def provides(self) -> frozenset[Requirement]:
        """Its name, its table and its columns are free once it is dropped."""
        needed = self._reverse.requires() if self._reverse is not None else ()
        freed = {("freed", *each) for each in needed if each[0] != "gone"}
        if self.table_name is not None:
            freed.add(("freed", "table", *key(self.schema, self.table_name)))
        return frozenset({("gone", "index", *key(self.schema, str(self.index_name)))} | freed)

    def requires(self) -> frozenset[Requirement]:
        """No foreign key may refer to the columns of a unique index that is dropped."""
        made = self._reverse.provides() if self._reverse is not None else ()
        return frozenset(("freed", *each) for each in made if each[0] == "unique")

    @classmethod
    def example(cls) -> Self:
        return cls.from_index(CreateIndexOp("ix_users_name", "users", ["name"]).to_index())


register_index_source(CreateIndexOp.from_index)
