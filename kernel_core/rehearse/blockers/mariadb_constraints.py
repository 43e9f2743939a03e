"""The constraints of a table of MariaDB, as the operations that would add them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from ...operations.operation import MigrateOperation
from ...operations.ops import CreateCheckConstraintOp, CreateForeignKeyOp, CreateIndexOp

_CHECKS = """
SELECT check_clause FROM information_schema.check_constraints
WHERE constraint_schema = coalesce(:schema, database()) AND table_name = :table
AND NOT (level = 'Column' AND constraint_name = :without)
"""
"""With those in the definition of a column, which reflection leaves out."""
_KEYS = """
SELECT index_name, column_name, sub_part FROM information_schema.statistics
WHERE table_schema = coalesce(:schema, database()) AND table_name = :table AND non_unique = 0
ORDER BY index_name, seq_in_index
"""
_REFERRING = """
SELECT r.constraint_name, k.table_name, k.column_name, k.referenced_column_name
FROM information_schema.referential_constraints r
JOIN information_schema.key_column_usage k ON k.constraint_schema = r.constraint_schema
AND k.constraint_name = r.constraint_name AND k.table_name = r.table_name
WHERE r.constraint_schema = database() AND r.referenced_table_name = :table AND r.table_name <> :table
AND r.update_rule IN ('RESTRICT', 'NO ACTION') ORDER BY k.table_name, r.constraint_name, k.ordinal_position
"""


def checks_of(
    connection: Connection, table: str, schema: str | None = None, *, without_column: str = ""
) -> list[CreateCheckConstraintOp]:
    """Return the CHECK constraints of a table; not that in the definition of a column, if one is named."""
    values = {"schema": schema, "table": table, "without": without_column}
    conditions = connection.execute(sa.text(_CHECKS), values).scalars()
    return [CreateCheckConstraintOp(None, table, str(each), schema=schema) for each in conditions]


def foreign_keys_of(connection: Connection, table: str) -> list[MigrateOperation]:
    """Return the foreign keys of a table."""
    return [
        CreateForeignKeyOp(
            None,
            table,
            each["referred_table"],
            each["constrained_columns"],
            each["referred_columns"],
            referent_schema=each.get("referred_schema"),
        )
        for each in sa.inspect(connection).get_foreign_keys(table)
    ]


def unique_keys_of(connection: Connection, table: str, schema: str | None = None) -> Iterator[CreateIndexOp]:
    """Yield the primary key and the unique keys of a table, with how many characters of a column each one has."""
    rows = connection.execute(sa.text(_KEYS), {"schema": schema, "table": table}).all()
    for name, parts in groupby(rows, key=lambda row: row[0]):
        columns = [(column, length) for _, column, length in parts]
        lengths = {column: length for column, length in columns if length}
        options: dict[str, Any] = {"mysql_length": lengths} if lengths else {}
        names = [column for column, _ in columns]
        yield CreateIndexOp(name, table, names, schema=schema, unique=True, **options)


def keys_referring_to(connection: Connection, table: str) -> Iterator[MigrateOperation]:
    """Yield the foreign keys of other tables that keep rows of a table from a new key."""
    rows = connection.execute(sa.text(_REFERRING), {"table": table}).all()
    for (_, child), several in groupby(rows, key=lambda row: (row[0], row[1])):
        pairs = [(local, remote) for _, _, local, remote in several]
        yield CreateForeignKeyOp(None, child, table, [local for local, _ in pairs], [remote for _, remote in pairs])
