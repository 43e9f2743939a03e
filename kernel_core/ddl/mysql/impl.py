"""MySQL and MariaDB: MODIFY repeats the whole column, each kind of constraint has its own DROP, comments are inline.

https://dev.mysql.com/doc/refman/8.4/en/alter-table.html, https://mariadb.com/kb/en/alter-table/
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any, Literal, Self

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, PrimaryKeyConstraint, Table, UniqueConstraint, schema
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import Computed, Constraint, FetchedValue, Identity, Index
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
from ...util.exc import UnsupportedOperation
from ...util.sql import is_enclosed, is_literal, normal_sql
from ...util.sqla_compat import AnyType, default_argument, is_type_bound
from ..cancelling import Cancelling, by_statement
from ..columnchange import ColumnChange
from ..impl import DefaultImpl
from ..recreate import TableDefinition
from ..type_comparison import synonyms_of
from .column_definition import ColumnDefinition, parse_column
from .definition import column_text, table_definition, table_options, unreflected_part
from .generated_names import MysqlNames
from .lock_wait import BlockingConnections, limited_waits
from .run_lock import NamedLock

_UNREADABLE = frozenset({1049, 1142, 1146})
"""Errors of SHOW CREATE TABLE: no such database, no privilege, no such table."""
_KINDS: tuple[tuple[type[Constraint], str], ...] = (
    (ForeignKeyConstraint, "FOREIGN KEY"),
    (UniqueConstraint, "INDEX"),
    (CheckConstraint, "CHECK"),
)


class MySQLImpl(DefaultImpl):
    """MySQL's DDL and its differences."""

    __dialect__ = "mysql"
    widening = "MODIFY {name} VARCHAR({length}) NOT NULL"
    locks_rows = True
    has_journal = True
    type_synonyms = synonyms_of("mysql")
    folds_column_names = True
    system_schemas = ("information_schema", "mysql", "performance_schema", "sys")

    def sees_all_schemas(self) -> bool:
        """Return whether this user may create databases; other users see only those for which they have a privilege."""
        granted = "SELECT count(*) FROM information_schema.USER_PRIVILEGES WHERE PRIVILEGE_TYPE = 'CREATE'"
        return self.connection is None or bool(self.connection.exec_driver_sql(granted).scalar())

    def change_column(self, change: ColumnChange) -> None:
        """Change the given properties of a column.

        ALTER COLUMN ... SET DEFAULT and RENAME COLUMN change one property. For all others there is only MODIFY and
        CHANGE, which replace the whole definition: a property that is not repeated is dropped
        (https://dev.mysql.com/doc/refman/8.4/en/alter-table.html#alter-table-redefine-column). Online, properties that
        neither the change nor ``existing_*`` has are read from SHOW CREATE TABLE and repeated. Offline they are lost,
        and a type is required.
        """
        _refuse_generated(change)
        stored = None if self.as_sql or self.connection is None else self._stored_column(self.connection, change)
        if not (_needs_whole_definition(change) or _loses_on_update(change, stored)):
            if change.server_default is not False:
                self.execute(ColumnDefault(*change.place, change.server_default, **change.known))
            if change.name is not None:
                self.execute(ColumnName(*change.place, change.name, **change.known))
            return
        if change.type_ is None and change.existing_type is None and stored is None:
            raise UnsupportedOperation(
                f"MySQL needs the whole definition of {'.'.join(change.place)} to alter it, and its type is not known. "
                "Pass existing_type= (and existing_nullable=, existing_server_default=, existing_comment=, "
                "which would be lost otherwise)."
            )
        self.execute(MySQLChangeColumn.of(change, stored))

    def _stored_column(self, connection: Connection, change: ColumnChange) -> ColumnDefinition | None:
        """Return the existing column; None where it does not exist or may not be read, which the statement will report.

        Any other error is raised: a limit for locks or a lost connection says nothing of the column.
        """
        try:
            quote = self.checking_dialect.identifier_preparer
            sql = column_text(connection, quote, change.table_name, change.schema, change.column_name)
        except DBAPIError as error:
            arguments = getattr(error.orig, "args", ())
            if not arguments or arguments[0] not in _UNREADABLE:
                raise
            return None
        return None if sql is None else parse_column(sql)

    def run_lock(
        self, connection: Connection, table: Table, *, borrowed: bool, looks_for: tuple[str, ...] = ()
    ) -> NamedLock:
        return NamedLock(connection, table, self.translated(table.schema), borrowed=borrowed)

    def lock_waits(self, connection: Connection) -> BlockingConnections | None:
        readable = connection.dialect.driver in ("pymysql", "mysqldb")
        return BlockingConnections(connection) if readable else None

    def limited_lock_waits(self, connection: Connection, seconds: float) -> AbstractContextManager[None]:
        return limited_waits(connection, seconds)

    def cancelling(self, connection: Connection) -> AbstractContextManager[Cancelling | None]:
        """Send KILL QUERY on a second connection; mysqlclient waits in C, the others let Python handle signals."""
        driver = connection.dialect.driver
        if driver not in ("pymysql", "mysqldb", "aiomysql", "asyncmy"):
            return nullcontext()

        raw: Any = connection.connection.driver_connection
        # mysqlclient does not tell the number in another thread while the connection is in use.
        kill = by_statement(connection, f"KILL QUERY {int(raw.thread_id())}")
        return nullcontext(Cancelling(kill, blocks_signals=driver == "mysqldb"))

    def generated_names(self, connection: Connection | None) -> MysqlNames:
        return MysqlNames(connection, self.dialect)

    def create_index(self, index: Index, **kw: Any) -> None:
        """Create an index; UnsupportedOperation for a prefix of a column in descending order."""
        _refuse_descending_prefix(index)
        super().create_index(index, **kw)

    def drop_constraint(self, const: Constraint, **kw: Any) -> None:
        """Drop a constraint; its kind must be known, and a primary key needs no name.

        An unnamed CHECK of a type is not dropped, as in Alembic: only the server knows its generated name.
        """
        if is_type_bound(const) and not isinstance(const.name, str):
            return
        if not isinstance(const, (PrimaryKeyConstraint, *(kind for kind, _ in _KINDS))):
            raise UnsupportedOperation(
                f"MySQL has a DROP for each kind of constraint, and that of {const.name} of "
                f"{const.table.name} is not known. Pass type_='foreignkey', 'primary', 'unique' or 'check'."
            )
        if isinstance(const, PrimaryKeyConstraint):
            self.execute(schema.DropConstraint(const))
        elif kw.get("if_exists"):
            self.execute(self._drop_if_exists(const))
        else:
            super().drop_constraint(const, **kw)

    def _drop_if_exists(self, constraint: Constraint) -> DropConstraintIfExists:
        if not getattr(self.dialect, "is_mariadb", False):
            raise UnsupportedOperation(
                f"MySQL has no IF EXISTS for a constraint ({constraint.name} of {constraint.table.name}); MariaDB has. "
                "Leave it out."
            )
        return DropConstraintIfExists(constraint)

    # Move and copy

    def table_definition(self, connection: Connection, table_name: str, schema: str | None) -> TableDefinition:
        """Return the definition by SHOW CREATE TABLE."""
        return table_definition(connection, self.checking_dialect.identifier_preparer, table_name, schema)

    def offline_definition(self) -> TableDefinition:
        """Return a definition with the primary key in CREATE TABLE, because AUTO_INCREMENT requires a key."""
        return TableDefinition(inline=frozenset({"PRIMARY KEY"}))

    def table_options(self, definition: TableDefinition) -> dict[str, Any]:
        """Return the next value of AUTO_INCREMENT; the other options are reflected."""
        return table_options(definition)

    def unreflected_part(self, column_text: str) -> str | None:
        """Return a part that SQLAlchemy does not reflect: INVISIBLE, a CHECK of the column and so on."""
        return unreflected_part(column_text)


