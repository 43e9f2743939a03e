"""Columns: add, alter, drop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

from sqlalchemy import Column, PrimaryKeyConstraint, String, quoted_name
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import DDLCompiler
from sqlalchemy.types import NULLTYPE, Integer, TypeEngine

from ...util.exc import IrreversibleOperation, UnsupportedOperation
from ...util.sqla_compat import (
    copy_column,
    default_argument,
    default_sql,
    is_type_bound,
    type_constraints,
)
from ..alter_table import AlterTableOp
from ..base import BatchOperations, Operations
from ..fields import Field, type_text
from ..operation import Hint, Need, SourceWriter, key, without_empty
from ..statements import (
    AlterTable,
    add_column,
    alter_column,
    alter_table,
    drop_column,
    format_column_name,
    format_server_default,
    format_table_name,
    format_text,
    format_type,
)

Default = Any
"""A server default: str, SQL text, Identity, Computed, None for none, and in an alteration False for "as it is"."""


class ColumnOp(AlterTableOp):
    """What the operations on one column share."""

    def _need(self, column_name: str) -> Need:
        return ("column", *key(self.schema, self.table_name, column_name))


def describe(column: Column[Any]) -> str:
    """Return a column in words: ``email String(120), not null, default 'x'``."""
    words = [f"{column.name} {type_text(column.type)}"]
    if column.primary_key:
        words.append("primary key")
    elif not column.nullable:
        words.append("not null")
    if column.server_default is not None:
        words.append(f"default {default_sql(column.server_default)}")
    return ", ".join(words)


@Operations.register_operation("add_column")
@BatchOperations.register_operation("add_column", "batch_add_column")
class AddColumnOp(ColumnOp):
    """A new column of an existing table."""

    sign = "+"
    fields = (
        Field("name", "identifier", at="column.name"),
        Field("type_", "type", label="type", at="column.type"),
        Field("nullable", "boolean", at="column.nullable"),
        Field("server_default", "default", at="column.server_default", optional=True),
        Field("comment", "text", at="column.comment", optional=True),
    )

    def __init__(
        self,
        table_name: str,
        column: Column[Any],
        *,
        schema: str | None = None,
        if_not_exists: bool | None = None,
        inline_references: bool | None = None,
        inline_primary_key: bool | None = None,
        **kw: Any,
    ) -> None:
        super().__init__(table_name, schema=schema)
        self.column, self.if_not_exists = column, if_not_exists
        self.inline_references, self.inline_primary_key, self.kw = inline_references, inline_primary_key, kw

    @classmethod
    def from_column(cls, column: Column[Any]) -> Self:
        """Return the operation that adds a column of a Table."""
        return cls(column.table.name, column, schema=column.table.schema)

    @classmethod
    def from_column_and_tablename(cls, schema: str | None, tname: str, col: Column[Any]) -> Self:
        """Return the operation that adds ``col`` to the table of that name."""
        return cls(tname, col, schema=schema)

    def to_column(self) -> Column[Any]:
        """Return the column."""
        return self.column

    @classmethod
    def add_column(
        cls,
        operations: Operations,
        table_name: str,
        column: Column[Any],
        *,
        schema: str | None = None,
        if_not_exists: bool | None = None,
        inline_references: bool | None = None,
        inline_primary_key: bool | None = None,
    ) -> None:
        """Add a column to a table.

            op.add_column("users", Column("email", String(120), nullable=False, server_default=""))

        Its foreign key, index and unique flag become statements of their own. ``if_not_exists`` is for databases that
        know ``ADD COLUMN IF NOT EXISTS``.
        """
        operations.invoke(
            cls(
                table_name,
                column,
                schema=schema,
                if_not_exists=if_not_exists,
                inline_references=inline_references,
                inline_primary_key=inline_primary_key,
            )
        )

    @classmethod
    def batch_add_column(
        cls,
        operations: BatchOperations,
        column: Column[Any],
        *,
        insert_before: str | None = None,
        insert_after: str | None = None,
        if_not_exists: bool | None = None,
        inline_references: bool | None = None,
        inline_primary_key: bool | None = None,
    ) -> None:
        """Add a column to the table of the batch, at the end or beside a named one."""
        place = without_empty({"insert_before": insert_before, "insert_after": insert_after})
        operations.invoke(
            cls(
                operations.table_name,
                column,
                schema=operations.schema,
                if_not_exists=if_not_exists,
                inline_references=inline_references,
                inline_primary_key=inline_primary_key,
                **place,
            )
        )

    def apply(self, operations: Operations) -> None:
        column = copy_column(self.column)
        table = operations.schema_obj.table(self.table_name, column, schema=self.schema)
        options = without_empty(
            {
                "if_not_exists": self.if_not_exists,
                "inline_references": self.inline_references,
                "inline_primary_key": self.inline_primary_key,
            }
        )
        written_inline = operations.impl.add_column(self.table_name, column, schema=self.schema, **options, **self.kw)
        for constraint in sorted(table.constraints, key=lambda found: (type(found).__name__, str(found.name))):
            if isinstance(constraint, PrimaryKeyConstraint) or constraint in (written_inline or ()):
                continue
            operations.impl.add_constraint(constraint)
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            operations.impl.create_index(index)

    def reverse(self) -> DropColumnOp:
        return DropColumnOp(self.table_name, self.column.name, schema=self.schema, _reverse=self)

    def render(self, write: SourceWriter) -> str:
        return self._write(write, "add_column", self.column, if_not_exists=self.if_not_exists, **self.kw)

    def sentence(self) -> str:
        return f"Add column {describe(self.column)}, to {self.table_name}"

    def hints(self, dialect_name: str = "default") -> tuple[Hint, ...]:
        if self.column.nullable or self.column.server_default is not None:
            return ()
        return (
            Hint("may fail", f"{self.column.name} is not null and has no default: fails if {self.table_name} has rows"),
        )

    def to_diff_tuple(self) -> tuple[Any, ...]:
        return ("add_column", self.schema, self.table_name, self.column)

    def provides(self) -> frozenset[Need]:
        return frozenset({self._need(self.column.name)})

    def requires(self) -> frozenset[Need]:
        return frozenset({self._table_need()})

    @classmethod
    def example(cls) -> Self:
        return cls("users", Column("email", String(120), nullable=False, server_default="none"))


@Operations.register_operation("drop_column")
@BatchOperations.register_operation("drop_column", "batch_drop_column")
class DropColumnOp(ColumnOp):
    """A column goes away, with all that it holds."""

    sign = "-"

    def __init__(
        self,
        table_name: str,
        column_name: str,
        *,
        schema: str | None = None,
        if_exists: bool | None = None,
        _reverse: AddColumnOp | None = None,
        **kw: Any,
    ) -> None:
        super().__init__(table_name, schema=schema)
        self.column_name, self.if_exists, self.kw, self._reverse = column_name, if_exists, kw, _reverse

    @classmethod
    def from_column_and_tablename(cls, schema: str | None, tname: str, col: Column[Any]) -> Self:
        """Return the operation that drops ``col`` and can bring it back."""
        return cls(tname, col.name, schema=schema, _reverse=AddColumnOp(tname, col, schema=schema))

    def to_column(self, migration_context: Any = None) -> Column[Any]:
        """Return the column that is dropped; of unknown type where only its name is known."""
        if self._reverse is not None:
            return self._reverse.column
        return Column(self.column_name, NULLTYPE)

    @classmethod
    def drop_column(
        cls,
        operations: Operations,
        table_name: str,
        column_name: str,
        *,
        schema: str | None = None,
        if_exists: bool | None = None,
        **kw: Any,
    ) -> None:
        """Drop a column from a table.

        op.drop_column("users", "nick")
        """
        operations.invoke(cls(table_name, column_name, schema=schema, if_exists=if_exists, **kw))

    @classmethod
    def batch_drop_column(
        cls, operations: BatchOperations, column_name: str, *, if_exists: bool | None = None, **kw: Any
    ) -> None:
        """Drop a column from the table of the batch."""
        operations.invoke(cls(operations.table_name, column_name, schema=operations.schema, if_exists=if_exists, **kw))

    def apply(self, operations: Operations) -> None:
        column = Column(self.column_name, self.to_column().type)
        options = without_empty({"if_exists": self.if_exists})
        operations.impl.drop_column(self.table_name, column, schema=self.schema, **options, **self.kw)

    def reverse(self) -> AddColumnOp:
        if self._reverse is None:
            raise IrreversibleOperation(
                self.sentence(), "its type is not known. Make it with DropColumnOp.from_column_and_tablename()."
            )
        return self._reverse

    def render(self, write: SourceWriter) -> str:
        return self._write(write, "drop_column", self.column_name, if_exists=self.if_exists, **self.kw)

    def sentence(self) -> str:
        return f"Drop column {self.column_name} from {self.table_name}"

    def hints(self, dialect_name: str = "default") -> tuple[Hint, ...]:
        return (Hint("loses data", f"all that {self.table_name}.{self.column_name} holds is lost"),)

    def to_diff_tuple(self) -> tuple[Any, ...]:
        return ("remove_column", self.schema, self.table_name, self.to_column())

    def requires(self) -> frozenset[Need]:
        return frozenset({("freed", *self._need(self.column_name))})

    @classmethod
    def example(cls) -> Self:
        return cls.from_column_and_tablename(None, "users", Column("nick", String(40)))


@Operations.register_operation("alter_column")
@BatchOperations.register_operation("alter_column", "batch_alter_column")
class AlterColumnOp(ColumnOp):
    """Another name, type, nullability, default or comment for a column.

    Each ``existing_*`` says how it is now, where that is known; each ``modify_*`` how it shall be.
    """

    fields = (
        Field("name", "identifier", at="name_after"),
        Field("type_", "type", label="type", at="type_after", optional=True),
        Field("nullable", "boolean", at="nullable_after", optional=True),
        Field("server_default", "default", at="server_default_after", optional=True),
        Field("comment", "text", at="comment_after", optional=True),
    )

    def __init__(
        self,
        table_name: str,
        column_name: str,
        *,
        schema: str | None = None,
        existing_type: TypeEngine[Any] | None = None,
        existing_server_default: Default = False,
        existing_nullable: bool | None = None,
        existing_comment: str | None = None,
        modify_nullable: bool | None = None,
        modify_comment: str | Literal[False] | None = False,
        modify_server_default: Default = False,
        modify_name: str | None = None,
        modify_type: TypeEngine[Any] | None = None,
        **kw: Any,
    ) -> None:
        super().__init__(table_name, schema=schema)
        self.column_name, self.kw = column_name, kw
        self.existing_type, self.existing_server_default = existing_type, existing_server_default
        self.existing_nullable, self.existing_comment = existing_nullable, existing_comment
        self.modify_nullable, self.modify_comment = modify_nullable, modify_comment
        self.modify_server_default, self.modify_name = modify_server_default, modify_name
        self.modify_type = modify_type

    # How the column will be: what a person reads and edits.

    @property
    def name_after(self) -> str:
        return self.modify_name or self.column_name

    @name_after.setter
    def name_after(self, value: str) -> None:
        self.modify_name = None if value == self.column_name else value

    @property
    def type_after(self) -> TypeEngine[Any] | None:
        return self.modify_type if self.modify_type is not None else self.existing_type

    @type_after.setter
    def type_after(self, value: TypeEngine[Any] | None) -> None:
        self.modify_type = None if repr(value) == repr(self.existing_type) else value

    @property
    def nullable_after(self) -> bool | None:
        return self.modify_nullable if self.modify_nullable is not None else self.existing_nullable

    @nullable_after.setter
    def nullable_after(self, value: bool | None) -> None:
        self.modify_nullable = None if value == self.existing_nullable else value

    @property
    def server_default_after(self) -> Default:
        known = self.modify_server_default if self.modify_server_default is not False else self.existing_server_default
        return None if known is False else known

    @server_default_after.setter
    def server_default_after(self, value: Default) -> None:
        same = default_sql(value) == default_sql(self.existing_server_default)
        self.modify_server_default = False if same else value

    @property
    def comment_after(self) -> str | None:
        return self.existing_comment if self.modify_comment is False else self.modify_comment

    @comment_after.setter
    def comment_after(self, value: str | None) -> None:
        self.modify_comment = False if value == self.existing_comment else value

    @classmethod
    def alter_column(
        cls,
        operations: Operations,
        table_name: str,
        column_name: str,
        *,
        nullable: bool | None = None,
        comment: str | Literal[False] | None = False,
        server_default: Default = False,
        new_column_name: str | None = None,
        type_: TypeEngine[Any] | type[TypeEngine[Any]] | None = None,
        existing_type: TypeEngine[Any] | type[TypeEngine[Any]] | None = None,
        existing_server_default: Default = False,
        existing_nullable: bool | None = None,
        existing_comment: str | None = None,
        schema: str | None = None,
        **kw: Any,
    ) -> None:
        """Change what is given of a column, and leave the rest.

            op.alter_column("users", "name", type_=String(200), existing_type=String(80))

        ``existing_*`` are needed by databases that repeat the whole column (MySQL, SQL Server). ``server_default`` and
        ``comment`` may be None, which takes them away; False, the default, leaves them. A default may be an Identity.
        Further arguments: ``autoincrement``, ``existing_autoincrement`` (MySQL), ``postgresql_using``,
        ``mssql_drop_default``, ``mssql_drop_check``, ``mssql_drop_foreign_key``.
        """
        operations.invoke(
            cls(
                table_name,
                column_name,
                schema=schema,
                existing_type=_instance(existing_type),
                existing_server_default=existing_server_default,
                existing_nullable=existing_nullable,
                existing_comment=existing_comment,
                modify_name=new_column_name,
                modify_type=_instance(type_),
                modify_server_default=server_default,
                modify_nullable=nullable,
                modify_comment=comment,
                **kw,
            )
        )

    @classmethod
    def batch_alter_column(
        cls,
        operations: BatchOperations,
        column_name: str,
        *,
        nullable: bool | None = None,
        comment: str | Literal[False] | None = False,
        server_default: Default = False,
        new_column_name: str | None = None,
        type_: TypeEngine[Any] | type[TypeEngine[Any]] | None = None,
        existing_type: TypeEngine[Any] | type[TypeEngine[Any]] | None = None,
        existing_server_default: Default = False,
        existing_nullable: bool | None = None,
        existing_comment: str | None = None,
        insert_before: str | None = None,
        insert_after: str | None = None,
        **kw: Any,
    ) -> None:
        """Change a column of the table of the batch; takes what ``op.alter_column`` takes, and a new place."""
        cls.alter_column(
            operations,  # type: ignore[arg-type]
            operations.table_name,
            column_name,
            nullable=nullable,
            comment=comment,
            server_default=server_default,
            new_column_name=new_column_name,
            type_=type_,
            existing_type=existing_type,
            existing_server_default=existing_server_default,
            existing_nullable=existing_nullable,
            existing_comment=existing_comment,
            schema=operations.schema,
            **without_empty({"insert_before": insert_before, "insert_after": insert_after}),
            **kw,
        )

    def apply(self, operations: Operations) -> None:
        impl = operations.impl
        if self.modify_type is not None:
            for constraint in self._type_constraints(self.existing_type, self.column_name):
                impl.drop_constraint(constraint)
        impl.alter_column(
            self.table_name,
            self.column_name,
            nullable=self.modify_nullable,
            server_default=self.modify_server_default,
            name=self.modify_name,
            type_=self.modify_type,
            schema=self.schema,
            comment=self.modify_comment,
            existing_type=self.existing_type,
            existing_server_default=self.existing_server_default,
            existing_nullable=self.existing_nullable,
            existing_comment=self.existing_comment,
            **self.kw,
        )
        for constraint in self._type_constraints(self.modify_type, self.name_after):
            impl.add_constraint(constraint)

    def _type_constraints(self, type_: TypeEngine[Any] | None, column_name: str) -> list[Any]:
        """Return the named CHECKs that a type makes by itself; an unnamed one cannot be dropped by name."""
        return [
            constraint
            for constraint in type_constraints(type_, self.table_name, column_name, self.schema)
            if is_type_bound(constraint) and isinstance(constraint.name, str)
        ]

    def has_changes(self) -> bool:
        """Tell whether anything is to change."""
        return bool(self._changes()) or any(name.startswith("modify_") for name in self.kw)

    def _changes(self) -> dict[str, tuple[Any, Any]]:
        """Return name -> (before, after) of all that changes, in the order of the diff tuples."""
        changes: dict[str, tuple[Any, Any]] = {}
        if self.modify_type is not None:
            changes["type"] = (self.existing_type, self.modify_type)
        if self.modify_nullable is not None:
            changes["nullable"] = (self.existing_nullable, self.modify_nullable)
        if self.modify_server_default is not False:
            changes["default"] = (self.existing_server_default, self.modify_server_default)
        if self.modify_comment is not False:
            changes["comment"] = (self.existing_comment, self.modify_comment)
        if self.modify_name is not None:
            changes["name"] = (self.column_name, self.modify_name)
        return changes

    def to_diff_tuples(self) -> list[tuple[Any, ...]]:
        """Return one tuple for each thing that changes: (kind, schema, table, column, existing, before, after)."""
        known = {
            "existing_type": self.existing_type,
            "existing_nullable": self.existing_nullable,
            "existing_server_default": self.existing_server_default,
            "existing_comment": self.existing_comment,
        }
        own = {"default": "existing_server_default"}
        return [
            (
                f"modify_{what}",
                self.schema,
                self.table_name,
                self.column_name,
                {name: value for name, value in known.items() if name != own.get(what, f"existing_{what}")},
                before,
                after,
            )
            for what, (before, after) in self._changes().items()
            if what != "name"
        ]

    def to_diff_tuple(self) -> tuple[Any, ...]:
        return tuple(self.to_diff_tuples())

    def reverse(self) -> AlterColumnOp:
        changes = self._changes()
        unknown = [
            what
            for what, (before, _) in changes.items()
            if (what == "type" and before is None) or (what == "default" and before is False)
        ]
        if unknown:
            word = "server_default" if unknown == ["default"] else unknown[0]
            raise IrreversibleOperation(self.sentence(), f"its {word} before is not known. Pass existing_{word}=.")
        after: dict[str, Any] = {}
        if "type" in changes:
            after["modify_type"] = self.existing_type
        if "nullable" in changes:
            known = self.existing_nullable
            after["modify_nullable"] = not self.modify_nullable if known is None else known
        if "default" in changes:
            after["modify_server_default"] = self.existing_server_default
        if "comment" in changes:
            after["modify_comment"] = self.existing_comment
        if "name" in changes:
            after["modify_name"] = self.column_name
        return AlterColumnOp(
            self.table_name,
            self.name_after,
            schema=self.schema,
            existing_type=self.type_after,
            existing_nullable=self.nullable_after,
            existing_server_default=(
                self.modify_server_default if self.modify_server_default is not False else self.existing_server_default
            ),
            existing_comment=self.comment_after,
            **after,
            **self.kw,
        )

    def render(self, write: SourceWriter) -> str:
        now: dict[str, object] = {
            "existing_type": self.existing_type,
            "existing_nullable": self.existing_nullable if self.modify_nullable is None else None,
            "existing_comment": self.existing_comment if self.modify_comment is False else None,
        }
        if self.existing_server_default not in (False, None) and self.modify_server_default is False:
            now["existing_server_default"] = default_argument(self.existing_server_default)
        given: dict[str, object] = without_empty(
            {"new_column_name": self.modify_name, "type_": self.modify_type, "nullable": self.modify_nullable}
        )
        if self.modify_server_default is not False:
            given["server_default"] = default_argument(self.modify_server_default)
        if self.modify_comment is not False:
            given["comment"] = self.modify_comment
        arguments = given | without_empty(now) | self.kw
        if write.batch_table is not None:
            return write.call("alter_column", self.column_name, **arguments)
        return write.call(
            "alter_column", self.table_name, self.column_name, **arguments, **without_empty({"schema": self.schema})
        )

    def sentence(self) -> str:
        words = []
        for what, (before, after) in self._changes().items():
            if what == "type":
                words.append(f"type {f'{type_text(before)} → ' if before is not None else ''}{type_text(after)}")
            elif what == "nullable":
                words.append("nullable" if after else "not null")
            elif what == "default":
                words.append(f"default {default_sql(after)}" if after is not None else "no default")
            elif what == "comment":
                words.append(f"comment {after!r}" if after is not None else "no comment")
            else:
                words.append(f"rename to {after}")
        return f"Alter column {self.column_name} of {self.table_name}: {', '.join(words) or 'nothing'}"

    def hints(self, dialect_name: str = "default") -> tuple[Hint, ...]:
        hints = []
        if self.modify_nullable is False:
            hints.append(Hint("may fail", f"fails if a row has no {self.name_after}"))
        if self.modify_type is not None and not _widens(self.existing_type, self.modify_type):
            hints.append(
                Hint("loses data", f"values of {self.name_after} that do not fit the new type are cut or refused")
            )
        return tuple(hints)

    def provides(self) -> frozenset[Need]:
        return frozenset({self._need(self.modify_name)}) if self.modify_name else frozenset()

    def requires(self) -> frozenset[Need]:
        return frozenset({self._table_need(), self._need(self.column_name)})

    @classmethod
    def example(cls) -> Self:
        return cls(
            "users",
            "name",
            existing_type=String(80),
            modify_type=String(200),
            existing_nullable=True,
            modify_nullable=False,
        )


def _instance(type_: TypeEngine[Any] | type[TypeEngine[Any]] | None) -> TypeEngine[Any] | None:
    return type_() if isinstance(type_, type) else type_


_WIDER: Mapping[str, tuple[str, ...]] = {
    "SMALLINT": ("INTEGER", "BIGINT", "NUMERIC", "FLOAT", "DOUBLE", "VARCHAR", "TEXT"),
    "INTEGER": ("BIGINT", "NUMERIC", "VARCHAR", "TEXT"),
    "BIGINT": ("NUMERIC", "VARCHAR", "TEXT"),
    "FLOAT": ("DOUBLE",),
    "VARCHAR": ("TEXT",),
    "CHAR": ("VARCHAR", "TEXT"),
    "DATE": ("DATETIME", "TIMESTAMP"),
}


def _widens(before: TypeEngine[Any] | None, after: TypeEngine[Any]) -> bool:
    """Tell whether every value of the old type surely fits the new one; False where that is not sure."""
    if before is None:
        return False
    old, new = _generic(before), _generic(after)
    if new[0] == "TEXT" and new[1] is None and old[0] in ("VARCHAR", "CHAR", "TEXT", "INTEGER", "SMALLINT", "BIGINT"):
        return True
    if old[0] == new[0] or (old[0] == "CHAR" and new[0] == "VARCHAR"):
        old_size, new_size = old[1], new[1]
        return new_size is None or (
            old_size is not None and all(a <= b for a, b in zip(old_size, new_size, strict=True))
        )
    return new[0] in _WIDER.get(old[0], ()) and (new[1] is None or isinstance(before, Integer) is False)


def _generic(type_: TypeEngine[Any]) -> tuple[str, tuple[int, ...] | None]:
    """Return a type's family and its size: the length, or integer digits and scale."""
    name = type_.as_generic(allow_nulltype=True).__visit_name__.upper() if type_ is not None else ""
    family = {"STRING": "VARCHAR", "UNICODE": "VARCHAR", "UNICODE_TEXT": "TEXT", "SMALL_INTEGER": "SMALLINT"}
    family |= {"BIG_INTEGER": "BIGINT", "DECIMAL": "NUMERIC", "REAL": "FLOAT", "DOUBLE_PRECISION": "DOUBLE"}
    length = getattr(type_, "length", None)
    precision, scale = getattr(type_, "precision", None), getattr(type_, "scale", None)
    size: tuple[int, ...] | None = None
    if isinstance(length, int):
        size = (length,)
    elif isinstance(precision, int):
        size = (precision - (scale or 0), scale or 0)
    return family.get(name, name), size


