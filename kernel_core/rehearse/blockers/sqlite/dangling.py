"""The references that SQLite refuses at the end of a transaction: rows that refer to missing rows.

https://sqlite.org/pragma.html#pragma_foreign_key_check
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from ....operations.ops import CreateForeignKeyOp
from ....util.counts import counted
from ....util.sql import in_quotes
from ...findings import Blocker
from ..checks import SAMPLE, RowQueries
from ..find import message, rows_refused
from ..queries import LISTED, rows_of_text

_Reference = tuple[str, int | None, str, int]
"""A dangling reference: the table, the rowid (None in a table WITHOUT ROWID), the parent, the number of the key."""


def dangling_references(connection: Connection) -> list[_Reference]:
    """Return the dangling references of all tables; [] where SQLite cannot check one of them."""
    try:
        return [tuple(row) for row in connection.exec_driver_sql("PRAGMA foreign_key_check")]
    except SQLAlchemyError:
        return []


def new_dangling(
    connection: Connection, before: list[_Reference], error: Exception, revision: str, shown: str
) -> list[Blocker]:
    """Return a blocker for each foreign key with dangling references that ``before`` does not have; the error without.

    ``shown`` is what the report names as the operation.
    """
    keys = dict[tuple[str, int, str], list[_Reference]]()
    for each in (Counter(dangling_references(connection)) - Counter(before)).elements():
        keys.setdefault((each[0], each[3], each[2]), []).append(each)
    found = [
        blocker
        for (table, number, parent), rows in keys.items()
        for blocker in _of_key(connection, table, number, parent, rows, error, revision, shown)
    ]
    return found or [Blocker("error", revision, shown, "", message(error), error=message(error))]


def _of_key(
    connection: Connection,
    table: str,
    number: int,
    parent: str,
    rows: list[_Reference],
    error: Exception,
    revision: str,
    shown: str,
) -> Iterator[Blocker]:
    listed = connection.exec_driver_sql(f"PRAGMA foreign_key_list({in_quotes(table)})").all()
    pairs = sorted((row[1], row[3], row[4]) for row in listed if row[0] == number)
    local = [name for _, name, _ in pairs]
    remote = [name for *_, name in pairs if name is not None]
    operation = CreateForeignKeyOp(None, table, parent, local, remote)
    for blocker in rows_refused(RowQueries(connection), [operation], shown, error, revision):
        if blocker.rows == len(rows):
            yield blocker
            return
        break
    yield _of_rows(
        connection, table, parent, local, rows, Blocker("orphan", revision, shown, table, "", 0, error=message(error))
    )


def _of_rows(
    connection: Connection, table: str, parent: str, local: list[str], rows: list[_Reference], blocker: Blocker
) -> Blocker:
    """Return the blocker of just these rows, found by their rowid."""
    text = f"{', '.join(local)} refers to a row that {parent} lacks, in {counted(len(rows), 'row')}"
    found = replace(blocker, text=text, rows=len(rows), columns=tuple(local))
    places = [rowid for _, rowid, *_ in rows if rowid is not None]
    if len(places) != len(rows) or len(places) > LISTED:
        return replace(found, no_query=f"other rows of {table}, which were there before, refer to missing rows too")
    names = ", ".join(map(in_quotes, _columns(connection, table, local)))
    query = f"SELECT {names} FROM {in_quotes(table)} WHERE rowid IN ({', '.join(map(str, places))})"
    if rows_of_text(connection, query) != len(rows):
        return found
    sample: list[Any] = list(connection.execute(sa.text(f"{query} LIMIT {SAMPLE}".replace(":", r"\:"))).mappings())
    return replace(found, query=query, sample=tuple(dict(row) for row in sample))


def _columns(connection: Connection, table: str, local: list[str]) -> list[str]:
    key = sa.inspect(connection).get_pk_constraint(table).get("constrained_columns") or []
    return list(dict.fromkeys([*key, *local]))
