"""Changes to the values of an enum type: add one, rename one, set another list."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Self

from ....util.exc import CommandError, IrreversibleOperation
from ...base import Operations
from ...fields import Field
from ...operation import DiffTuple, Hint, MigrateOperation, SourceWriter, slug, without_empty
from ...requirements import Requirement
from ...schema_state import SchemaState
from .enum_type_op import EnumStatement, EnumTypeOp, EnumUse, Named, listed


@Operations.register_operation("add_enum_value")
class AddEnumValueOp(EnumTypeOp):
    """ALTER TYPE ... ADD VALUE (PostgreSQL).

        AddEnumValueOp("mood", "ok", after="sad")

    A downgrade needs ``existing``, the current values, and ``columns``, which use the type.
    """

    fields = (Field("value", "text"),)

    def __init__(
        self,
        name: str,
        value: str,
        *,
        before: str | None = None,
        after: str | None = None,
        schema: str | None = None,
        existing: Sequence[str] | None = None,
        columns: Sequence[EnumUse] = (),
    ) -> None:
        super().__init__(name, schema=schema)
        if before is not None and after is not None:
            raise CommandError(f"The new value {value!r} of {name} has one position: pass before= or after=, not both.")
        self.value, self.before, self.after = value, before, after
        self.existing, self.columns = None if existing is None else list(existing), list(columns)

    @classmethod
    def add_enum_value(
        cls,
        operations: Operations,
        name: str,
        value: str,
        *,
        before: str | None = None,
        after: str | None = None,
        schema: str | None = None,
    ) -> None:
        """Add a value to an enum type: at the end, or before or after another value (PostgreSQL).

            op.add_enum_value("mood", "ok", after="sad")

        A new value cannot be used in the transaction that adds it (PostgreSQL manual, ALTER TYPE), so the
        transaction of the revision is committed, the value is added in autocommit mode, and a new transaction begins.
        In a transaction that the caller began, it is added there.
        """
        operations.invoke(cls(name, value, before=before, after=after, schema=schema))

    def apply(self, operations: Operations) -> None:
        place: tuple[object, ...] = ()
        if self.before is not None:
            place = (" BEFORE ", (self.before,))
        elif self.after is not None:
            place = (" AFTER ", (self.after,))
        parts = ("ALTER TYPE ", EnumStatement.TYPE, " ADD VALUE ", (self.value,), *place)
        context = operations.migration_context
        with nullcontext() if context.borrowed else context.autocommit_block():
            self._execute(operations, *parts)

    def apply_to(self, schema: SchemaState) -> None:
        schema.set_enum((self.schema, self.name), self._values_after)

    def reverse(self) -> SetEnumValuesOp:
        if self.existing is None:
            raise IrreversibleOperation(self.sentence(), "the other values are not known. Pass existing= and columns=.")
        return SetEnumValuesOp(
            self.name,
            self.existing,
            columns=self.columns,
            schema=self.schema,
            existing=self._values_after(self.existing),
            _reverse=self,
        )

    def _values_after(self, values: list[str]) -> list[str]:
        if self.before in values:
            place = values.index(self.before or "")
        elif self.after in values:
            place = values.index(self.after or "") + 1
        else:
            place = len(values)
        return [*values[:place], self.value, *values[place:]]

    def render(self, write: SourceWriter) -> str:
        place = without_empty({"before": self.before, "after": self.after})
        return write.call("add_enum_value", self.name, self.value, **place, **self._place())

    def sentence(self) -> str:
        place = f" before '{self.before}'" if self.before is not None else ""
        place = f" after '{self.after}'" if self.after is not None else place
        return f"Add value '{self.value}' to enum type {self.shown_name}{place}"

    def slug(self) -> str:
        return slug("add", self.value, "to", self.name)

    def provides(self) -> frozenset[Requirement]:
        return self._values([self.value])

    def requires(self) -> frozenset[Requirement]:
        beside = self.before if self.before is not None else self.after
        return self._values([beside] if beside is not None else [])

    def to_diff_tuple(self) -> DiffTuple:
        return ("add_enum_value", self.schema, self.name, self.value)

    @classmethod
    def example(cls) -> Self:
        return cls("mood", "ok", after="sad", existing=["sad", "happy"], columns=[{"table": "users", "column": "mood"}])


@Operations.register_operation("rename_enum_value")
class RenameEnumValueOp(EnumTypeOp):
    """ALTER TYPE ... RENAME VALUE; rows with the value keep it (PostgreSQL).

    RenameEnumValueOp("mood", "okay", "ok")
    """

    fields = (Field("new_value", "text", label="new value"),)

    def __init__(
        self, name: str, value: str, new_value: str, *, schema: str | None = None, columns: Sequence[EnumUse] = ()
    ) -> None:
        super().__init__(name, schema=schema)
        self.value, self.new_value, self.columns = value, new_value, list(columns)

    @classmethod
    def rename_enum_value(
        cls, operations: Operations, name: str, value: str, new_value: str, *, schema: str | None = None
    ) -> None:
        """Rename a value of an enum type (PostgreSQL).

        op.rename_enum_value("mood", "okay", "ok")
        """
        operations.invoke(cls(name, value, new_value, schema=schema))

    def apply(self, operations: Operations) -> None:
        parts = (" RENAME VALUE ", (self.value,), " TO ", (self.new_value,))
        self._execute(operations, "ALTER TYPE ", EnumStatement.TYPE, *parts)

    def apply_to(self, schema: SchemaState) -> None:
        new = self.new_value
        schema.set_enum((self.schema, self.name), lambda old: [new if each == self.value else each for each in old])

    def reverse(self) -> RenameEnumValueOp:
        return RenameEnumValueOp(self.name, self.new_value, self.value, schema=self.schema, columns=self.columns)

    def render(self, write: SourceWriter) -> str:
        return write.call("rename_enum_value", self.name, self.value, self.new_value, **self._place())

    def sentence(self) -> str:
        return f"Rename value '{self.value}' of enum type {self.shown_name} to '{self.new_value}'"

    def slug(self) -> str:
        return slug("rename", self.value, "to", self.new_value, "in", self.name)

    def provides(self) -> frozenset[Requirement]:
        return self._values([self.new_value])

    def to_diff_tuple(self) -> DiffTuple:
        return ("rename_enum_value", self.schema, self.name, self.value, self.new_value)

    @classmethod
    def example(cls) -> Self:
        return cls("mood", "okay", "ok")


@Operations.register_operation("set_enum_values")
class SetEnumValuesOp(EnumTypeOp):
    """Replace an enum type by one with other values; every column that uses it is rewritten (PostgreSQL).

        SetEnumValuesOp("mood", ["sad", "happy"], columns=[{"table": "users", "column": "mood"}])

    It fails, and changes nothing, if a row has a removed value. ``existing`` are the current values.
    """

    def __init__(
        self,
        name: str,
        labels: Sequence[str],
        *,
        columns: Sequence[EnumUse] = (),
        schema: str | None = None,
        existing: Sequence[str] | None = None,
        _reverse: MigrateOperation | None = None,
    ) -> None:
        super().__init__(name, schema=schema)
        self.labels, self.columns = list(labels), list(columns)
        self.existing, self._reverse = None if existing is None else list(existing), _reverse

    @classmethod
    def set_enum_values(
        cls,
        operations: Operations,
        name: str,
        labels: Sequence[str],
        *,
        columns: Sequence[EnumUse] = (),
        schema: str | None = None,
    ) -> None:
        """Set the values of an enum type and their order; ``columns`` are all that use the type (PostgreSQL).

            op.set_enum_values("mood", ["sad", "happy"], columns=[{"table": "users", "column": "mood"}])

        A column can also have its ``schema``, ``"array": True``, and its server ``default`` (SQL), which is dropped and
        set again. Every row is rewritten; it fails if a row has a value that is not in the list.
        """
        operations.invoke(cls(name, labels, columns=columns, schema=schema))

    def apply(self, operations: Operations) -> None:
        old = f"{self.name.encode()[:50].decode(errors='ignore')}_before"
        self._execute(operations, "ALTER TYPE ", EnumStatement.TYPE, " RENAME TO ", Named((None, old)))
        self._execute(operations, "CREATE TYPE ", EnumStatement.TYPE, " AS ENUM ", self.labels)
        for use in self.columns:
            self._rewrite(operations, use)
        self._execute(operations, "DROP TYPE ", Named((self.schema, old)))

    def _rewrite(self, operations: Operations, use: EnumUse) -> None:
        column, array = Named((None, use["column"])), "[]" if use.get("array") else ""
        alter = ("ALTER TABLE ", Named((use.get("schema"), use["table"])), " ALTER COLUMN ", column)
        if "default" in use:
            self._execute(operations, *alter, " DROP DEFAULT")
        using = (" USING CAST(CAST(", column, f" AS text{array}) AS ", EnumStatement.TYPE, f"{array})")
        self._execute(operations, *alter, " TYPE ", EnumStatement.TYPE, array, *using)
        if use.get("default") is not None:
            self._execute(operations, *alter, " SET DEFAULT ", use["default"])

    def apply_to(self, schema: SchemaState) -> None:
        schema.set_enum((self.schema, self.name), lambda _: list(self.labels))

    def reverse(self) -> MigrateOperation:
        if self._reverse is not None:
            return self._reverse
        if self.existing is None:
            raise IrreversibleOperation(self.sentence(), "the values before are not known. Pass existing=.")
        return SetEnumValuesOp(
            self.name, self.existing, columns=self.columns, schema=self.schema, existing=self.labels, _reverse=self
        )

    def render(self, write: SourceWriter) -> str:
        columns = {"columns": [dict(use) for use in self.columns]} if self.columns else {}
        return write.call("set_enum_values", self.name, self.labels, **columns, **self._place())

    def sentence(self) -> str:
        return f"Set the values of enum type {self.shown_name} to {listed(self.labels)}"

    def slug(self) -> str:
        return slug("set values of", self.name)

    def hints(self, dialect_name: str = "default") -> tuple[Hint, ...]:
        tables = ", ".join(dict.fromkeys(use["table"] for use in self.columns))
        gone = [value for value in self.existing or () if value not in self.labels]
        fails = (Hint("may fail", f"fails if a row has {listed(gone)}"),) if gone else ()
        return (*fails, Hint("slow", f"rewrites every row of {tables}")) if tables else fails

    def provides(self) -> frozenset[Requirement]:
        return self._values(value for value in self.labels if value not in (self.existing or ()))

    def requires(self) -> frozenset[Requirement]:
        return self._values(self.existing or ())

    def to_diff_tuple(self) -> DiffTuple:
        return ("modify_enum_values", self.schema, self.name, self.existing, list(self.labels))

    @classmethod
    def example(cls) -> Self:
        uses: list[EnumUse] = [{"table": "users", "column": "mood", "default": "'sad'::mood"}]
        return cls("mood", ["sad", "happy"], columns=uses, existing=["sad", "ok", "happy"])
