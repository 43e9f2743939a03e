"""Indexes of which SQLite tells no more than the CREATE INDEX that made them: compared by its words."""

from __future__ import annotations

from typing import Any

from sqlalchemy.engine import Dialect
from sqlalchemy.schema import CreateIndex, Index, Table
from sqlalchemy.sql.elements import conv

from ....util.sql import normal_sql
from ....util.sqla_compat import literal_text
from .create_index import IndexText, index_text, split_order


def is_written_as(index: Index, sql: str, dialect: Dialect) -> bool:
    """Tell whether the model's index says what the stored SQL says: space, case, needless quotes and ASC don't count.

    SQL that cannot be read counts as the same: nothing is dropped for it.
    """
    try:
        stored = index_text(sql)
    except ValueError:
        return True
    return _plain(stored) == _plain(index_text(str(CreateIndex(index).compile(dialect=dialect))))


def written_index(name: str, sql: str, table: Table) -> Index:
    """Return the index that the stored SQL makes, on ``table`` of the database; its parts are text."""
    stored = index_text(sql)
    options: dict[str, Any] = {} if stored.where is None else {"sqlite_where": literal_text(stored.where)}
    return Index(conv(name), *map(literal_text, stored.parts), unique=stored.unique, _table=table, **options)


def _plain(index: IndexText) -> tuple[list[tuple[str, str]], bool, str | None]:
    ordered = [split_order(part) for part in index.parts]
    parts = [(normal_sql(part, "sqlite"), order) for part, order in ordered]
    return parts, index.unique, None if index.where is None else normal_sql(index.where, "sqlite")
