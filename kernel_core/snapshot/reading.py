"""Read a schema: tables by the inspector and the details of each database, then all other objects."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Dialect, Inspector, inspect
from sqlalchemy.engine.interfaces import ReflectedColumn, ReflectedForeignKeyConstraint
from sqlalchemy.exc import CompileError

from . import on_mariadb, on_postgresql, on_sqlite
from .compared import Schema, Snapshot
from .details import Details, shown

_DETAILS: Mapping[str, Callable[[Connection], Details]] = {
    "postgresql": on_postgresql.details_of,
    "mysql": on_mariadb.details_of,
    "mariadb": on_mariadb.details_of,
    "sqlite": on_sqlite.details_of,
}


def snapshot_of(connection: Connection, *, without: Collection[str] = ()) -> Snapshot:
    """Read every schema that is not the database's own; ``without`` are tables to leave out."""
    inspector, details = inspect(connection), _details(connection)
    default = inspector.default_schema_name or ""
    schemas = [name for name in _schemas(connection, inspector) if name != default]
    tables = dict(_tables(inspector, details, None, without))
    objects = dict(_objects(connection, inspector, None))
    for schema in schemas:
        tables |= {f"{schema}.{name}": lines for name, lines in _tables(inspector, details, schema, without)}
        objects |= dict(_objects(connection, inspector, schema))
    objects = {(kind, name): text for (kind, name), text in objects.items() if name not in without}
    return Snapshot(connection.dialect.name, (default or "main", *schemas), tables, objects)


def schema_of(connection: Connection, *, without: Collection[str] = ()) -> Schema:
    """Return the tables of the default schema as lines of text, sorted; ``without`` are tables to leave out."""
    return dict(_tables(inspect(connection), _details(connection), None, without))


def _details(connection: Connection) -> Details:
    read = _DETAILS.get(connection.dialect.name)
    return Details() if read is None else read(connection)


def _schemas(connection: Connection, inspector: Inspector) -> list[str]:
    """Return the schemas except those of PostgreSQL itself; other databases are read in one schema."""
    if connection.dialect.name != "postgresql":
        return []
    return sorted(name for name in inspector.get_schema_names() if name != "information_schema" and name[:3] != "pg_")