class AddColumn(AlterTable):
    """``ALTER TABLE t ADD COLUMN c ...``."""

    def __init__(
        self,
        name: str,
        column: Column[Any],
        schema: str | quoted_name | None = None,
        if_not_exists: bool | None = None,
        inline_references: bool | None = None,
        inline_primary_key: bool | None = None,
    ) -> None:
        super().__init__(name, schema=schema)
        self.column, self.if_not_exists = column, if_not_exists
        self.inline_references, self.inline_primary_key = inline_references, inline_primary_key


class DropColumn(AlterTable):
    """``ALTER TABLE t DROP COLUMN c``."""

    def __init__(
        self, name: str, column: Column[Any], schema: str | None = None, if_exists: bool | None = None
    ) -> None:
        super().__init__(name, schema=schema)
        self.column, self.if_exists = column, if_exists


class AlterColumn(AlterTable):
    """``ALTER TABLE t ALTER COLUMN c ...``; the ``existing_*`` attributes are for databases that repeat them."""

    def __init__(
        self,
        name: str,
        column_name: str,
        schema: str | None = None,
        existing_type: TypeEngine[Any] | None = None,
        existing_nullable: bool | None = None,
        existing_server_default: Default = None,
        existing_comment: str | None = None,
    ) -> None:
        super().__init__(name, schema=schema)
        self.column_name, self.existing_type, self.existing_nullable = column_name, existing_type, existing_nullable
        self.existing_server_default = None if existing_server_default is False else existing_server_default
        self.existing_comment = existing_comment


