"""MySQL and MariaDB: an altered column is stated whole, each kind of constraint has a DROP, comments stand inline.

https://dev.mysql.com/doc/refman/8.4/en/alter-table.html, https://mariadb.com/kb/en/alter-table/
"""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, PrimaryKeyConstraint, Table, UniqueConstraint, schema
from sqlalchemy.engine import Connection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import Computed, Constraint, FetchedValue, Identity
from sqlalchemy.sql.compiler import DDLCompiler
from sqlalchemy.types import TypeEngine

from ...operations.kinds.column import AlterColumn, ColumnDefault, ColumnName
from ...operations.kinds.table import RenameTable
from ...operations.statements import (
    alter_column,
    alter_table,
    format_column_name,
    format_server_default,
    format_table_name,
    format_text,
    format_type,
)
from ...util.exc import UnsupportedOperation
from ...util.sqla_compat import default_argument, is_type_bound
from ..columnchange import ColumnChange
from ..impl import DefaultImpl
from ..recreate import AsStored
from ..typetext import synonyms_of
from .stored import as_stored, options_of, unreflected

_LITERAL = re.compile(
    r"\s*(?:[NnBbXx]?'(?:[^'\\]|''|\\.)*'|[-+]?[\d.]+(?:[eE][-+]?\d+)?|0x[0-9a-fA-F]+|NULL|TRUE|FALSE)\s*",
    re.IGNORECASE,
)
_KINDS: tuple[tuple[type[Constraint], str], ...] = (
    (ForeignKeyConstraint, "FOREIGN KEY"),
    (UniqueConstraint, "INDEX"),
    (CheckConstraint, "CHECK"),
)


class MySQLImpl(DefaultImpl):
    """MySQL's own ways."""

    __dialect__ = "mysql"
    type_synonyms = synonyms_of("mysql")

    def change_column(self, change: ColumnChange) -> None:
        """Change what is given of a column.

        A new default, and a new name where the type is not known, have statements that leave the rest alone. All else
        states the column whole: what ``existing_*`` does not tell would be lost, so that a type must be given.
        """
        _refuse_generated(change)
        if not _states_whole(change):
            if change.server_default is not False:
                self.execute(ColumnDefault(*change.place, change.server_default, **change.known))
            if change.name is not None:
                self.execute(ColumnName(*change.place, change.name, **change.known))
            return
        new_type = _first(change.type_, change.existing_type)
        if new_type is None:
            raise UnsupportedOperation(
                f"MySQL states a whole column to change it, and the type of {'.'.join(change.place)} is not known. "
                "Pass existing_type= (and existing_nullable=, existing_server_default=, existing_comment=, "
                "which would be lost otherwise)."
            )
        default, comment = change.server_default, change.comment
        self.execute(
            MySQLChangeColumn(
                *change.place,
                schema=change.schema,
                newname=change.name,
                type_=new_type,
                nullable=_first(change.nullable, change.existing_nullable, True),
                default=default if default is not False else change.existing_server_default,
                autoincrement=_first(change.autoincrement, change.existing_autoincrement),
                comment=comment if comment is not False else change.existing_comment,
            )
        )

    def drop_constraint(self, const: Constraint, **kw: Any) -> None:
        """Drop a constraint; its kind must be known, and a primary key needs no name.

        An unnamed CHECK of a type stays, as in Alembic: only the server knows what it called it.
        """
        if is_type_bound(const) and not isinstance(const.name, str):
            return
        if not isinstance(const, (PrimaryKeyConstraint, *(kind for kind, _ in _KINDS))):
            raise UnsupportedOperation(
                f"MySQL drops each kind of constraint in its own way; {const.name} of "
                f"{const.table.name} has none. Pass type_='foreignkey', 'primary', 'unique' or 'check'."
            )
        if isinstance(const, PrimaryKeyConstraint):
            self.execute(schema.DropConstraint(const))
        elif kw.get("if_exists"):
            self.execute(self._drop_if_there(const))
        else:
            super().drop_constraint(const, **kw)

    def _drop_if_there(self, constraint: Constraint) -> DropIfThere:
        if not getattr(self.dialect, "is_mariadb", False):
            raise UnsupportedOperation(
                f"MySQL has no IF EXISTS for a constraint ({constraint.name} of {constraint.table.name}); MariaDB has. "
                "Leave it out."
            )
        return DropIfThere(constraint)

    def drop_table_comment(self, table: Table) -> None:
        """Take a table's comment away: MySQL knows only an empty one."""
        self.execute(schema.DropTableComment(table))

    # Move and copy

    def as_stored(self, connection: Connection, table_name: str, schema: str | None) -> AsStored:
        """Return the table as SHOW CREATE TABLE states it."""
        return as_stored(connection, self.checking_dialect.identifier_preparer, table_name, schema)

    def offline_clauses(self) -> AsStored:
        """State the primary key inside CREATE TABLE, because a column that counts must be one."""
        return AsStored(inline=frozenset({"PRIMARY KEY"}))

    def options_of(self, stored: AsStored) -> dict[str, Any]:
        """Return where the count of AUTO_INCREMENT stands; the other options are reflected."""
        return options_of(stored)

    def unreflected(self, column_text: str) -> str | None:
        """Return INVISIBLE, a CHECK of the column's own, and the like."""
        return unreflected(column_text)


