"""The statements of MySQL and MariaDB that change a table: MODIFY and CHANGE with the whole column, and the DROPs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal, Self

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, UniqueConstraint, schema
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import Computed, Constraint, FetchedValue
from sqlalchemy.sql.compiler import DDLCompiler

from ...operations.ddl_formatting import (
    alter_column,
    alter_table,
    format_column_name,
    format_server_default,
    format_table_name,
    format_text,
    format_type,
)
from ...operations.kinds.column import AlterColumn, ColumnDefault, ColumnName
from ...operations.kinds.rename_table import RenameTable
from ...util.sql import is_enclosed, is_literal, normal_sql
from ...util.sqla_compat import AnyType, default_argument
from ..columnchange import ColumnChange
from .column_definition import ColumnDefinition

KINDS: tuple[tuple[type[Constraint], str], ...] = (
    (ForeignKeyConstraint, "FOREIGN KEY"),
    (UniqueConstraint, "INDEX"),
    (CheckConstraint, "CHECK"),
)
"""The constraints that have a DROP of their own, with its word."""


class MySQLChangeColumn(AlterColumn):
    """``MODIFY column definition``; with a new name ``CHANGE column name definition``.

    ``stored`` is the existing column, where it could be read: the source of properties that are not given. Then
    ``type_`` may be None, and ``default`` and ``comment`` False, which keeps them.
    """

    def __init__(
        self,
        name: str,
        column_name: str,
        schema: str | None = None,
        *,
        type_: AnyType | None,
        newname: str | None = None,
        nullable: bool = True,
        default: Any = None,
        autoincrement: bool | None = None,
        comment: str | Literal[False] | None = None,
        stored: ColumnDefinition | None = None,
    ) -> None:
        super().__init__(name, column_name, schema=schema)
        self.newname, self.type_, self.nullable, self.stored = newname, type_, nullable, stored
        self.default, self.autoincrement, self.comment = default, autoincrement, comment

    @classmethod
    def of(cls, change: ColumnChange, stored: ColumnDefinition | None) -> Self:
        """Return the statement for a change of a column whose stored definition is ``stored``."""
        default = change.server_default if change.server_default is not False else change.existing_server_default
        comment = change.comment if change.comment is not False else change.existing_comment
        is_known = change.comment is not False or change.existing_comment is not None or stored is None
        return cls(
            *change.place,
            schema=change.schema,
            newname=change.name,
            type_=change.type_ if stored is not None else first(change.type_, change.existing_type),
            nullable=first(
                change.nullable, change.existing_nullable, None if stored is None else stored.nullable, True
            ),
            default=False if change.server_default is False and default is None else default,
            autoincrement=first(change.autoincrement, change.existing_autoincrement),
            comment=comment if is_known else False,
            stored=_without_on_update(stored) if stored is not None and states_on_update(change) else stored,
        )


def states_on_update(change: ColumnChange) -> bool:
    """Return whether the new or the given old default mentions ON UPDATE: the new one is then complete."""
    return _on_update(change.server_default) or _on_update(change.existing_server_default)


def _without_on_update(stored: ColumnDefinition) -> ColumnDefinition:
    return replace(stored, on_update=None)


class DropConstraintIfExists(schema.DDLElement):
    """``DROP FOREIGN KEY|INDEX|CONSTRAINT IF EXISTS`` of MariaDB."""

    inherit_cache = False

    def __init__(self, constraint: Constraint) -> None:
        self.constraint = constraint


def first(*values: Any) -> Any:
    """Return the first value that is not None."""
    return next((each for each in values if each is not None), None)


def _on_update(default: object) -> bool:
    """Return whether a default includes ON UPDATE, which SET DEFAULT does not allow."""
    text = getattr(default_argument(default), "text", "")
    return " on update " in f" {normal_sql(text, 'mysql')}"


@compiles(MySQLChangeColumn, "mysql", "mariadb")
def _change_column(element: MySQLChangeColumn, compiler: DDLCompiler, **kw: object) -> str:
    name = format_column_name(compiler, element.column_name)
    if element.newname is None:
        verb = f"MODIFY {name}"
    else:
        verb = f"CHANGE {name} {format_column_name(compiler, element.newname)}"
    return f"{alter_table(compiler, element.table_name, element.schema)} {verb} {_whole_column(element, compiler)}"


def _whole_column(element: MySQLChangeColumn, compiler: DDLCompiler) -> str:
    stored = element.stored or ColumnDefinition("")
    new_type = None if element.type_ is None else format_type(compiler, element.type_)
    unchanged = _as_written(compiler)
    type_text = new_type or unchanged(stored.type_text)
    words = [type_text, stored.charset if new_type is None else stored.charset_for(new_type)]
    generated = unchanged(stored.generated) if element.default is False and stored.generated else None
    if isinstance(element.default, Computed):
        generated = compiler.process(element.default)
    if generated is not None:
        words.append(generated)
    if not (element.nullable and generated is not None):
        words.append("NULL" if element.nullable else "NOT NULL")
    if element.autoincrement or (element.autoincrement is None and stored.keeps_auto_increment(type_text)):
        words.append("AUTO_INCREMENT")
    if generated is None:
        words += _default_words(element, compiler, stored)
    further = stored.further_for(new_type, element.column_name, element.newname or element.column_name)
    words += map(unchanged, further)
    if element.comment is False and stored.comment:
        words.append(f"COMMENT {unchanged(stored.comment)}")
    elif element.comment:
        words.append(f"COMMENT {format_text(compiler, element.comment)}")
    return " ".join(word for word in words if word)


def _as_written(compiler: DDLCompiler) -> Callable[[str], str]:
    """Return the function for SQL that is used unchanged: a driver may require each percent sign doubled."""
    process: Callable[[str], str] = compiler.sql_compiler.post_process_text
    return process


def _default_words(element: MySQLChangeColumn, compiler: DDLCompiler, stored: ColumnDefinition) -> list[str]:
    """Return DEFAULT and ON UPDATE, of the given default or else of the existing column."""
    default, unchanged = element.default, _as_written(compiler)
    words = []
    if default is False:
        known = "" if stored.default in {None, "NULL"} else unchanged(str(stored.default))
        words = [f"DEFAULT {known}"] if known else []
    elif default is not None and not (isinstance(default, FetchedValue) and not hasattr(default, "arg")):
        words = [f"DEFAULT {format_server_default(compiler, default)}"]
    return [*words, f"ON UPDATE {stored.on_update}"] if stored.on_update else words


@compiles(ColumnDefault, "mysql", "mariadb")
def _column_default(element: ColumnDefault, compiler: DDLCompiler, **kw: object) -> str:
    where = f"{alter_table(compiler, element.table_name, element.schema)} {alter_column(compiler, element.column_name)}"
    if element.default is None:
        return f"{where} DROP DEFAULT"
    default = format_server_default(compiler, element.default)
    is_valid = is_literal(default, compiler.dialect) or is_enclosed(default, compiler.dialect)
    return f"{where} SET DEFAULT {default if is_valid else f'({default})'}"


@compiles(ColumnName, "mysql", "mariadb")
def _column_name(element: ColumnName, compiler: DDLCompiler, **kw: object) -> str:
    before, after = (format_column_name(compiler, name) for name in (element.column_name, element.newname))
    return f"{alter_table(compiler, element.table_name, element.schema)} RENAME COLUMN {before} TO {after}"


@compiles(RenameTable, "mysql", "mariadb")
def _rename_table(element: RenameTable, compiler: DDLCompiler, **kw: object) -> str:
    """Return RENAME TO with the schema, without which the table would move to the current schema."""
    new = format_table_name(compiler, element.new_table_name, element.schema)
    return f"{alter_table(compiler, element.table_name, element.schema)} RENAME TO {new}"


@compiles(DropConstraintIfExists, "mysql", "mariadb")
def _drop_constraint_if_exists(element: DropConstraintIfExists, compiler: DDLCompiler, **kw: object) -> str:
    constraint = element.constraint
    kind = next(word for cls, word in KINDS if isinstance(constraint, cls))
    table = format_table_name(compiler, constraint.table.name, constraint.table.schema)
    name = compiler.preparer.format_constraint(constraint)
    return f"ALTER TABLE {table} DROP {'CONSTRAINT' if kind == 'CHECK' else kind} IF EXISTS {name}"