class ColumnNullable(AlterColumn):
    """Set or drop NOT NULL."""

    def __init__(self, name: str, column_name: str, nullable: bool, **kw: Any) -> None:
        super().__init__(name, column_name, **kw)
        self.nullable = nullable


class ColumnType(AlterColumn):
    """Another type."""

    def __init__(self, name: str, column_name: str, type_: TypeEngine[Any], **kw: Any) -> None:
        super().__init__(name, column_name, **kw)
        self.type_ = type_


class ColumnName(AlterColumn):
    """Another name."""

    def __init__(self, name: str, column_name: str, newname: str, **kw: Any) -> None:
        super().__init__(name, column_name, **kw)
        self.newname = newname


class ColumnDefault(AlterColumn):
    """Set or drop the server default."""

    def __init__(self, name: str, column_name: str, default: Default, **kw: Any) -> None:
        super().__init__(name, column_name, **kw)
        self.default = default


class ComputedColumnDefault(ColumnDefault):
    """Make a column computed, or no longer; no database can, so that compiling it raises UnsupportedOperation."""


class IdentityColumnDefault(ColumnDefault):
    """Make a column an identity, change its options, or make it an ordinary one again.

    ``default`` is the Identity that it shall have, or None; ``existing_server_default`` what it has.
    """

    def __init__(self, name: str, column_name: str, default: Default, impl: Any = None, **kw: Any) -> None:
        super().__init__(name, column_name, default, **kw)
        self.impl = impl