class MariaDBImpl(MySQLImpl):
    """MariaDB's DDL, for a URL that names MariaDB; a URL with MySQL gets `MySQLImpl` for MariaDB too."""

    __dialect__ = "mariadb"


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
            type_=change.type_ if stored is not None else _first(change.type_, change.existing_type),
            nullable=_first(
                change.nullable, change.existing_nullable, None if stored is None else stored.nullable, True
            ),
            default=False if change.server_default is False and default is None else default,
            autoincrement=_first(change.autoincrement, change.existing_autoincrement),
            comment=comment if is_known else False,
            stored=_without_on_update(stored) if stored is not None and _states_on_update(change) else stored,
        )


def _states_on_update(change: ColumnChange) -> bool:
    """Return whether the new or the given old default mentions ON UPDATE: the new one is then complete."""
    return _on_update(change.server_default) or _on_update(change.existing_server_default)


def _loses_on_update(change: ColumnChange, stored: ColumnDefinition | None) -> bool:
    """Return whether SET DEFAULT would remove ON UPDATE, which the change does not mention."""
    return change.server_default is not False and stored is not None and stored.on_update is not None


def _without_on_update(stored: ColumnDefinition) -> ColumnDefinition:
    return replace(stored, on_update=None)


class DropConstraintIfExists(schema.DDLElement):
    """``DROP FOREIGN KEY|INDEX|CONSTRAINT IF EXISTS`` of MariaDB."""

    inherit_cache = False

    def __init__(self, constraint: Constraint) -> None:
        self.constraint = constraint


def _first(*values: Any) -> Any:
    """Return the first value that is not None."""
    return next((each for each in values if each is not None), None)


def _needs_whole_definition(change: ColumnChange) -> bool:
    """Return whether a change needs MODIFY or CHANGE."""
    if change.name is not None and change.existing_type is not None:
        return True
    asked = (change.nullable, change.type_, change.autoincrement)
    changes_on_update = change.server_default is not False and _states_on_update(change)
    return _first(*asked) is not None or change.comment is not False or changes_on_update


def _refuse_generated(change: ColumnChange) -> None:
    """Raise UnsupportedOperation for a change from or to a generated column; one that stays generated is repeated."""
    if change.server_default is not False and change.generated(Computed, Identity):
        what = "computed" if change.generated(Computed) else "an identity"
        raise UnsupportedOperation(
            f"MySQL cannot alter {'.'.join(change.place)} to be {what}, nor to stop being so. Drop it and add it again."
        )


def _refuse_descending_prefix(index: Index) -> None:
    """Raise UnsupportedOperation where SQLAlchemy's compiler has no text: it looks for the name of ``a DESC``."""
    lengths = [index.dialect_options[name]["length"] for name in ("mysql", "mariadb") if name in index.dialect_options]
    has_name = all(hasattr(expression, "name") for expression in index.expressions)
    if not has_name and any(isinstance(length, dict) for length in lengths):
        table = "" if index.table is None else f" of {index.table.name}"
        raise UnsupportedOperation(
            f"Index {index.name}{table} has the prefix of a column (mysql_length) and an expression or a descending "
            "order. SQLAlchemy cannot write both. Run CREATE INDEX with op.execute()."
        )


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
    kind = next(word for cls, word in _KINDS if isinstance(constraint, cls))
    table = format_table_name(compiler, constraint.table.name, constraint.table.schema)
    name = compiler.preparer.format_constraint(constraint)
    return f"ALTER TABLE {table} DROP {'CONSTRAINT' if kind == 'CHECK' else kind} IF EXISTS {name}"
