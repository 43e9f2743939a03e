"""Read MariaDB: three queries of its information schema for all tables of all schemas.

https://mariadb.com/kb/en/information-schema-tables/. MySQL has other spellings of defaults and checks there, and is
read by the Inspector.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from sqlalchemy import bindparam, text
from sqlalchemy.engine import Connection
from sqlalchemy.types import Integer

from ....util.sqla_compat import MySQLTypes
from ..catalog import (
    Catalog,
    CheckInfo,
    ColumnInfo,
    ForeignKeyInfo,
    IndexInfo,
    Key,
    PrimaryKeyInfo,
    Row,
    TableInfo,
    UniqueInfo,
)

IsIncluded = Callable[[Key], bool]

_TABLES = """
SELECT 'table', t.TABLE_SCHEMA, t.TABLE_NAME, t.TABLE_TYPE, t.ENGINE, t.TABLE_COLLATION, a.CHARACTER_SET_NAME,
       t.CREATE_OPTIONS, t.TABLE_COMMENT
FROM information_schema.TABLES t
LEFT JOIN information_schema.COLLATION_CHARACTER_SET_APPLICABILITY a {collation}
WHERE t.TABLE_SCHEMA {schemas}
UNION ALL
SELECT 'check', CONSTRAINT_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, LEVEL, CHECK_CLAUSE, NULL, NULL, NULL
FROM information_schema.CHECK_CONSTRAINTS WHERE CONSTRAINT_SCHEMA {schemas}
UNION ALL
SELECT 'actions', CONSTRAINT_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, UPDATE_RULE, DELETE_RULE, NULL, NULL, NULL
FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE CONSTRAINT_SCHEMA {schemas}
UNION ALL
SELECT 'single', TABLE_SCHEMA, TABLE_NAME, NULL, NULL, NULL, NULL, NULL, NULL
FROM information_schema.TABLE_PRIVILEGES WHERE GRANTEE = {me} AND TABLE_SCHEMA {schemas}
UNION ALL
SELECT 'single', TABLE_SCHEMA, TABLE_NAME, NULL, NULL, NULL, NULL, NULL, NULL
FROM information_schema.COLUMN_PRIVILEGES WHERE GRANTEE = {me} AND TABLE_SCHEMA {schemas}
UNION ALL
SELECT 'whole', TABLE_SCHEMA, '', NULL, NULL, NULL, NULL, NULL, NULL
FROM information_schema.SCHEMA_PRIVILEGES WHERE GRANTEE = {me}
UNION ALL
SELECT 'whole', '%', '', NULL, NULL, NULL, NULL, NULL, NULL
FROM information_schema.USER_PRIVILEGES
WHERE GRANTEE = {me} AND PRIVILEGE_TYPE IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE', 'CREATE', 'DROP', 'ALTER', 'INDEX')
UNION ALL
SELECT 'whole', '%', '', NULL, NULL, NULL, NULL, NULL, NULL WHERE CURRENT_ROLE() IS NOT NULL"""
_HOST = "SUBSTRING_INDEX(CURRENT_USER(), '@', -1)"
_USER = f"LEFT(CURRENT_USER(), CHAR_LENGTH(CURRENT_USER()) - CHAR_LENGTH({_HOST}) - 1)"
_ME = f"CONCAT('''', {_USER}, '''@''', {_HOST}, '''')"
_COLUMNS = """
SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, CHARACTER_SET_NAME, COLLATION_NAME, IS_NULLABLE,
       COLUMN_DEFAULT, EXTRA, GENERATION_EXPRESSION, COLUMN_COMMENT
FROM information_schema.COLUMNS WHERE TABLE_SCHEMA {schemas} ORDER BY ORDINAL_POSITION"""
_KEYS = """
SELECT 'index' AS kind, TABLE_SCHEMA, TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX AS place, COLUMN_NAME, NON_UNIQUE,
       INDEX_TYPE, COLLATION, SUB_PART
FROM information_schema.STATISTICS WHERE TABLE_SCHEMA {schemas}
UNION ALL
SELECT 'key', TABLE_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, ORDINAL_POSITION, COLUMN_NAME, 0,
       REFERENCED_TABLE_SCHEMA, REFERENCED_TABLE_NAME, REFERENCED_COLUMN_NAME
