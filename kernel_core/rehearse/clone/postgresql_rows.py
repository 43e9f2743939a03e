"""Copy a sample of the rows of a PostgreSQL database, and the rows that these refer to, by COPY."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from ...util.exc import CommandError
from ...util.sql import in_quotes
from .names import is_kept_whole

_TABLES = """
SELECT n.nspname, c.relname, c.reltuples::bigint,
       (SELECT array_agg(quote_ident(attname) ORDER BY attnum) FROM pg_attribute
        WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_'
  AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
ORDER BY 1, 2
"""

_KEYS = """
SELECT cn.nspname, c.relname, pn.nspname, p.relname,
       (SELECT array_agg(quote_ident(a.attname) ORDER BY k.i) FROM unnest(f.conkey) WITH ORDINALITY k(n, i)
        JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.n),
       (SELECT array_agg(quote_ident(a.attname) ORDER BY k.i) FROM unnest(f.confkey) WITH ORDINALITY k(n, i)
        JOIN pg_attribute a ON a.attrelid = f.confrelid AND a.attnum = k.n),
       (SELECT array_agg(format_type(a.atttypid, a.atttypmod) ORDER BY k.i)
        FROM unnest(f.conkey) WITH ORDINALITY k(n, i)
        JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.n),
       (SELECT array_agg('OPERATOR(' || quote_ident(n.nspname) || '.' || o.oprname || ')' ORDER BY k.i)
        FROM unnest(f.conpfeqop) WITH ORDINALITY k(n, i) JOIN pg_operator o ON o.oid = k.n
        JOIN pg_namespace n ON n.oid = o.oprnamespace),
       p.relkind = 'p'
FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid JOIN pg_namespace cn ON cn.oid = c.relnamespace
JOIN pg_class p ON p.oid = f.confrelid JOIN pg_namespace pn ON pn.oid = p.relnamespace
WHERE f.contype = 'f'
"""

_PARTITIONED = """
SELECT n.nspname, c.relname, (SELECT array_agg(quote_ident(attname) ORDER BY attnum) FROM pg_attribute
        WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'p' AND n.nspname !~ '^pg_'
"""

_CHUNK = 1000


@dataclass(frozen=True, slots=True)
class _Key:
    table: str
    referred: str
    columns: tuple[str, ...]
    referred_columns: tuple[str, ...]
    types: tuple[str, ...]
    operators: tuple[str, ...]
    is_partitioned: bool


def copy_sample(live: Connection, copy: Connection, limit: int | None) -> dict[tuple[str, str], int]:
    """Copy at most ``limit`` rows of each table and what they refer to (None: all); return about how many it has."""
    columns: dict[str, str] = {}
    full: dict[tuple[str, str], int] = {}
    for schema, name, rows, names in live.exec_driver_sql(_TABLES).all():
        table = _table(schema, name)
        columns[table] = ", ".join(names or ())
        full[schema, name] = int(rows) if rows >= 0 else _count(live, table)
        whole = limit is None or is_kept_whole(name, [each.strip('"') for each in names or ()])
        if names and (limit or whole):
            limited = "" if whole else f" LIMIT {limit}"
            _copy(live, copy, f"SELECT {columns[table]} FROM ONLY {table}{limited}", table, columns[table])
    keys = _keys(live, live.exec_driver_sql(_KEYS).all())
    columns |= {_table(*row[:2]): ", ".join(row[2]) for row in live.exec_driver_sql(_PARTITIONED).all()}
    while limit and sum(_add_referred(live, copy, key, columns) for key in keys if key.referred in columns):
        pass
    copy.commit()
    return full


def _keys(live: Connection, rows: Sequence[Any]) -> list[_Key]:
    """Return the keys in values; they are not constraints of the copy yet, so they are read from the source."""
    return [
        _Key(_table(*row[:2]), _table(*row[2:4]), tuple(row[4]), tuple(row[5]), tuple(row[6]), tuple(row[7]), row[8])
        for row in rows
    ]


def _add_referred(live: Connection, copy: Connection, key: _Key, columns: dict[str, str]) -> bool:
    """Copy the rows that rows of the copy refer to by a foreign key and that it lacks; return whether any was."""
    join = " AND ".join(
        f"p.{remote} {operator} c.{local}"
        for local, remote, operator in zip(key.columns, key.referred_columns, key.operators, strict=True)
    )
    present = " AND ".join(f"c.{local} IS NOT NULL" for local in key.columns)
    values = ", ".join(f"quote_literal(c.{local}::text)" for local in key.columns)
    missing = copy.exec_driver_sql(
        f"SELECT DISTINCT {values} FROM {key.table} c WHERE {present} "
        f"AND NOT EXISTS (SELECT 1 FROM {key.referred} p WHERE {join})".replace("%", "%%")
    ).all()
    only = "" if key.is_partitioned else "ONLY "
    named, added = ", ".join(key.columns), 0
    for start in range(0, len(missing), _CHUNK):
        rows = ", ".join(
            f"({', '.join(f'{value}::{type_}' for value, type_ in zip(row, key.types, strict=True))})"
            for row in missing[start : start + _CHUNK]
        )
        wanted = f"EXISTS (SELECT 1 FROM (VALUES {rows}) AS c ({named}) WHERE {join})"
        texts = f"SELECT {columns[key.referred]} FROM {only}{key.referred} p WHERE {wanted}"
        added += _copy(live, copy, texts, key.referred, columns[key.referred])
    return bool(added)


def set_sequences(live: Connection, copy: Connection) -> None:
    """Set the sequences of the copy to the values of the source, without drawing one."""
    rows = live.exec_driver_sql(
        "SELECT schemaname, sequencename, last_value FROM pg_sequences WHERE last_value IS NOT NULL"
    ).all()
    for schema, name, value in rows:
        copy.exec_driver_sql("SELECT setval(%s::regclass, %s, true)", (_table(schema, name), value))
    copy.commit()


def _copy(live: Connection, copy: Connection, query: str, table: str, columns: str) -> int:
    """Copy the rows of a query into a table of the other database; return how many."""
    copy.exec_driver_sql("SELECT 1")  # so that SQLAlchemy knows of the transaction, and ends it
    reader: Any = live.connection.cursor()
    writer: Any = copy.connection.cursor()
    with reader, writer:
        out, into = f"COPY ({query}) TO STDOUT", f"COPY {table} ({columns}) FROM STDIN"
        for data in _moved(reader, writer, out, into):
            del data
        return int(writer.rowcount)


def _moved(reader: Any, writer: Any, out: str, into: str) -> Iterator[None]:
    if hasattr(reader, "copy"):
        with reader.copy(out) as source, writer.copy(into) as target:
            for block in source:
                target.write(block)
                yield
    elif hasattr(reader, "copy_expert"):
        buffer = io.BytesIO()
        reader.copy_expert(out, buffer)
        buffer.seek(0)
        writer.copy_expert(into, buffer)
    else:
        raise CommandError("A sample is taken with psycopg or psycopg2; this driver has no COPY. Leave out --sample.")


def _count(live: Connection, table: str) -> int:
    return int(live.exec_driver_sql(f"SELECT count(*) FROM {table}".replace("%", "%%")).scalar_one())


def _table(schema: str, name: str) -> str:
    return f"{in_quotes(schema)}.{in_quotes(name)}"