class MariaDBImpl(MySQLImpl):
    """MariaDB's own ways, where SQLAlchemy is told that it is MariaDB."""

    __dialect__ = "mariadb"


class MySQLChangeColumn(AlterColumn):
    """``MODIFY c <all of it>``, with a new name ``CHANGE c d <all of it>``."""

    def __init__(
        self,
        name: str,
        column_name: str,
        schema: str | None = None,
        *,
        type_: TypeEngine[Any],
        newname: str | None = None,
        nullable: bool = True,
        default: Any = None,
        autoincrement: bool | None = None,
        comment: str | None = None,
    ) -> None:
        super().__init__(name, column_name, schema=schema)
        self.newname, self.type_, self.nullable = newname, type_, nullable
        self.default, self.autoincrement, self.comment = default, autoincrement, comment


class DropIfThere(schema.DDLElement):
    """``DROP FOREIGN KEY|INDEX|CONSTRAINT IF EXISTS`` of MariaDB."""

    inherit_cache = False

    def __init__(self, constraint: Constraint) -> None:
        self.constraint = constraint


def _first(*values: Any) -> Any:
    """Return the first value that is known."""
    return next((each for each in values if each is not None), None)


def _states_whole(change: ColumnChange) -> bool:
    """Tell whether a change needs the statement that says all of a column."""
    if change.name is not None and change.existing_type is not None:
        return True
    asked = (change.nullable, change.type_, change.autoincrement)
    return _first(*asked) is not None or change.comment is not False or _on_update(change.server_default)


def _refuse_generated(change: ColumnChange) -> None:
    """Refuse to make a column generated, or to end that; one that stays generated is stated again."""
    if change.server_default is not False and change.generated(Computed, Identity):
        what = "computed" if change.generated(Computed) else "an identity"
        raise UnsupportedOperation(
            f"MySQL cannot make {'.'.join(change.place)} {what}, nor end that, by altering it. Drop it and add it anew."
        )


def _on_update(default: Any) -> bool:
    """Tell whether a default also says ON UPDATE, which SET DEFAULT cannot."""
    text = getattr(default_argument(default), "text", "")
    return bool(re.search(r"\bON\s+UPDATE\b", text, re.IGNORECASE))


@compiles(MySQLChangeColumn, "mysql", "mariadb")
def _change_column(element: MySQLChangeColumn, compiler: DDLCompiler, **kw: Any) -> str:
    name = format_column_name(compiler, element.column_name)
    if element.newname is None:
        verb = f"MODIFY {name}"
    else:
        verb = f"CHANGE {name} {format_column_name(compiler, element.newname)}"
    return f"{alter_table(compiler, element.table_name, element.schema)} {verb} {_whole_column(element, compiler)}"


def _whole_column(element: MySQLChangeColumn, compiler: DDLCompiler) -> str:
    default = element.default
    words = [format_type(compiler, element.type_)]
    if isinstance(default, Computed):
        words.append(compiler.process(default))
    if not (element.nullable and isinstance(default, Computed)):
        words.append("NULL" if element.nullable else "NOT NULL")
    if element.autoincrement:
        words.append("AUTO_INCREMENT")
    stated = default not in (None, False) if isinstance(default, (str, bool)) else default is not None
    if stated and not (isinstance(default, FetchedValue) and not hasattr(default, "arg")):
        words.append(f"DEFAULT {format_server_default(compiler, default)}")
    if element.comment:
        words.append(f"COMMENT {format_text(compiler, element.comment)}")
    return " ".join(words)


@compiles(ColumnDefault, "mysql", "mariadb")
def _column_default(element: ColumnDefault, compiler: DDLCompiler, **kw: Any) -> str:
    where = f"{alter_table(compiler, element.table_name, element.schema)} {alter_column(compiler, element.column_name)}"
    if element.default is None:
        return f"{where} DROP DEFAULT"
    default = format_server_default(compiler, element.default)
    plain = _LITERAL.fullmatch(default) or default.startswith("(")
    return f"{where} SET DEFAULT {default if plain else f'({default})'}"


@compiles(ColumnName, "mysql", "mariadb")
def _column_name(element: ColumnName, compiler: DDLCompiler, **kw: Any) -> str:
    before, after = (format_column_name(compiler, name) for name in (element.column_name, element.newname))
    return f"{alter_table(compiler, element.table_name, element.schema)} RENAME COLUMN {before} TO {after}"


@compiles(RenameTable, "mysql", "mariadb")
def _rename_table(element: RenameTable, compiler: DDLCompiler, **kw: Any) -> str:
    """A new name without its schema would move the table to the current one."""
    new = format_table_name(compiler, element.new_table_name, element.schema)
    return f"{alter_table(compiler, element.table_name, element.schema)} RENAME TO {new}"


@compiles(DropIfThere, "mysql", "mariadb")
def _drop_if_there(element: DropIfThere, compiler: DDLCompiler, **kw: Any) -> str:
    constraint = element.constraint
    kind = next(word for cls, word in _KINDS if isinstance(constraint, cls))
    table = format_table_name(compiler, constraint.table.name, constraint.table.schema)
    name = compiler.preparer.format_constraint(constraint)
    return f"ALTER TABLE {table} DROP {'CONSTRAINT' if kind == 'CHECK' else kind} IF EXISTS {name}"