FROM information_schema.KEY_COLUMN_USAGE WHERE TABLE_SCHEMA {schemas} AND REFERENCED_TABLE_NAME IS NOT NULL
ORDER BY 2, 3, 4, 5"""

_UNREFLECTED = re.compile(r"\b(?:INVISIBLE|COMPRESSED|WITHOUT SYSTEM VERSIONING)\b", re.IGNORECASE)
_DEFAULT_ACTIONS = ("RESTRICT", "NO ACTION")  # which are the same in MariaDB


def read_mariadb(connection: Connection, schemas: Sequence[str | None], is_included: IsIncluded) -> Catalog:
    """Return the tables of some schemas; None is the current database."""
    reading = _Reading(connection, schemas, is_included)
    if schemas:
        reading.read()
    return reading.catalog


class _Reading:
    """Builds a catalog from the rows of the three queries."""

    def __init__(self, connection: Connection, schemas: Sequence[str | None], is_included: IsIncluded) -> None:
        self._connection, self._is_included = connection, is_included
        self._default = str(connection.dialect.default_schema_name)
        self._schemas = [schema or self._default for schema in schemas]
        self._prefix = connection.dialect.name
        self._types = MySQLTypes(connection.dialect)
        self._collations: dict[Key, str | None] = {}
        self._actions: dict[tuple[Key, str], dict[str, str]] = {}
        self.catalog = Catalog(self._default)

    def read(self) -> None:
        """Run the queries, and fill the catalog."""
        rows = list(self._rows(_TABLES))
        for what, schema, name, *row in rows:
            if what == "table":
                self._table(self._key(schema, name), row)
        self._add_partly_seen(rows)
        for what, schema, name, *row in rows:
            if what not in ("table", "single", "whole"):
                self._add_part(what, self._key(schema, name), row)
        for schema, name, *row in self._rows(_COLUMNS):
            key = self._key(schema, name)
            if key in self.catalog.tables:
                self.catalog.tables[key].columns[str(row[0])] = self._column(self._collations[key], row)
        self._key_rows()

    def _rows(self, query: str) -> Sequence[Row]:
        """Run a query; one schema is compared with ``=``, so that the server opens no other (it opens all for IN)."""
        version = self._connection.dialect.server_version_info or ()
        collation = "FULL_COLLATION_NAME" if version >= (10, 10, 1) else "COLLATION_NAME"
        joined = f"ON a.{collation} = t.TABLE_COLLATION"
        condition = "= :schema" if len(self._schemas) == 1 else "IN :schemas"
        statement = text(query.format(schemas=condition, collation=joined, me=_ME))
        if len(self._schemas) == 1:
            return self._connection.execute(statement, {"schema": self._schemas[0]}).all()
        return self._connection.execute(statement.bindparams(bindparam("schemas", self._schemas, expanding=True))).all()

    def _key(self, schema: str, name: str) -> Key:
        return (None if schema == self._default else schema, name)

    def _add_partly_seen(self, rows: Sequence[Row]) -> None:
        """Add the schemas of which this user has privileges on single tables or columns only; a role may have more."""
        whole = [_LIKE.sub(_as_pattern, schema) for what, schema, *_ in rows if what == "whole"]
        for what, schema, *_ in rows:
            if what == "single" and not any(re.fullmatch(pattern, schema) for pattern in whole):
                self.catalog.partly_seen.add(None if schema == self._default else schema)

    def _table(self, key: Key, row: Row) -> None:
        kind, engine, collation, charset, options, comment = row
        if kind not in ("BASE TABLE", "SYSTEM VERSIONED"):
            self.catalog.views[key] = str(kind).lower()
            return
        if not self._is_included(key):
            return
        info = TableInfo(key, {}, comment=comment or None)
        stated = {"engine": engine, "default charset": charset, "collate": collation, "comment": comment}
        for option, value in re.findall(r"(\S+?)=(\S+)", str(options or "")):  # those of an engine are quoted
            stated[option.strip("`").lower()] = value.strip("'")
        info.options = {f"{self._prefix}_{name}": value for name, value in stated.items() if value}
        self._collations[key] = collation
        self.catalog.tables[key] = info

    def _add_part(self, what: str, key: Key, row: Row) -> None:
        info = self.catalog.tables.get(key)
        if info is None:
            return
        name, one, two = row[:3]
        if what == "actions":
            actions = {"onupdate": one, "ondelete": two}
            self._actions[key, name] = {
                option: action for option, action in actions.items() if action not in _DEFAULT_ACTIONS
            }
        elif one == "Column":
            info.checks.append(CheckInfo(sqltext=two, column=name))
        else:
            info.checks.append(CheckInfo(name=name, sqltext=two))

    def _column(self, table_collation: str | None, row: Row) -> ColumnInfo:
        name, type_text, charset, collation, nullable, default, extra, generated, comment = row
        if collation is not None and collation != table_collation:
            type_text = f"{type_text} CHARACTER SET {charset} COLLATE {collation}"
        type_ = self._types.type(type_text, name)
        column = ColumnInfo(
            name=name,
            type=type_,
            nullable=nullable == "YES",
            default=_default(default, extra) if generated is None else None,
            comment=comment or None,
            unreflected=_UNREFLECTED.search(f"{extra} {type_text}") is not None,
        )
        if isinstance(type_, Integer):
            column.autoincrement = "auto_increment" in extra
        if generated is not None:
            is_stored = "STORED" in extra or "PERSISTENT" in extra
            column.computed = {"sqltext": f"({generated})", "persisted": is_stored}
        return column

    def _key_rows(self) -> None:
        groups: dict[tuple[str, Key, str], list[Row]] = {}
        for kind, schema, table, name, _, *row in self._rows(_KEYS):
            groups.setdefault((kind, self._key(schema, table), name), []).append(row)
        for (kind, key, name), rows in groups.items():
            info = self.catalog.tables.get(key)
            if info is None:
                continue
            columns = [str(row[0]) for row in rows]
            if kind == "key":
                info.foreign_keys.append(self._foreign_key(info, name, columns, rows))
            elif name == "PRIMARY":
                info.primary_key = PrimaryKeyInfo(constrained_columns=columns)
            else:
                self._index(info, name, columns, rows)

    def _index(self, info: TableInfo, name: str, columns: list[str], rows: list[Row]) -> None:
        unique, kind = not rows[0][1], rows[0][2]
        index = IndexInfo(name=name, column_names=[*columns], unique=unique)
        options = index.dialect_options
        lengths = {row[0]: int(row[4]) for row in rows if row[4] is not None}
        if lengths and kind != "SPATIAL":
            options[f"{self._prefix}_length"] = lengths
        if kind in ("FULLTEXT", "SPATIAL"):
            options[f"{self._prefix}_prefix"] = kind
        if info.options.get(f"{self._prefix}_engine") == "MEMORY":  # whose default is not BTREE
            options[f"{self._prefix}_using"] = str(kind).lower()
        index.column_sorting = {str(row[0]): ("desc",) for row in rows if row[3] == "D"}
        info.indexes.append(index)
        if unique:
            info.uniques.append(UniqueInfo(name=name, column_names=columns))

    def _foreign_key(self, info: TableInfo, name: str, columns: list[str], rows: Sequence[Row]) -> ForeignKeyInfo:
        schema, table = self._key(rows[0][2], rows[0][3])
        return ForeignKeyInfo(
            name=name,
            constrained_columns=columns,
            referred_schema=schema,
            referred_table=table,
            referred_columns=[row[4] for row in rows],
            options=self._actions.get((info.key, name), {}),
        )


_LIKE = re.compile(r"\\.|.", re.DOTALL)


def _as_pattern(sign: re.Match[str]) -> str:
    """Return the regular expression for a sign of a GRANT's pattern: ``%``, ``_``, a backslash before either."""
    return {"%": ".*", "_": "."}.get(sign[0]) or re.escape(sign[0][-1])


def _default(default: str | None, extra: str) -> str | None:
    """Return a default as SHOW CREATE TABLE has it: NULL is none, and ON UPDATE follows it."""
    if default is None or default == "NULL":
        return None
    place = extra.lower().find("on update")
    return default if place < 0 else f"{default} ON UPDATE {extra[place + len('on update ') :]}"
