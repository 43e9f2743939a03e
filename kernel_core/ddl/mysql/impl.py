"""MySQL and MariaDB: MODIFY repeats the whole column, each kind of constraint has its own DROP, comments are inline.

https://dev.mysql.com/doc/refman/8.4/en/alter-table.html, https://mariadb.com/kb/en/alter-table/
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from sqlalchemy import PrimaryKeyConstraint, Table, schema
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import Computed, Constraint, Identity, Index

from ...operations.ddl_formatting import CannotCompile
from ...operations.kinds.column import ColumnDefault, ColumnName
from ...util.exc import UnsupportedOperation
from ...util.sqla_compat import is_type_bound
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
from .statements import KINDS, DropConstraintIfExists, MySQLChangeColumn, first, states_on_update

_UNREADABLE = frozenset({1049, 1142, 1146})
"""Errors of SHOW CREATE TABLE: no such database, no privilege, no such table."""


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
        _refuse_descending_prefix(index, self.dialect.name)
        super().create_index(index, **kw)

    def drop_constraint(self, const: Constraint, **kw: Any) -> None:
        """Drop a constraint; its kind must be known, and a primary key needs no name.

        An unnamed CHECK of a type is not dropped, as in Alembic: only the server knows its generated name.
        """
        if is_type_bound(const) and not isinstance(const.name, str):
            return
        if not isinstance(const, (PrimaryKeyConstraint, *(kind for kind, _ in KINDS))):
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


def _loses_on_update(change: ColumnChange, stored: ColumnDefinition | None) -> bool:
    """Return whether SET DEFAULT would remove ON UPDATE, which the change does not mention."""
    return change.server_default is not False and stored is not None and stored.on_update is not None


def _needs_whole_definition(change: ColumnChange) -> bool:
    """Return whether a change needs MODIFY or CHANGE."""
    if change.name is not None and change.existing_type is not None:
        return True
    asked = (change.nullable, change.type_, change.autoincrement)
    changes_on_update = change.server_default is not False and states_on_update(change)
    return first(*asked) is not None or change.comment is not False or changes_on_update


def _refuse_generated(change: ColumnChange) -> None:
    """Raise CannotCompile for a change from or to a generated column; one that stays generated is repeated."""
    if change.server_default is not False and change.generated(Computed, Identity):
        what = "computed" if change.generated(Computed) else "an identity"
        raise CannotCompile(
            f"MySQL cannot alter {'.'.join(change.place)} to be {what}, nor to stop being so. Drop it and add it again."
        )


def _refuse_descending_prefix(index: Index, dialect_name: str) -> None:
    """Raise UnsupportedOperation where SQLAlchemy's compiler has no text: it looks for the name of ``a DESC``.

    The options of the other one of MySQL and MariaDB are not read.
    """
    length = index.dialect_options[dialect_name]["length"] if dialect_name in index.dialect_options else None
    has_name = all(hasattr(expression, "name") for expression in index.expressions)
    if not has_name and isinstance(length, dict):
        table = "" if index.table is None else f" of {index.table.name}"
        raise UnsupportedOperation(
            f"Index {index.name}{table} has the prefix of a column ({dialect_name}_length) and an expression or a "
            "descending order. SQLAlchemy cannot write both. Run CREATE INDEX with op.execute()."
        )
