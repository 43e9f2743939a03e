"""MariaDB: three questions to its information schema about all tables of all schemas.

https://mariadb.com/kb/en/information-schema-tables/. MySQL spells defaults and checks otherwise there, and is read
by the Inspector.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.engine import Connection
from sqlalchemy.types import Integer

from ....util.sqla_compat import MySQLTypes
from ..catalog import Catalog, Key, TableInfo

Wanted = Callable[[Key], bool]

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
_NOTHING_SAID = ("RESTRICT", "NO ACTION")  # MariaDB takes both for what goes without saying


def read_mariadb(connection: Connection, schemas: Sequence[str | None], wanted: Wanted) -> Catalog:
    """Return the tables of some schemas; None is the current database."""
    reading = _Reading(connection, schemas, wanted)
    if schemas:
        reading.read()
    return reading.catalog


class _Reading:
    """Rows of the three answers on their way to values."""

    def __init__(self, connection: Connection, schemas: Sequence[str | None], wanted: Wanted) -> None:
        self._connection, self._wanted = connection, wanted
        self._default = str(connection.dialect.default_schema_name)
        self._schemas = [schema or self._default for schema in schemas]
        self._prefix = connection.dialect.name
        self._types = MySQLTypes(connection.dialect)
        self._collations: dict[Key, str | None] = {}
        self._actions: dict[tuple[Key, str], dict[str, str]] = {}
        self.catalog = Catalog(self._default)

    def read(self) -> None:
        """Ask, and fill the catalog."""
        rows = list(self._ask(_TABLES))
        for what, schema, name, *row in rows:
            if what == "table":
                self._table(self._key(schema, name), row)
        self._note_rights(rows)
        for what, schema, name, *row in rows:
            if what not in ("table", "single", "whole"):
                self._note(what, self._key(schema, name), row)
        for schema, name, *row in self._ask(_COLUMNS):
            key = self._key(schema, name)
            if key in self.catalog.tables:
                self.catalog.tables[key].columns[str(row[0])] = self._column(self._collations[key], row)
        self._key_rows()

    def _ask(self, query: str) -> Iterable[Any]:
        """One schema is compared with ``=``, so that the server looks into no other (it does not for IN)."""
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

    def _note_rights(self, rows: Sequence[Any]) -> None:
        """Note schemas of which this user may see single tables or columns alone; what a role may is not known."""
        whole = [_LIKE.sub(_as_pattern, schema) for what, schema, *_ in rows if what == "whole"]
        for what, schema, *_ in rows:
            if what == "single" and not any(re.fullmatch(pattern, schema) for pattern in whole):
                self.catalog.partly_seen.add(None if schema == self._default else schema)

    def _table(self, key: Key, row: Sequence[Any]) -> None:
        kind, engine, collation, charset, options, comment = row
        if kind not in ("BASE TABLE", "SYSTEM VERSIONED"):
            self.catalog.views[key] = str(kind).lower()
            return
        if not self._wanted(key):
            return
        info = TableInfo(key, {}, {"constrained_columns": [], "name": None}, comment=comment or None)
        said = {"engine": engine, "default charset": charset, "collate": collation, "comment": comment}
        said |= dict(option.split("=", 1) for option in str(options or "").split() if "=" in option)
        info.options = {f"{self._prefix}_{name}": value for name, value in said.items() if value}
        self._collations[key] = collation
        self.catalog.tables[key] = info

    def _note(self, what: str, key: Key, row: Sequence[Any]) -> None:
        info = self.catalog.tables.get(key)
        if info is None:
            return
        name, one, two = row[:3]
        if what == "actions":
            words = {"onupdate": one, "ondelete": two}
            self._actions[key, name] = {option: word for option, word in words.items() if word not in _NOTHING_SAID}
        elif one == "Column":
            info.checks.append({"name": None, "sqltext": two, "column": name})
        else:
            info.checks.append({"name": name, "sqltext": two})

    def _column(self, table_collation: str | None, row: Sequence[Any]) -> dict[str, Any]:
        name, type_text, charset, collation, nullable, default, extra, generated, comment = row
        if collation is not None and collation != table_collation:
            type_text = f"{type_text} CHARACTER SET {charset} COLLATE {collation}"
        type_ = self._types.type(type_text, name)
        column = {
            "name": name,
            "type": type_,
            "nullable": nullable == "YES",
            "default": _default(default, extra) if generated is None else None,
            "comment": comment or None,
        }
        if isinstance(type_, Integer):
            column["autoincrement"] = "auto_increment" in extra
        if _UNREFLECTED.search(f"{extra} {type_text}"):
            column["unreflected"] = True
        if generated is not None:
            column["computed"] = {"sqltext": f"({generated})", "persisted": "STORED" in extra or "PERSISTENT" in extra}
        return column

    def _key_rows(self) -> None:
        groups: dict[tuple[str, Key, str], list[Sequence[Any]]] = {}
        for kind, schema, table, name, _, *row in self._ask(_KEYS):
            groups.setdefault((kind, self._key(schema, table), name), []).append(row)
        for (kind, key, name), rows in groups.items():
            info = self.catalog.tables.get(key)
            if info is None:
                continue
            columns = [str(row[0]) for row in rows]
            if kind == "key":
                info.foreign_keys.append(self._foreign_key(info, name, columns, rows))
            elif name == "PRIMARY":
                info.primary_key = {"constrained_columns": columns, "name": None}
            else:
                self._index(info, name, columns, rows)

    def _index(self, info: TableInfo, name: str, columns: list[str], rows: list[Sequence[Any]]) -> None:
        unique, kind = not rows[0][1], rows[0][2]
        index: dict[str, Any] = {"name": name, "column_names": columns, "unique": unique}
        options: dict[str, Any] = {}
        lengths = {row[0]: int(row[4]) for row in rows if row[4] is not None}
        if lengths and kind != "SPATIAL":
            options[f"{self._prefix}_length"] = lengths
        if kind in ("FULLTEXT", "SPATIAL"):
            options[f"{self._prefix}_prefix"] = kind
        if info.options.get(f"{self._prefix}_engine") == "MEMORY":  # the one that goes without saying is not BTREE
            options[f"{self._prefix}_using"] = str(kind).lower()
        if options:
            index["dialect_options"] = options
        descending = {str(row[0]): ("desc",) for row in rows if row[3] == "D"}
        if descending:
            index["column_sorting"] = descending
        info.indexes.append(index)
        if unique:
            info.uniques.append({"name": name, "column_names": columns, "duplicates_index": name})

    def _foreign_key(self, info: TableInfo, name: str, columns: list[str], rows: list[Sequence[Any]]) -> dict[str, Any]:
        schema, table = self._key(rows[0][2], rows[0][3])
        return {
            "name": name,
            "constrained_columns": columns,
            "referred_schema": schema,
            "referred_table": table,
            "referred_columns": [row[4] for row in rows],
            "options": self._actions.get((info.key, name), {}),
        }


_LIKE = re.compile(r"\\.|.", re.DOTALL)


def _as_pattern(sign: re.Match[str]) -> str:
    """Return the regular expression for a sign of a GRANT's pattern: ``%``, ``_``, a backslash before either."""
    return {"%": ".*", "_": "."}.get(sign[0]) or re.escape(sign[0][-1])


def _default(default: str | None, extra: str) -> str | None:
    """Return a default as SHOW CREATE TABLE has it: NULL is none, and ON UPDATE stands behind."""
    if default is None or default == "NULL":
        return None
    place = extra.lower().find("on update")
    return default if place < 0 else f"{default} ON UPDATE {extra[place + len('on update ') :]}"
