"""The rules of SQLite: it stores the text of CREATE statements, and many facts only there."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy.engine import Connection, Inspector
from sqlalchemy.exc import CompileError
from sqlalchemy.schema import CreateTable, Index, Table

from ....ddl.sqlite.equivalence import are_equivalent
from ....ddl.sqlite.identifiers import in_schema
from ....util.sqla_compat import AnyType
from ..catalog import Catalog, ColumnInfo, TableInfo
from ..inspected.rules import InspectedRules
from ..rules import IsIncluded
from ..signature import ForeignKeySignature
from .catalog import read_sqlite
from .indexes import index_from_sql, is_created_by


class SqliteRules(InspectedRules):
    """The rules of SQLite."""

    has_index_options = True
    keeps_type_bounds = True

    def read_catalog(
        self,
        connection: Connection,
        inspector: Callable[[], Inspector],
        schemas: Sequence[str | None],
        is_included: IsIncluded,
    ) -> Catalog:
        if (self.dialect.server_version_info or ()) < (3, 26):
            return super().read_catalog(connection, inspector, schemas, is_included)
        return read_sqlite(connection, schemas, is_included)

    def comparable(self, key: ForeignKeySignature) -> ForeignKeySignature:
        return key

    def is_index_of(self, index: Index, sql: str) -> bool:
        return is_created_by(index, sql, self.dialect)

    def index_from(self, name: str, sql: str, table: Table) -> Index:
        return index_from_sql(name, sql, table)

    def complete_type(self, info: TableInfo, column: ColumnInfo) -> AnyType:
        """Add the collation, which SQLite has of the column and not of its type."""
        type_ = super().complete_type(info, column)
        if column.collation is not None and getattr(type_, "collation", "") is None:
            type_ = type_.copy()
            type_.collation = column.collation  # type: ignore[attr-defined]
        return type_

    def create_table_sql(self, connection: Connection, info: TableInfo, table: Table | None) -> str | None:
        if info.sql is None:
            return None
        try:
            created = "" if table is None else str(CreateTable(table).compile(dialect=self.dialect))
        except CompileError:  # a virtual table, whose columns have no types
            created = ""
        return None if are_equivalent(info.sql, created) else in_schema(info.sql, info.key[0])

    def create_index_sql(self, info: TableInfo, index: Index) -> str | None:
        if str(index.name) in info.unreadable:
            return in_schema(str(info.unreadable[str(index.name)]), info.key[0])
        sql = next((item.sql for item in info.indexes if item.name == index.name), None)
        return None if sql is None or self.is_index_of(index, sql) else in_schema(sql, info.key[0])
