"""The sequences of a database that belong to no column, with their options; read only where the models have some."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.engine import Connection, Inspector

from .catalog import Key

_POSTGRESQL = """
SELECT CAST(n.nspname AS text), CAST(c.relname AS text), s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcycle,
       s.seqcache
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_sequence s ON s.seqrelid = c.oid
WHERE n.nspname IN :schemas AND NOT EXISTS (
    SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.classid = CAST('pg_class' AS regclass) AND d.deptype = 'i')"""
_MARIADB = """
SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES
WHERE TABLE_TYPE = 'SEQUENCE' AND TABLE_SCHEMA IN :schemas"""
_MARIADB_OPTIONS = "SELECT start_value, increment, minimum_value, maximum_value, cycle_option, cache_size FROM {place}"
_OPTIONS = ("start", "increment", "minvalue", "maxvalue", "cycle", "cache")


def read_sequences(
    connection: Connection, inspector: Inspector, schemas: Collection[str | None]
) -> dict[Key, dict[str, Any]]:
    """Return the options of the sequences of some schemas by their place; no options where this database hides them."""
    dialect, default = connection.dialect, connection.dialect.default_schema_name
    given = {"schemas": sorted(schema or str(default) for schema in schemas)}

    def rows(query: str) -> list[Any]:
        statement = text(query).bindparams(bindparam("schemas", expanding=True))
        return list(connection.execute(statement, given).all())

    def key(schema: str, name: str) -> Key:
        return (None if schema == default else schema, name)

    if dialect.name == "postgresql":
        found = rows(_POSTGRESQL)
        return {key(schema, name): dict(zip(_OPTIONS, options, strict=True)) for schema, name, *options in found}
    if getattr(dialect, "is_mariadb", False):
        quote, sequences = dialect.identifier_preparer.quote, {}
        for schema, name in rows(_MARIADB):
            place = f"{quote(schema)}.{quote(name)}"
            options = list(connection.exec_driver_sql(_MARIADB_OPTIONS.format(place=place)).one())
            options[4] = bool(options[4])
            sequences[key(schema, name)] = dict(zip(_OPTIONS, options, strict=True))
        return sequences
    return {(schema, name): {} for schema in schemas for name in inspector.get_sequence_names(schema=schema)}
