"""What an ALTER COLUMN changes: each value before and after, and its diff tuples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

from ....util.sqla_compat import AnyType, default_sql
from ...operation import DiffTuple
from .column_op import ColumnOp, Default
from .type_conversion import Conversion


class ColumnChange(ColumnOp):
    """The base class of `AlterColumnOp`: the column as it is and as it will be."""

    def __init__(
        self,
        table_name: str,
        column_name: str,
        *,
        schema: str | None = None,
        existing_type: AnyType | None = None,
        existing_server_default: Default = False,
        existing_nullable: bool | None = None,
        existing_comment: str | None = None,
        modify_nullable: bool | None = None,
        modify_comment: str | Literal[False] | None = False,
        modify_server_default: Default = False,
        modify_name: str | None = None,
        modify_type: AnyType | None = None,
        **kw: Any,
    ) -> None:
        super().__init__(table_name, schema=schema)
        self.column_name, self.kw = column_name, kw
        self.existing_type, self.existing_server_default = existing_type, existing_server_default
        self.existing_nullable, self.existing_comment = existing_nullable, existing_comment
        self.modify_nullable, self.modify_comment = modify_nullable, modify_comment
        self.modify_server_default, self.modify_name = modify_server_default, modify_name
        self.modify_type = modify_type
        self._conversion: Conversion | None = None
        self._conversion_back: Conversion | None = None

    def converted(self, there: Conversion | None, back: Conversion | None) -> Self:
        """Return the operation with the conversion of the values, and that of the downgrade.

        None is for a conversion that the database does implicitly.
        """
        return self.changed(
            _conversion=there,
            _conversion_back=back,
            remark="" if there is None else there.remark,
            kw=without_using(self.kw) | ({} if there is None else dict(there.options)),
        )

    # The column as it will be: the fields that can be edited.

    @property
    def name_after(self) -> str:
        return self.modify_name or self.column_name

    @name_after.setter
    def name_after(self, value: str) -> None:
        self.modify_name = None if value == self.column_name else value

    @property
    def type_after(self) -> AnyType | None:
        return self.modify_type if self.modify_type is not None else self.existing_type

    @type_after.setter
    def type_after(self, value: AnyType | None) -> None:
        changed = None if repr(value) == repr(self.existing_type) else value
        if repr(changed) != repr(self.modify_type) and self._conversion is not None:
            vars(self).update(vars(self.converted(None, None)))  # the conversion was for the old type
        self.modify_type = changed

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

    def has_changes(self) -> bool:
        """Return whether anything changes."""
        return bool(self._changes()) or any(name.startswith("modify_") for name in self.kw)

    def _changes(self) -> dict[str, tuple[Any, Any]]:
        """Return name -> (before, after) of each change, in the order of the diff tuples."""
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

    def to_diff_tuples(self) -> list[DiffTuple]:
        """Return one tuple for each change: (kind, schema, table, column, existing, before, after)."""
        known = {
            "existing_type": self.existing_type,
            "existing_nullable": self.existing_nullable,
            "existing_server_default": False if self.existing_server_default is None else self.existing_server_default,
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

    def to_diff_tuple(self) -> DiffTuple:
        return tuple(self.to_diff_tuples())


def without_using(kw: Mapping[str, object]) -> dict[str, Any]:
    """Return options without the USING expression, which is for one direction only."""
    return {name: value for name, value in kw.items() if name != "postgresql_using"}
