"""Reduce a copy to a sample: some rows of each table, and the rows that these refer to.

A foreign key of a sampled row finds its row, as far as it found one before. Triggers are put aside meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
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
    for name in tables:
        whole = is_kept_whole(name, [each["name"] for each in inspector.get_columns(name)])
        copy.exec_driver_sql(
            f"CREATE TEMP TABLE {in_quotes(f'mig_kept_{name}')} AS "
            f"SELECT rowid AS kept FROM main.{in_quotes(name)} ORDER BY rowid LIMIT {-1 if whole else limit}"
        )
    _add_referred(copy, tables)
    for name in tables:
        kept = in_quotes(f"mig_kept_{name}")
        copy.exec_driver_sql(f"DELETE FROM main.{in_quotes(name)} WHERE rowid NOT IN (SELECT kept FROM {kept})")
        copy.exec_driver_sql(f"DROP TABLE temp.{kept}")
    for _, sql in triggers:
        copy.exec_driver_sql(sql.replace("%", "%%") if copy.dialect.paramstyle == "pyformat" else sql)
    copy.commit()
    return full


def _add_referred(copy: Connection, tables: Sequence[str]) -> None:
    """Add the rows that kept rows refer to, until none is missing."""
    keys = [(name, *key) for name in tables for key in _foreign_keys(copy, name) if key[0] in tables]
    grows = True
    while grows:
        grows = False
        for name, parent, pairs in keys:
            join = " AND ".join(f"p.{in_quotes(remote)} = c.{in_quotes(local)}" for local, remote in pairs)
            kept, kept_parent = in_quotes(f"mig_kept_{name}"), in_quotes(f"mig_kept_{parent}")
            added = copy.exec_driver_sql(
                f"INSERT INTO temp.{kept_parent} SELECT DISTINCT p.rowid FROM main.{in_quotes(parent)} p "
                f"JOIN main.{in_quotes(name)} c ON {join} WHERE c.rowid IN (SELECT kept FROM temp.{kept}) "
                f"AND p.rowid NOT IN (SELECT kept FROM temp.{kept_parent})"
            )
            grows = grows or added.rowcount > 0


def _foreign_keys(copy: Connection, name: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the foreign keys of a table: the referred table, and pairs of columns."""
    found = []
    for key in sa.inspect(copy).get_foreign_keys(name):
        remote = (
            key["referred_columns"] or sa.inspect(copy).get_pk_constraint(key["referred_table"])["constrained_columns"]
        )
        found.append((key["referred_table"], list(zip(key["constrained_columns"], remote, strict=False))))
    return found


def _tables(copy: Connection) -> list[str]:
    """Return the tables that have row numbers: not those WITHOUT ROWID, not virtual ones."""
    rows = copy.exec_driver_sql(
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND wr = 0"
    )
    return [name for (name,) in rows if not name.startswith("sqlite_")]


def _scalar(copy: Connection, sql: str) -> Any:
    return copy.exec_driver_sql(sql).scalar_one()
