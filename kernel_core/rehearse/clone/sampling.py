"""Reduce a copy to a sample: some rows of each table, and the rows that these refer to.

A foreign key of a sampled row finds its row, as far as it found one before. Triggers are put aside meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from ...util.sql import in_quotes
from .base import CloneOptions
from .names import is_kept_whole


def reduce_to_sample(copy: Connection, options: CloneOptions) -> dict[tuple[str, str], int]:
    """Delete the rows of a SQLite copy that are not in the sample; return how many rows each table had."""
    limit = 0 if options.schema_only else options.sample or 0
    tables = _tables(copy)
    full = {("", name): int(_scalar(copy, f"SELECT count(*) FROM {in_quotes(name)}")) for name in tables}
    triggers = copy.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").all()
    copy.exec_driver_sql("PRAGMA foreign_keys = OFF")
    for name, _ in triggers:
        copy.exec_driver_sql(f"DROP TRIGGER {in_quotes(name)}")
    inspector = sa.inspect(copy)
    for name, key in tables.items():
        whole = is_kept_whole(name, [each["name"] for each in inspector.get_columns(name)])
        named = ", ".join(f"{column} AS kept_{place}" for place, column in enumerate(key))
        copy.exec_driver_sql(
            f"CREATE TEMP TABLE {_kept(name)} AS SELECT {named} "
            f"FROM main.{in_quotes(name)} ORDER BY {', '.join(key)} LIMIT {-1 if whole else limit}"
        )
    _add_referred(copy, tables)
    for name, key in tables.items():
        copy.exec_driver_sql(f"DELETE FROM main.{in_quotes(name)} WHERE NOT {_is_kept(name, name, key)}")
        copy.exec_driver_sql(f"DROP TABLE temp.{_kept(name)}")
    for _, sql in triggers:
        copy.exec_driver_sql(sql.replace("%", "%%") if copy.dialect.paramstyle == "pyformat" else sql)
    copy.commit()
    return full


def _kept(name: str) -> str:
    return in_quotes(f"mig_kept_{name}")


def _is_kept(alias: str, name: str, key: Sequence[str]) -> str:
    """Return the condition that a row of a table is in the sample."""
    pairs = (f"k.kept_{place} IS {in_quotes(alias)}.{column}" for place, column in enumerate(key))
    return f"EXISTS (SELECT 1 FROM temp.{_kept(name)} k WHERE {' AND '.join(pairs)})"


def _add_referred(copy: Connection, tables: Mapping[str, Sequence[str]]) -> None:
    """Add the rows that kept rows refer to, until none is missing."""
    names = {name.lower(): name for name in tables}
    keys = [
        (name, names[referred.lower()], pairs)
        for name in tables
        for referred, pairs in _foreign_keys(copy, name)
        if referred.lower() in names
    ]
    for name, key in tables.items():
        columns = ", ".join(f"kept_{place}" for place in range(len(key)))
        copy.exec_driver_sql(f"CREATE INDEX temp.{in_quotes(f'mig_kept_key_{name}')} ON {_kept(name)} ({columns})")
    grows = True
    while grows:
        grows = False
        for name, parent, pairs in keys:
            join = " AND ".join(f"p.{in_quotes(remote)} = c.{in_quotes(local)}" for local, remote in pairs)
            columns = ", ".join(f"p.{column}" for column in tables[parent])
            added = copy.exec_driver_sql(
                f"INSERT INTO temp.{_kept(parent)} SELECT DISTINCT {columns} FROM main.{in_quotes(parent)} p "
                f"JOIN main.{in_quotes(name)} c ON {join} "
                f"WHERE {_is_kept('c', name, tables[name])} AND NOT {_is_kept('p', parent, tables[parent])}"
            )
            grows = grows or added.rowcount > 0


def _foreign_keys(copy: Connection, name: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the foreign keys of a table: the referred table, and pairs of columns."""
    found = []
    listed = copy.exec_driver_sql(f"PRAGMA foreign_key_list({in_quotes(name)})").all()
    for _, rows in groupby(listed, lambda row: int(row[0])):
        several = sorted(rows, key=lambda row: int(row[1]))
        referred = str(several[0][2])
        key = _key_columns(copy, referred)
        pairs = [(str(row[3]), str(row[4] or key[int(row[1])])) for row in several if row[4] or len(key) > int(row[1])]
        if len(pairs) == len(several):
            found.append((referred, pairs))
    return found


def _key_columns(copy: Connection, name: str) -> list[str]:
    """Return the columns of the primary key of a table, in the order of the key."""
    rows = copy.exec_driver_sql(f"PRAGMA table_info({in_quotes(name)})").all()
    return [str(row[1]) for row in sorted(rows, key=lambda row: int(row[5])) if row[5]]


def _tables(copy: Connection) -> dict[str, Sequence[str]]:
    """Return the tables but virtual ones, each with the columns in SQL that identify a row."""
    rows = copy.exec_driver_sql("SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND type = 'table'").all()
    found: dict[str, Sequence[str]] = {}
    for name, is_without_rowid in rows:
        if name.startswith("sqlite_"):
            continue
        if is_without_rowid:
            found[name] = [in_quotes(column) for column in _key_columns(copy, name)]
            continue
        columns = {str(row[1]).lower() for row in copy.exec_driver_sql(f"PRAGMA table_info({in_quotes(name)})")}
        # a column may have one of the names of the row's number, but not all
        found[name] = [next((each for each in ("rowid", "_rowid_", "oid") if each not in columns), "rowid")]
    return found


def _scalar(copy: Connection, sql: str) -> Any:
    return copy.exec_driver_sql(sql).scalar_one()
