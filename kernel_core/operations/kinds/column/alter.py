"""ALTER COLUMN."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

from sqlalchemy import String
from sqlalchemy.schema import Constraint, Identity

from ....util.exc import InvalidJson, IrreversibleOperation
from ....util.sqla_compat import AnyType, changed_column, default_argument, default_sql, type_constraints
from ...base import Operations
from ...batch_directives import batch_directive
from ...fields import Field, type_text
from ...named_columns import plain_column
from ...operation import Hint, SourceWriter, slug, without_empty
from ...requirements import Requirement, requirements_of_type
from ...schema_state import SchemaState
from .column_change import ColumnChange, without_using
from .column_op import Default
from .type_conversion import Conversion, is_lossless


@Operations.register_operation("alter_column")
@batch_directive(
    "alter_column",
    "Change a column of the table of the batch, or move it next to another column.",
    extra=("insert_before", "insert_after"),
)
class AlterColumnOp(ColumnChange):
    """ALTER COLUMN: another name, type, nullability, default or comment for a column.

        AlterColumnOp("users", "name", existing_type=String(80), modify_type=String(200))

    Each ``existing_*`` is the current value, if it is known; each ``modify_*`` the new one.
    """

    fields = (
        Field("name", "identifier", at="name_after"),
        Field("type_", "type", label="type", at="type_after", optional=True),
        Field("nullable", "boolean", at="nullable_after", optional=True),
        Field("server_default", "default", at="server_default_after", optional=True),
        Field("comment", "text", at="comment_after", optional=True),
    )

    def json_arguments(self) -> dict[str, object]:
        conversions = {"conversion": self._conversion, "conversion_back": self._conversion_back}
        return super().json_arguments() | without_empty(conversions)

    @classmethod
    def from_json_arguments(cls, arguments: Mapping[str, object]) -> Self:
        given = dict(arguments)
        conversions = [given.pop(name, None) for name in ("conversion", "conversion_back")]
        if not all(isinstance(each, Conversion | None) for each in conversions):
            raise InvalidJson("'conversion' and 'conversion_back' must be conversions")
        operation = super().from_json_arguments(given)
        return operation.changed(_conversion=conversions[0], _conversion_back=conversions[1])

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
        type_: AnyType | type[AnyType] | None = None,
        existing_type: AnyType | type[AnyType] | None = None,
        existing_server_default: Default = False,
        existing_nullable: bool | None = None,
        existing_comment: str | None = None,
        schema: str | None = None,
        **kw: object,
    ) -> None:
        """Change a column; what is not given stays as it is.

            op.alter_column("users", "name", type_=String(200), existing_type=String(80))

        ``existing_*`` are for databases that must repeat the whole column (MySQL, SQL Server). ``server_default`` and
        ``comment`` can be None, which drops them; False, the default, keeps them. A default can be an Identity.
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

    def apply(self, operations: Operations) -> None:
        impl = operations.impl
        if self.modify_type is not None:
            for constraint in self._type_constraints(self.existing_type, self.column_name, operations):
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
        for constraint in self._type_constraints(self.modify_type, self.name_after, operations):
            impl.add_constraint(constraint)

    def apply_to(self, schema: SchemaState) -> None:
        table = schema.table(self.table_key)
        column = table.column(self.column_name)
        changes: dict[str, Any] = without_empty({"type": self.modify_type, "nullable": self.modify_nullable})
        if self.modify_server_default is not False:
            changes["server_default"] = self.modify_server_default
        if self.modify_comment is not False:
            changes["comment"] = self.modify_comment
        if "autoincrement" in self.kw:
            changes["autoincrement"] = self.kw["autoincrement"]
        table.columns[self.column_name] = changed_column(plain_column(column), **changes)
        if self.modify_name is not None and self.modify_name != self.column_name:
            schema.rename_column(table, self.column_name, self.modify_name)

    def _type_constraints(self, type_: AnyType | None, column_name: str, operations: Operations) -> list[Constraint]:
        """Return the CHECK constraints that belong to a type, named by the naming convention."""
        conventions = operations.schema_obj.metadata()
        return type_constraints(type_, self.table_name, column_name, self.schema, conventions)

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
        kw = self.kw if "type" not in changes else without_using(self.kw)
        reversed_ = AlterColumnOp(
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
            **kw,
        )
        if self._conversion_back is None and self._conversion is None:
            return reversed_
        return reversed_.converted(self._conversion_back, self._conversion)

    def render(self, write: SourceWriter) -> str:
        now: dict[str, object] = {
            "existing_type": self.existing_type,
            "existing_nullable": self.existing_nullable if self.modify_nullable is None else None,
            "existing_comment": self.existing_comment if self.modify_comment is False else None,
        }
        # An identity is altered by its existing options: PostgreSQL drops a default first, and its sequence continues.
        defaults = (self.existing_server_default, self.modify_server_default)
        of_identity = any(isinstance(each, Identity) for each in defaults)
        if self.existing_server_default not in (False, None) and (self.modify_server_default is False or of_identity):
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
        return f"Alter column {self.column_name} of {self.shown_table}: {', '.join(words) or 'nothing'}"

    def slug(self) -> str:
        if self.modify_name is not None and len(self._changes()) == 1:
            return slug("rename", self.column_name, "to", self.modify_name, "in", self.table_name)
        return slug("alter", self.column_name, "of", self.table_name)

    def hints(self, dialect_name: str = "default") -> tuple[Hint, ...]:
        hints = []
        if self.modify_nullable is False:
            hints.append(Hint("may fail", f"fails if a row has no {self.name_after}"))
        if self.modify_type is not None and "postgresql_using" in self.kw:
            using = self.kw["postgresql_using"]
            hints.append(Hint("may fail", f"values are converted by {using}: fails if one does not fit"))
        if self.modify_type is not None and not is_lossless(self.existing_type, self.modify_type):
            hints.append(
                Hint(
                    "loses data", f"values of {self.name_after} that do not fit the new type are truncated or rejected"
                )
            )
        return tuple(hints)

    def provides(self) -> frozenset[Requirement]:
        named = {self._requirement(self.modify_name)} if self.modify_name else set()
        left = (
            requirements_of_type(self.existing_type) - requirements_of_type(self.modify_type)
            if self.modify_type
            else ()
        )
        return frozenset(named) | {("freed", *each) for each in left}

    def requires(self) -> frozenset[Requirement]:
        changed = self.modify_type is not None or self.modify_server_default is not False
        values = requirements_of_type(self.type_after) if changed else frozenset()
        return values | {self._table_requirement(), self._requirement(self.column_name)}

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


def _instance(type_: AnyType | type[AnyType] | None) -> AnyType | None:
    return type_() if isinstance(type_, type) else type_
