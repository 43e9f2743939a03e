"""The base class of operations on an enum type, and their statement."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypedDict

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import DDLElement
from sqlalchemy.sql.compiler import DDLCompiler

from ....util.exc import UnsupportedOperation
from ...base import Operations
from ...ddl_formatting import format_table_name, format_text
from ...operation import MigrateOperation, shown_name, without_empty
from ...requirements import Requirement, key


class EnumUse(TypedDict, total=False):
    """A column of an enum type: its ``table`` and ``column``, and optionally its ``schema``, whether it is an ``array``
    and its server ``default`` as SQL (None if it has one that the new values do not allow).
    """

    table: str
    column: str
    schema: str | None
    array: bool
    default: str | None


class EnumTypeOp(MigrateOperation):
    """The base class of operations on an enum type."""

    def __init__(self, name: str, *, schema: str | None = None) -> None:
        self.name, self.schema = name, schema

    @property
    def shown_name(self) -> str:
        """The name of the type as sentences show it, with its schema if there is one."""
        return shown_name(self.schema, self.name)

    @property
    def table_keys(self) -> tuple[tuple[str | None, str], ...]:
        uses: Sequence[EnumUse] = getattr(self, "columns", ())
        return tuple(dict.fromkeys((use.get("schema"), use["table"]) for use in uses))

    def _values(self, labels: Iterable[str]) -> frozenset[Requirement]:
        return frozenset(("value", *key(self.schema, self.name, label)) for label in labels)

    def _execute(self, operations: Operations, *parts: object) -> None:
        operations.impl.execute(EnumStatement(self.name, self.schema, *parts))

    def _place(self) -> dict[str, object]:
        return without_empty({"schema": self.schema})


def listed(labels: list[str]) -> str:
    """Return a list of values as text, a long one shortened: ``'a', 'b', … (12)``."""
    words = [f"'{label}'" for label in labels]
    return ", ".join(words) if len(words) <= 6 else f"{', '.join(words[:5])}, … ({len(words)})"


class EnumStatement(DDLElement):
    """A statement about an enum type, in parts that are concatenated.

    A part is SQL text, ``EnumStatement.TYPE`` for the name of the type, (text,) for a string literal, a list of texts
    for string literals in parentheses, or a `Named` for a quoted name.
    """

    inherit_cache = False
    TYPE = object()

    def __init__(self, name: str, schema: str | None, *parts: object) -> None:
        self.name, self.schema, self.parts = name, schema, parts


class Named(tuple[Any, ...]):
    """A name with its schema, to be quoted: ``Named((None, "users"))``."""

    __slots__ = ()


@compiles(EnumStatement)
def _enum_statement(element: EnumStatement, compiler: DDLCompiler, **kw: object) -> str:
    raise UnsupportedOperation(
        f"{compiler.dialect.name} has no CREATE TYPE ... AS ENUM ({element.name}). Use a CHECK, or the column's type."
    )


@compiles(EnumStatement, "postgresql")
def _postgresql_enum_statement(element: EnumStatement, compiler: DDLCompiler, **kw: object) -> str:
    def spelled(part: object) -> str:
        if part is EnumStatement.TYPE:
            return format_table_name(compiler, element.name, element.schema)
        if isinstance(part, Named):
            return format_table_name(compiler, part[1], part[0])
        if isinstance(part, tuple):
            return format_text(compiler, part[0])
        if isinstance(part, list):
            return f"({', '.join(format_text(compiler, label) for label in part)})"
        return str(part)

    return "".join(spelled(part) for part in element.parts)