class ColumnComment(AlterColumn):
    """Set or drop the comment."""

    def __init__(self, name: str, column_name: str, comment: str | None, **kw: Any) -> None:
        super().__init__(name, column_name, **kw)
        self.comment = comment


@compiles(AddColumn)
def _add_column(element: AddColumn, compiler: DDLCompiler, **kw: Any) -> str:
    words = add_column(
        compiler, element.column, element.if_not_exists, element.inline_references, element.inline_primary_key
    )
    return f"{alter_table(compiler, element.table_name, element.schema)} {words}"


@compiles(DropColumn)
def _drop_column(element: DropColumn, compiler: DDLCompiler, **kw: Any) -> str:
    words = drop_column(compiler, element.column.name, element.if_exists)
    return f"{alter_table(compiler, element.table_name, element.schema)} {words}"


def _alter(element: AlterColumn, compiler: DDLCompiler, change: str) -> str:
    words = alter_column(compiler, element.column_name)
    return f"{alter_table(compiler, element.table_name, element.schema)} {words} {change}"


@compiles(ColumnNullable)
def _column_nullable(element: ColumnNullable, compiler: DDLCompiler, **kw: Any) -> str:
    return _alter(element, compiler, "DROP NOT NULL" if element.nullable else "SET NOT NULL")


