"""Indexes over expressions, which SQLite describes by their CREATE INDEX only: compared by its text."""

from __future__ import annotations

from sqlalchemy.engine import Dialect
from sqlalchemy.schema import CreateIndex, Index, Table
from sqlalchemy.sql.elements import conv

from ....util.sql import normal_sql
from ....util.sqla_compat import literal_text
from ..catalog import Arguments
from ..create_index import IndexText, index_text, split_order

_SQLITE = "sqlite"


def is_created_by(index: Index, sql: str, dialect: Dialect) -> bool:
    """Return whether stored SQL creates an index of the metadata; space, case, redundant quotes and ASC don't matter.

    SQL that cannot be read counts as the same: nothing is dropped for it.
    """
    try:
        stored = index_text(sql, _SQLITE)
    except ValueError:
        return True
    return _normal(stored) == _normal(index_text(str(CreateIndex(index).compile(dialect=dialect)), _SQLITE))


def index_from_sql(name: str, sql: str, table: Table) -> Index:
    """Return the index that stored SQL creates, on ``table`` of the database; its parts are text."""
    stored = index_text(sql, _SQLITE)
    options: Arguments = {} if stored.where is None else {"sqlite_where": literal_text(stored.where)}
    return Index(conv(name), *map(literal_text, stored.parts), unique=stored.unique, _table=table, **options)


def _normal(index: IndexText) -> tuple[list[tuple[str, str]], bool, str | None]:
    ordered = [split_order(part, _SQLITE) for part in index.parts]
    parts = [(normal_sql(part, _SQLITE), order) for part, order in ordered]
    return parts, index.unique, None if index.where is None else normal_sql(index.where, _SQLITE)