def _objects(connection: Connection, inspector: Inspector, schema: str | None) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield ((kind, name), definition) for each object that is not a table."""
    prefix, kind = f"{schema}." if schema else "", connection.dialect.name
    own = f"`{inspector.default_schema_name}`." if kind in ("mysql", "mariadb") else ""
    for name in inspector.get_view_names(schema=schema):
        definition = inspector.get_view_definition(name, schema=schema) or ""
        yield ("view", prefix + name), definition.replace(own, "") if own else definition
    if kind == "sqlite":
        rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name")
        yield from ((("trigger", name), sql) for name, sql in rows)
    elif own:
        for key, text in on_mariadb.objects_of(connection):
            yield key, text.replace(own, "")
    elif kind == "postgresql":
        yield from on_postgresql.objects_of(connection, inspector, schema, prefix)


def _tables(
    inspector: Inspector, details: Details, schema: str | None, without: Collection[str]
) -> list[tuple[str, tuple[str, ...]]]:
    names = {*inspector.get_table_names(schema=schema), *(() if schema else details.also_tables)}
    with warnings.catch_warnings():
        # those of SQLite are read from their SQL, and a type that SQLAlchemy lacks as the database spells it
        warnings.filterwarnings("ignore", "Skipped unsupported reflection of expression-based index")
        warnings.filterwarnings("ignore", "Did not recognize type")
        warnings.filterwarnings("ignore", "Unknown schema content")  # an index of MariaDB that is IGNORED
        several = _Several(inspector, schema)
        return [(name, _reflected(several, details, name, schema)) for name in sorted(names - {*without})]


class _Several:
    """Reads the parts of all tables of a schema at once: PostgreSQL needs one query for it, not one for each table.

    A table that the inspector does not list is read by itself.
    """

    def __init__(self, inspector: Inspector, schema: str | None) -> None:
        self.inspector, self._schema = inspector, schema
        self._read: dict[str, Any] = {}

    def __call__(self, part: str, name: str) -> Any:
        """Return one part of a table: ``columns``, ``pk_constraint``, ``indexes``, ..."""
        if part not in self._read:
            self._read[part] = getattr(self.inspector, f"get_multi_{part}")(schema=self._schema)
        found = self._read[part].get((self._schema, name))
        return getattr(self.inspector, f"get_{part}")(name, schema=self._schema) if found is None else found


def _reflected(read: _Several, details: Details, name: str, schema: str | None) -> tuple[str, ...]:
    """Return the lines of a table: columns in their order, the primary key, constraints and indexes by name."""
    lines = [_column(column, details, (schema, name), read.inspector.dialect) for column in read("columns", name)]
    key = read("pk_constraint", name)
    suffix = _Suffix(details, schema, name)
    if key.get("constrained_columns"):
        lines.append(f"primary key {_listed(key['constrained_columns'])}{suffix(key)}")
    rest = [f"foreign key{_named(one)} {_foreign(one)}{suffix(one)}" for one in read("foreign_keys", name)]
    uniques = read("unique_constraints", name)
    rest += [f"unique{_named(one)} {_listed(one['column_names'])}{suffix(one)}" for one in uniques]
    checks = read("check_constraints", name)
    rest += [f"check{_named(one)} ({one['sqltext']}){suffix(one)}" for one in checks]
    described = details.indexes_of(schema, name)
    for index in read("indexes", name):
        listed = _listed(each or "expression" for each in index["column_names"])
        text = described.pop(str(index["name"]), f"{listed}{' unique' if index.get('unique') else ''}")
        rest.append(f"index{_named(index)} {text}")
    own = {str(one.get("name")) for one in (key, *uniques)}
    rest += [f"index {shown(each)} {text}" for each, text in described.items() if each not in own]
    return (*lines, *sorted([*rest, *details.lines.get((schema, name), ())]), *_comment(read, name))


class _Suffix:
    """Returns the words of the database's catalog that follow a constraint in its line: `Details.constraints`."""

    def __init__(self, details: Details, schema: str | None, table: str) -> None:
        self._details, self._table = details, (schema, table)

    def __call__(self, constraint: Mapping[str, object]) -> str:
        text = self._details.constraints.get((*self._table, str(constraint.get("name"))), "")
        return f" {text}" if text else ""


def _comment(read: _Several, name: str) -> tuple[str, ...]:
    if not read.inspector.dialect.supports_comments:
        return ()
    text = read("table_comment", name).get("text")
    return (f"comment {text!r}",) if text is not None else ()


def _column(column: ReflectedColumn, details: Details, table: tuple[str | None, str], dialect: Dialect) -> str:
    place = (*table, column["name"])
    default = f" default {column['default']}" if column.get("default") is not None else ""
    comment = f" comment {column['comment']!r}" if column.get("comment") is not None else ""
    words = f" {details.columns[place]}" if place in details.columns else ""
    type_ = _type(column, details.types.get(place, ""), dialect)
    return f"column {shown(column['name'])} {type_}{'' if column['nullable'] else ' not null'}{default}{words}{comment}"


def _type(column: ReflectedColumn, written: str, dialect: Dialect) -> str:
    """Return a type as the database spells it: ``TIMESTAMP WITH TIME ZONE``, ``INTEGER[]``, the name of an enum."""
    try:
        return str(column["type"].compile(dialect=dialect))
    except (CompileError, NotImplementedError):
        return written or str(column["type"])


def _foreign(key: ReflectedForeignKeyConstraint) -> str:
    referred = f"{key['referred_schema']}." if key.get("referred_schema") else ""
    options = "".join(f" {word} {action}" for word, action in sorted((key.get("options") or {}).items()))
    remote = _listed(key["referred_columns"])
    return f"{_listed(key['constrained_columns'])} to {referred}{key['referred_table']} {remote}{options}"


def _listed(names: Iterator[str] | Sequence[str | None]) -> str:
    return f"({', '.join(shown(str(name)) for name in names)})"


def _named(item: Mapping[str, object]) -> str:
    return f" {shown(str(item['name']))}" if item.get("name") else ""
