"""Keep the next numbers of a table's sequences (SERIAL, identity) when the table is re-created."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.engine import Connection

from ...util.sqla_compat import qualified_name
from ..protocols import RunsSQL
from .serial import literal

_OWNED = """
    SELECT a.attname AS name, s.oid::regclass::text AS place, quote_ident(s.relname) AS plain, s.oid AS oid
    FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
    JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
    WHERE d.classid = 'pg_class'::regclass AND d.refobjid = to_regclass(:table) AND d.deptype IN ('a', 'i')"""
_USED = """
    SELECT EXISTS (SELECT FROM pg_depend d JOIN pg_attrdef f ON f.oid = d.objid
    WHERE d.classid = 'pg_attrdef'::regclass AND d.refobjid = :oid AND f.adrelid = to_regclass(:table))"""


def move_sequences(impl: RunsSQL, connection: Connection, old: str, new: str, schema: str | None) -> list[str]:
    """Move the sequences of the old table's columns to the new table's, with their next numbers.

    Returns the statements that rename the new table's identity sequences once the old table is dropped.
    """
    quote = impl.checking_dialect.identifier_preparer
    old_place, new_place = (qualified_name(name, schema, quote) for name in (old, new))
    mine = {row.name: row for row in connection.execute(text(_OWNED), {"table": new_place})}
    renamed = []
    for row in connection.execute(text(_OWNED), {"table": old_place}).all():
        if row.name in mine:
            counted = f"SELECT setval({literal(mine[row.name].place)}, last_value, is_called) FROM {row.place}"
            impl.execute_sql(counted)
            renamed.append(f"ALTER SEQUENCE {mine[row.name].place} RENAME TO {row.plain}")
        elif connection.execute(text(_USED), {"oid": row.oid, "table": new_place}).scalar():
            impl.execute_sql(f"ALTER SEQUENCE {row.place} OWNED BY {new_place}.{quote.quote(row.name)}")
    return renamed
