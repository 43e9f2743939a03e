"""PostgreSQL: DDL is transactional; a type may need ``USING``; enum types live apart from tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Column, text
from sqlalchemy.dialects.postgresql import NamedType
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import Constraint, Identity
from sqlalchemy.sql.compiler import DDLCompiler
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.types import TypeEngine

from ..operations.kinds.column import ColumnType, IdentityColumnDefault
from ..operations.kinds.exclude_constraint import CreateExcludeConstraintOp
from ..operations.statements import alter_column, alter_table, format_column_name, format_type
from .impl import DefaultImpl

__all__ = ["CreateExcludeConstraintOp", "PostgresqlColumnType", "PostgresqlImpl"]


class PostgresqlImpl(DefaultImpl):
    """PostgreSQL's own ways."""

    __dialect__ = "postgresql"
    transactional_ddl = True

    def add_column(
        self,
        table_name: str,
        column: Column[Any],
        *,
        schema: str | None = None,
        if_not_exists: bool | None = None,
        **kw: Any,
    ) -> Iterable[Constraint] | None:
        """Add a column, and before it the enum type or domain that it uses, where that is not there."""
        self._make_type(column.type)
        return super().add_column(table_name, column, schema=schema, if_not_exists=if_not_exists, **kw)

    def column_type(
        self,
        table_name: str,
        column_name: str,
        type_: TypeEngine[Any],
        known: Mapping[str, Any],
        options: Mapping[str, Any],
    ) -> ClauseElement:
        """Return the change of type, with the ``postgresql_using`` expression that turns old values into new."""
        self._make_type(type_)
        using = options.get("postgresql_using")
        return PostgresqlColumnType(
            table_name, column_name, type_, using=None if using is None else str(using), **known
        )

    def _make_type(self, type_: TypeEngine[Any]) -> None:
        own = type_.dialect_impl(self.dialect)
        if isinstance(own, NamedType) and getattr(own, "create_type", True):
            own.create(self._event_bind(), checkfirst=not self.as_sql)


class PostgresqlColumnType(ColumnType):
    """``ALTER COLUMN c TYPE x USING expression``."""

    def __init__(
        self, name: str, column_name: str, type_: TypeEngine[Any], *, using: str | None = None, **kw: Any
    ) -> None:
        super().__init__(name, column_name, type_, **kw)
        self.using = using


@compiles(PostgresqlColumnType, "postgresql")
def _column_type(element: PostgresqlColumnType, compiler: DDLCompiler, **kw: Any) -> str:
    name = format_column_name(compiler, element.column_name)
    using = f" USING {_expression(compiler, element.using)}" if element.using else ""
    table = alter_table(compiler, element.table_name, element.schema)
    return f"{table} ALTER COLUMN {name} TYPE {format_type(compiler, element.type_)}{using}"


def _expression(compiler: DDLCompiler, words: str) -> str:
    """Return SQL of a person's own as it stands in a statement; a colon in it is a colon."""
    return compiler.sql_compiler.process(text(words.replace(":", r"\:")))


@compiles(IdentityColumnDefault, "postgresql")
def _identity_default(element: IdentityColumnDefault, compiler: DDLCompiler, **kw: Any) -> str:
    where = f"{alter_table(compiler, element.table_name, element.schema)} {alter_column(compiler, element.column_name)}"
    if element.default is None:
        return f"{where} DROP IDENTITY"
    if not isinstance(element.existing_server_default, Identity):
        return f"{where} ADD {compiler.process(element.default)}"
    return f"{where} {_changed_identity(element.default, element.existing_server_default, compiler)}"


def _changed_identity(new: Identity, old: Identity, compiler: DDLCompiler) -> str:
    """Return ``SET GENERATED ...`` and ``SET <option>`` for all that the new identity says.

    An option that only the old one says goes back to its default. Where nothing differs it is said again which kind it
    is, because an ALTER of nothing is no statement.
    """
    words = []
    if bool(new.always) != bool(old.always):
        words.append(f"SET GENERATED {'ALWAYS' if new.always else 'BY DEFAULT'}")
    options = Identity(**{name: value for name in _IDENTITY_OPTIONS if (value := _option(new, old, name)) is not None})
    stated = compiler.get_identity_options(options)
    words += [f"SET {option}" for option in _split_options(stated)]
    return " ".join(words) or f"SET GENERATED {'ALWAYS' if new.always else 'BY DEFAULT'}"


_IDENTITY_OPTIONS = ("start", "increment", "minvalue", "maxvalue", "nominvalue", "nomaxvalue", "cycle", "cache")
_IDENTITY_DEFAULTS: dict[str, Any] = {"start": 1, "increment": 1, "cycle": False, "cache": 1}


def _option(new: Identity, old: Identity, name: str) -> Any:
    """Return an option's new value where it differs from the old one; its default where only the old one says it."""
    after, before = getattr(new, name), getattr(old, name)
    if name in ("nominvalue", "nomaxvalue"):
        bound = name.removeprefix("no")
        gone = getattr(old, bound) is not None and getattr(new, bound) is None
        return True if after or gone else None
    if after == before:
        return None
    return _IDENTITY_DEFAULTS.get(name) if after is None else after


def _split_options(stated: str) -> list[str]:
    """Return ``INCREMENT BY 2 START WITH 3`` as its options."""
    return [found.group(0) for found in re.finditer(_IDENTITY_WORDS, stated)]


_IDENTITY_WORDS = (
    r"INCREMENT BY -?\d+|START WITH -?\d+|(?:MIN|MAX)VALUE -?\d+|NO (?:MIN|MAX)VALUE|CACHE \d+|(?:NO )?CYCLE"
)
