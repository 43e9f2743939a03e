"""The rules of MariaDB and MySQL.

The Inspector reads MySQL, whose information schema has other spellings of defaults and checks.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from sqlalchemy.engine import Connection, Inspector
from sqlalchemy.schema import Table

from ....ddl.mysql.definition import column_text, unusual_definition
from ....operations.kinds.column import DropColumnOp
from ....operations.kinds.constraint import CreatePrimaryKeyOp, DropConstraintOp
from ....operations.kinds.execute_sql import ExecuteSQLOp
from ....operations.operation import MigrateOperation
from ....util.sql import normal_sql, without_parameters
from ....util.sqla_compat import AnyType, quoted_table
from ..catalog import Catalog, CheckInfo, ColumnInfo, Key, SequenceOptions, TableInfo
from ..expression import Expression
from ..inspected.rules import InspectedRules
from ..rules import IndexOptionsDiffer, IsIncluded, Warn
from ..signature import ForeignKeySignature
from .catalog import read_mariadb
from .corrections import correct
from .index_options import IndexOptions
from .sequences import read_sequences
from .stored_expressions import stored_expressions


class MariadbRules(InspectedRules):
    """The rules of MariaDB and MySQL."""

    has_table_options = True
    has_index_options = True
    stores_uniques_as_indexes = True
    creates_foreign_key_indexes = True
    stores_whole_tables = True
    alters_whole_columns = True
    respells_expressions = True

    @property
    def _is_mariadb(self) -> bool:
        return bool(getattr(self.dialect, "is_mariadb", False))

    def read_catalog(
        self,
        connection: Connection,
        inspector: Callable[[], Inspector],
        schemas: Sequence[str | None],
        is_included: IsIncluded,
    ) -> Catalog:
        if not self._is_mariadb or (self.dialect.server_version_info or ()) < (10, 5, 10):
            return super().read_catalog(connection, inspector, schemas, is_included)
        return read_mariadb(connection, schemas, is_included)

    def read_sequences(
        self, connection: Connection, inspector: Inspector, schemas: Collection[str | None]
    ) -> dict[Key, SequenceOptions]:
        if not self._is_mariadb:
            return super().read_sequences(connection, inspector, schemas)
        return read_sequences(connection, schemas)

    def correct(self, tables: Mapping[Key, TableInfo], models: Iterable[Table]) -> None:
        correct(tables, models, self.dialect)

    def stored_expressions(
        self, connection: Connection, expressions: Sequence[Expression], warn: Warn | None
    ) -> Mapping[Expression, str | None]:
        return stored_expressions(connection, expressions, warn)

    def index_options_comparison(self, connection: Connection) -> IndexOptionsDiffer:
        return IndexOptions(self.dialect.name).differ

    def comparable(self, key: ForeignKeySignature) -> ForeignKeySignature:
        """Leave out RESTRICT, a synonym of NO ACTION, and when the key is checked, which cannot be chosen."""
        actions = ("" if action == "RESTRICT" else action for action in (key.onupdate, key.ondelete))
        onupdate, ondelete = actions
        return key._replace(onupdate=onupdate, ondelete=ondelete, deferrable=False, initially="")

    def complete_type(self, info: TableInfo, column: ColumnInfo) -> AnyType:
        """Return JSON for what MariaDB stores as text with a CHECK."""
        if not any(_is_of_json(check) for check in info.checks if check.column == column.name):
            return super().complete_type(info, column)
        from sqlalchemy.dialects import mysql  # noqa: PLC0415 - only imported where it is in use

        return mysql.JSON()

    def create_table_sql(self, connection: Connection, info: TableInfo, table: Table | None) -> str | None:
        """Return the CREATE TABLE with system versioning, partitions, periods, or an index that no operation states."""
        schema, name = info.key
        keys = {str(each.name) for each in info.foreign_keys}
        return unusual_definition(connection, self.dialect.identifier_preparer, name, schema, keys)

    def completing_statements(self, connection: Connection, info: TableInfo, table: Table) -> Iterator[str]:
        for column in info.columns.values():
            yield from self.column_statements(connection, info, column)

    def column_statements(self, connection: Connection, info: TableInfo, column: ColumnInfo) -> Sequence[str]:
        """Return the MODIFY that states all of a column: its CHECK, INVISIBLE and the like."""
        name = column.name
        own = [check for check in info.checks if check.column == name and not _is_of_json(check)]
        if not own and not column.unreflected:
            return ()
        return (self._modify(connection, info.key, str(name)),)

    def _modify(self, connection: Connection, key: Key, column: str) -> str:
        preparer = self.dialect.identifier_preparer
        definition = column_text(connection, preparer, key[1], key[0], column)
        return f"ALTER TABLE {quoted_table(*key, self.dialect)} MODIFY {definition}"

    def recreate_key(
        self,
        connection: Connection,
        creation: CreatePrimaryKeyOp,
        drops: Sequence[DropColumnOp],
        columns: Sequence[str],
    ) -> Iterator[MigrateOperation]:
        """Drop the rest of the key first; a column becomes AUTO_INCREMENT after it is a part of the key."""
        schema, table = creation.schema, creation.table_name
        if set(columns) - {str(each.column_name) for each in drops}:
            yield DropConstraintOp("PRIMARY", table, "primary", schema=schema, _reverse=creation)
        yield creation
        for each in drops:
            if each.to_column().autoincrement is True:
                statement = self._modify(connection, (schema, table), str(each.column_name))
                yield ExecuteSQLOp(without_parameters(statement)).changed(outside_batch=True)


def _is_of_json(check: CheckInfo) -> bool:
    """Return whether a CHECK of a column is the one of a JSON column."""
    return normal_sql(str(check.sqltext), "mysql") == normal_sql(f"json_valid(`{check.column}`)", "mysql")