@compiles(ColumnType)
def _column_type(element: ColumnType, compiler: DDLCompiler, **kw: Any) -> str:
    return _alter(element, compiler, f"TYPE {format_type(compiler, element.type_)}")


@compiles(ColumnName)
def _column_name(element: ColumnName, compiler: DDLCompiler, **kw: Any) -> str:
    before, after = (format_column_name(compiler, name) for name in (element.column_name, element.newname))
    return f"{alter_table(compiler, element.table_name, element.schema)} RENAME {before} TO {after}"


@compiles(ColumnDefault)
def _column_default(element: ColumnDefault, compiler: DDLCompiler, **kw: Any) -> str:
    if element.default is None:
        return _alter(element, compiler, "DROP DEFAULT")
    return _alter(element, compiler, f"SET DEFAULT {format_server_default(compiler, element.default)}")


@compiles(ComputedColumnDefault)
def _computed_default(element: ComputedColumnDefault, compiler: DDLCompiler, **kw: Any) -> str:
    raise UnsupportedOperation(
        f"Column {element.column_name!r} of {element.table_name!r} cannot become computed, nor stop being so. "
        "Drop it and add it anew."
    )


@compiles(IdentityColumnDefault)
def _identity_default(element: IdentityColumnDefault, compiler: DDLCompiler, **kw: Any) -> str:
    raise UnsupportedOperation(
        f"Column {element.column_name!r} of {element.table_name!r} cannot become an identity, nor stop being one, "
        f"in place: {compiler.dialect.name} has no ALTER for it. Make a new column, or a new table."
    )


@compiles(ColumnComment)
def _column_comment(element: ColumnComment, compiler: DDLCompiler, **kw: Any) -> str:
    table = format_table_name(compiler, element.table_name, element.schema)
    name = format_column_name(compiler, element.column_name)
    return f"COMMENT ON COLUMN {table}.{name} IS {format_text(compiler, element.comment)}"
