"""The sequences of PostgreSQL outside of identity columns, with their options."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import bindparam, text
from sqlalchemy.engine import Connection

from ..catalog import SEQUENCE_OPTIONS, Key, SequenceOptions

_SEQUENCES = """
SELECT CAST(n.nspname AS text), CAST(c.relname AS text), s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcycle,
       s.seqcache
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_sequence s ON s.seqrelid = c.oid
WHERE n.nspname IN :schemas AND NOT EXISTS (
    SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.classid = CAST('pg_class' AS regclass) AND d.deptype = 'i')"""


def read_sequences(connection: Connection, schemas: Collection[str | None]) -> dict[Key, SequenceOptions]:
    """Return the options of the sequences of some schemas; None is the default one."""
    default = connection.dialect.default_schema_name
    statement = text(_SEQUENCES).bindparams(bindparam("schemas", expanding=True))
    rows = connection.execute(statement, {"schemas": sorted(schema or str(default) for schema in schemas)})
    return {
        (None if schema == default else schema, name): dict(zip(SEQUENCE_OPTIONS, options, strict=True))
        for schema, name, *options in rows
    }
