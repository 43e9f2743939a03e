"""Read SQLite: three queries of pragmas for all schemas; the stored SQL has what the pragmas leave out.

https://sqlite.org/pragma.html#pragfunc, https://sqlite.org/schematab.html
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence

from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.exc import DBAPIError

from ....util.sql import grammar_of, string_literal
from ....util.sqla_compat import AnyType, sqlite_type
from ..catalog import Catalog, ColumnInfo, ForeignKeyInfo, IndexInfo, Key, PrimaryKeyInfo, Row, TableInfo, UniqueInfo
from ..create_index import index_text, index_where
from .create_table import TableFacts, table_facts

IsIncluded = Callable[[Key], bool]
IndexRow = tuple[int, str | None, int]
"""Number, name and direction of a column of an index: -2 and None for an expression; 1 is descending."""

_COLUMNS = """
SELECT {schema}, {kind}, m.name, m.tbl_name, CASE WHEN x.cid IS NULL OR x.cid = 0 THEN m.sql END,
       x.name, x.type, x."notnull", x.dflt_value, x.pk, x.hidden
FROM {master} m LEFT JOIN pragma_table_xinfo(CASE WHEN m.type = 'table'{present} THEN m.name END, {schema}) x
WHERE m.type <> 'trigger' AND m.name NOT LIKE 'sqlite~_%' ESCAPE '~'"""
_SHADOWS = "(SELECT name FROM pragma_table_list WHERE schema = {schema} AND type = 'shadow')"
_VIRTUAL = "SELECT name FROM {master} WHERE type = 'table' AND sql LIKE 'CREATE VIRTUAL TABLE%'"
_XINFO = "SELECT 1 FROM pragma_table_xinfo({table}, {schema})"
_INDEXES = """
SELECT {schema}, m.name, l.name, l."unique", l.origin, x.cid, x.name, x."desc"
FROM {master} m JOIN pragma_index_list(m.name, {schema}) l JOIN pragma_index_xinfo(l.name, {schema}) x
WHERE m.type = 'table' AND l.origin <> 'pk' AND x.key"""
_FOREIGN_KEYS = """
SELECT {schema}, m.name, k.id, k."table", k."from", k."to", k.on_update, k.on_delete
FROM {master} m JOIN pragma_foreign_key_list(m.name, {schema}) k
WHERE m.type = 'table'"""


def read_sqlite(connection: Connection, schemas: Sequence[str | None], is_included: IsIncluded) -> Catalog:
    """Return the tables of some schemas; None is ``main``."""
    catalog = Catalog("main")
    reading = _Reading(catalog, connection.dialect, is_included)
    if schemas:
        reading.columns(_column_rows(connection, schemas, reading.exclude))
        reading.indexes(_rows(connection, _INDEXES, schemas))
        reading.foreign_keys(_rows(connection, _FOREIGN_KEYS, schemas))
    return catalog


def _column_rows(
    connection: Connection, schemas: Sequence[str | None], exclude: Callable[[Key, str], None]
) -> Sequence[Row]:
    """Read the columns; SQLite refuses if the module of a virtual table is missing, which is then excluded by name."""
    try:
        return _rows(connection, _COLUMNS, schemas, present="")
    except _errors(connection) as error:
        if "no such module" not in str(error):
            raise
    rows: list[Row] = []
    for schema in schemas:
        missing = _without_module(connection, schema)
        for name, message in missing.items():
            exclude(_key(schema or "main", name), message)
        present = f" AND m.name NOT IN ({', '.join(map(_literal, missing))})"
        rows += _rows(connection, _COLUMNS, [schema], present=present)
    return rows


def _without_module(connection: Connection, schema: str | None) -> dict[str, str]:
    """Return the virtual tables whose columns SQLite cannot read, with its error messages."""
    missing: dict[str, str] = {}
    for (name,) in _rows(connection, _VIRTUAL, [schema]):
        try:
            _rows(connection, _XINFO, [schema], table=_literal(name))
        except _errors(connection) as error:
            missing[name] = str(getattr(error, "orig", error))
    return missing


def _errors(connection: Connection) -> tuple[type[Exception], ...]:
    """Return the errors of a query: the driver's own while rows are fetched, SQLAlchemy's while it is executed."""
    return DBAPIError, connection.dialect.loaded_dbapi.Error


def _literal(text: str) -> str:
    return string_literal(text, grammar_of("sqlite"))


def _rows(connection: Connection, query: str, schemas: Sequence[str | None], **words: str) -> Sequence[Row]:
    """Run a query for all schemas in one statement."""
    quote = connection.dialect.identifier_preparer.quote_identifier
    parts = []
    for schema in schemas:
        place = schema or "main"
        words["kind"] = _kind(connection, _literal(place))
        parts.append(query.format(schema=_literal(place), master=f"{quote(place)}.sqlite_master", **words))
    # The driver returns plain tuples, and takes no percent or colon in a schema's name for a parameter.
    rows: Sequence[Row] = connection.exec_driver_sql(" UNION ALL ".join(parts)).cursor.fetchall()
    return rows


def _unique(name: str | None, columns: list[str], conflict: str | None) -> UniqueInfo:
    options = {} if conflict is None else {"sqlite_on_conflict": conflict}
    return UniqueInfo(name=name, column_names=columns, dialect_options=options)


def _kind(connection: Connection, schema: str) -> str:
    """Return SQL for the kind of a row of sqlite_master; SQLite 3.37 and later have those of shadow tables."""
    if (connection.dialect.server_version_info or ()) < (3, 37):
        return "m.type"
    return f"CASE WHEN m.name IN {_SHADOWS.format(schema=schema)} THEN 'shadow table' ELSE m.type END"


class _Reading:
    """Builds a catalog from the rows of the three queries."""

    def __init__(self, catalog: Catalog, dialect: Dialect, is_included: IsIncluded) -> None:
        self._catalog, self._dialect, self._is_included = catalog, dialect, is_included
        self._types: dict[str, AnyType] = {}
        self._index_sql: dict[tuple[str, str], str] = {}
        self._facts: dict[Key, TableFacts] = {}

    def exclude(self, key: Key, error: str) -> None:
        """Exclude a virtual table that cannot be read, and warn unless a hook excludes it as well."""
        self._catalog.views[key] = "virtual table"
        if self._is_included(key):
            warnings.warn(
                f'The virtual table "{key[1]}" is left out of the comparison, SQLite cannot read it: {error}. '
                "Load the extension that has the module into the connection, or leave the table out with include_name.",
                stacklevel=2,
            )

    def columns(self, rows: Iterable[Row]) -> None:
        """Add tables and their columns, and keep the SQL of indexes."""
        tables = self._catalog.tables
        before: tuple[str, str] | None = None
        info: TableInfo | None = None
        facts: TableFacts | None = None
        for schema, kind, name, _, sql, column, type_text, not_null, default, key_position, hidden in rows:
            if kind == "index":
                self._index_sql[schema, name] = sql
                continue
            if kind != "table":
                self._catalog.views[_key(schema, name)] = kind
                continue
            if (schema, name) != before:  # the columns of a table follow each other
                before, info = (schema, name), self._included_table(_key(schema, name), sql)
                facts = self._facts.get(info.key) if info is not None else None
            if info is not None and column is not None and hidden != 1:
                info.columns[column] = self._column(facts, column, type_text, not_null, default, key_position, hidden)
        for each in tables.values():
            self._set_primary_key(each)

    def _included_table(self, key: Key, sql: str) -> TableInfo | None:
        """Return a table of the catalog, which is added at first; None if it is left out."""
        info = self._catalog.tables.get(key)
        if info is None and key not in self._catalog.views and self._is_included(key):
            info = self._catalog.tables[key] = self._table(key, sql)
        return info

    def _table(self, key: Key, sql: str) -> TableInfo:
        info = TableInfo(key, {}, sql=sql)
        facts = table_facts(sql)
        if facts is not None:
            self._facts[key] = facts
            info.checks, info.options = facts.checks, facts.options
        return info

    def _column(
        self,
        facts: TableFacts | None,
        name: str,
        type_text: str,
        not_null: int,
        default: str | None,
        key_position: int,
        hidden: int,
    ) -> ColumnInfo:
        column = ColumnInfo(
            name=name,
            type=self._type(type_text),
            nullable=not not_null,
            default=default,
            primary_key=key_position,
        )
        if facts is None:
            return column
        if hidden:
            column.computed = {"sqltext": facts.computed.get(name.lower(), ""), "persisted": hidden == 3}
        if facts.collations:
            column.collation = facts.collations.get(name.lower())
        if facts.conflicts:
            column.conflict = facts.conflicts.get(name.lower())
        return column

    def _type(self, text: str) -> AnyType:
        """Return the type of SQLAlchemy for a declared type; one object for each text."""
        found = self._types.get(text)
        if found is None:
            found = self._types[text] = sqlite_type(self._dialect, text)
        return found

    def _set_primary_key(self, info: TableInfo) -> None:
        positions = sorted((item.primary_key, name) for name, item in info.columns.items() if item.primary_key)
        facts = self._facts.get(info.key)
        info.primary_key = PrimaryKeyInfo(
            constrained_columns=[name for _, name in positions],
            name=facts.primary_key_name if facts is not None else None,
        )

    def indexes(self, rows: Iterable[Row]) -> None:
        """Add indexes and unique constraints."""
        found: dict[tuple[str, str, str], tuple[int, str, list[IndexRow]]] = {}
        for schema, table, name, unique, origin, column_number, column, descending in rows:
            entry = found.setdefault((schema, table, name), (unique, origin, []))
            entry[2].append((column_number, column, descending))
        for (schema, table, name), (unique, origin, parts) in found.items():
            info = self._catalog.tables.get(_key(schema, table))
            if info is None:
                continue
            if origin == "u":
                columns = [str(column) for _, column, _ in parts]
                facts = self._facts.get(info.key)
                constraint, conflict = (None, None) if facts is None else facts.pop_unique(columns)
                info.uniques.append(_unique(constraint, columns, conflict))
            elif any(number == -2 for number, _, _ in parts):
                info.unreadable = {**info.unreadable, name: self._index_sql.get((schema, name))}
            else:
                info.indexes.append(self._index(schema, name, unique, parts))
        for key, facts in self._facts.items():
            self._add_merged(self._catalog.tables[key], facts)

    @staticmethod
    def _add_merged(info: TableInfo, facts: TableFacts) -> None:
        """Add the unique constraints that share the index of the primary key."""
        written = {name.lower(): name for name in info.columns}
        for columns, name, conflict in facts.uniques:
            info.uniques.append(_unique(name, [written.get(column, column) for column in columns], conflict))

    def _index(self, schema: str, name: str, unique: int, parts: list[IndexRow]) -> IndexInfo:
        index = IndexInfo(
            name=name,
            column_names=[column for _, column, _ in parts],
            unique=bool(unique),
            column_sorting={str(column): ("desc",) for _, column, descending in parts if descending},
            sql=self._index_sql.get((schema, name)),
        )
        if index.sql is not None and "COLLATE" in index.sql.upper():  # the pragmas have it of each part, stated or not
            index.parts = index_text(index.sql, "sqlite").parts
        where = index_where(index.sql or "", "sqlite")
        if where is not None:
            index.dialect_options["sqlite_where"] = where
        return index

    def foreign_keys(self, rows: Iterable[Row]) -> None:
        """Add foreign keys; one that names no columns refers to the primary key."""
        found: dict[tuple[str, str, int], tuple[str, list[str], list[str | None], str, str]] = {}
        for schema, table, number, referred, column, referred_column, on_update, on_delete in rows:
            entry = found.setdefault((schema, table, number), (referred, [], [], on_update, on_delete))
            entry[1].append(column)
            entry[2].append(referred_column)
        for (schema, table, _), (referred, columns, referred_columns, on_update, on_delete) in found.items():
            key = _key(schema, table)
            info = self._catalog.tables.get(key)
            if info is None:
                continue
            remote = self._referred(key[0], referred, referred_columns)
            if len(remote) != len(columns):
                continue  # to the key of a table that does not exist, or has another one: no model can state it
            facts = self._facts.get(key)
            name, options = (None, {}) if facts is None else facts.pop_foreign_key(columns, referred)
            for option, action in (("onupdate", on_update), ("ondelete", on_delete)):
                if action != "NO ACTION":
                    options[option] = action
            info.foreign_keys.append(
                ForeignKeyInfo(
                    name=name,
                    constrained_columns=columns,
                    referred_schema=key[0],
                    referred_table=referred,
                    referred_columns=remote,
                    options=options,
                )
            )

    def _referred(self, schema: str | None, table: str, columns: list[str | None]) -> list[str]:
        stated = [column for column in columns if column is not None]
        if stated:
            return stated
        target = self._catalog.tables.get((schema, table))
        return [] if target is None else target.key_columns


def _key(schema: str, name: str) -> Key:
    return (None if schema == "main" else schema, name)
