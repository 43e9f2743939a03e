"""New partitions on PostgreSQL: rows outside of the bound, and rows of the default partition that belong to them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from ...util.sql import SQLDialect, in_quotes
from .checks import Check, RowQueries
from .conditions import as_condition
from .reader import Name, Reader
from .savepoints import undone, without_event_triggers

_TABLE = "mig_rehearsed_bound"
_HASH = re.compile(r"satisfies_hash_partition\('\d+'::oid")
_DEFAULT = """
SELECT CASE WHEN pg_table_is_visible(c.oid) THEN NULL ELSE n.nspname END, c.relname
FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partdefid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE p.partrelid = to_regclass(:name)
"""
_KEY = """
SELECT a.attname FROM pg_partitioned_table p JOIN pg_attribute a ON a.attrelid = p.partrelid
WHERE p.partrelid = to_regclass(:name) AND a.attnum = ANY (p.partattrs::int2[])
"""


@dataclass(frozen=True, slots=True)
class _NewPartition:
    """A partition of ``parent`` that a statement adds; ``existing`` is the table that becomes one, None for a new."""

    parent: Name
    bound: str
    existing: Name | None


def partition_checks(queries: RowQueries, sql: str) -> Iterator[Check]:
    """Yield the rows because of which one statement cannot add a partition; none for any other statement."""
    new = _new_partition(sql, queries.connection.dialect)
    if new is None:
        return
    parent = _quoted(new.parent)
    row = queries.connection.execute(sa.text(_DEFAULT), {"name": parent}).first()
    default = None if row is None else (row[0], row[1])
    condition = as_condition(_condition(queries.connection, new, parent, default))
    names = tuple(queries.connection.execute(sa.text(_KEY), {"name": parent}).scalars())
    if new.existing is not None:
        schema, table = new.existing
        lead = f"the bound {new.bound} does not hold for "
        yield from queries.rows_where("check", table, schema, sa.not_(condition), lead, columns=names)
    if default is not None:
        lead = f"the bound {new.bound} holds for "
        rest = " of the default partition"
        yield from queries.rows_where("check", default[1], default[0], condition, lead, rest, columns=names)


def _new_partition(sql: str, dialect: SQLDialect) -> _NewPartition | None:
    reader = Reader(sql, dialect)
    if reader.takes("ALTER", "TABLE"):
        reader.takes("IF", "EXISTS")
        reader.takes("ONLY")
        parent = reader.qualified()
        if reader.takes("ATTACH", "PARTITION"):
            existing = reader.qualified()
            return _NewPartition(parent, reader.rest_of_action(), existing)
        return None
    if not reader.takes("CREATE"):
        return None
    reader.takes("UNLOGGED")
    if not reader.takes("TABLE"):
        return None
    reader.takes("IF", "NOT", "EXISTS")
    reader.qualified()
    if not reader.takes("PARTITION", "OF"):
        return None
    parent = reader.qualified()
    reader.parenthesised()
    return _NewPartition(parent, reader.rest_of_action("PARTITION", "USING", "TABLESPACE", "ON"), None)


def _quoted(name: Name) -> str:
    return ".".join(in_quotes(part) for part in name if part)


def _condition(connection: Connection, new: _NewPartition, parent: str, default: Name | None) -> str:
    """Return the condition of the rows of a partition: PostgreSQL writes it for an empty one, which is undone."""
    schema = f"{in_quotes(new.parent[0])}." if new.parent[0] else ""
    statements = [f"ALTER TABLE {parent} DETACH PARTITION {_quoted(default)}"] if default else []
    statements += [
        f"CREATE TABLE {schema}{_TABLE} (LIKE {parent})",
        f"ALTER TABLE {parent} ATTACH PARTITION {schema}{_TABLE} {new.bound}",
    ]
    with undone(connection), without_event_triggers(connection):
        for each in statements:
            connection.exec_driver_sql(each.replace("%", "%%"))
        sql = sa.text("SELECT pg_get_partition_constraintdef(to_regclass(:name))")
        found = str(connection.execute(sql, {"name": f"{schema}{_TABLE}"}).scalar_one())
    literal = parent.replace("'", "''")
    return _HASH.sub(lambda _: f"satisfies_hash_partition('{literal}'::regclass", found)
