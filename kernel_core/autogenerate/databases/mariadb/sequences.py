"""The sequences of MariaDB, with their options; MySQL has none."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import bindparam, text
from sqlalchemy.engine import Connection

from ..catalog import SEQUENCE_OPTIONS, Key, SequenceOptions

_SEQUENCES = """
SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES
WHERE TABLE_TYPE = 'SEQUENCE' AND TABLE_SCHEMA IN :schemas"""
_OPTIONS = "SELECT start_value, increment, minimum_value, maximum_value, cycle_option, cache_size FROM {place}"


def read_sequences(connection: Connection, schemas: Collection[str | None]) -> dict[Key, SequenceOptions]:
    """Return the options of the sequences of some schemas; None is the current database."""
    default, quote = connection.dialect.default_schema_name, connection.dialect.identifier_preparer.quote
    statement = text(_SEQUENCES).bindparams(bindparam("schemas", expanding=True))
    rows = connection.execute(statement, {"schemas": sorted(schema or str(default) for schema in schemas)}).all()
    sequences: dict[Key, SequenceOptions] = {}
    for schema, name in rows:
        options = list(connection.exec_driver_sql(_OPTIONS.format(place=f"{quote(schema)}.{quote(name)}")).one())
        options[4] = bool(options[4])
        sequences[None if schema == default else schema, name] = dict(zip(SEQUENCE_OPTIONS, options, strict=True))
    return sequences
