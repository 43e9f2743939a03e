"""Read a CREATE INDEX: its columns and expressions, its uniqueness and its condition."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from ...util.sql import closing, split_commas, tokens

_ORDERS = ("ASC", "DESC")


class IndexText(NamedTuple):
    """An index as it is written; ``parts`` are columns or expressions, each with its order, as written."""

    parts: tuple[str, ...]
    unique: bool
    where: str | None


def index_text(sql: str, dialect: str) -> IndexText:
    """Return the parts of a CREATE INDEX; the text may begin anywhere before its columns. ValueError where it has none.

    >>> index_text("CREATE UNIQUE INDEX ix ON t (lower(a), b DESC) WHERE b > 1", "sqlite")
    IndexText(parts=('lower(a)', 'b DESC'), unique=True, where='b > 1')
    """
    found = tokens(sql, dialect)
    opening = next((place for place, token in enumerate(found) if token.text == "("), None)
    if opening is None:
        raise ValueError(f"No index in {sql!r}: the parentheses with its columns are missing.")
    parts = split_commas(found[opening + 1 : closing(found, opening)])
    written = tuple(sql[part[0].start : part[-1].end] for part in parts)
    return IndexText(written, "UNIQUE" in {token.keyword for token in found[:opening]}, index_where(sql, dialect))


def split_order(part: str, dialect: str) -> tuple[str, str]:
    """Return a part without its order, and the order; it is empty for ascending, the default.

    >>> split_order("lower(a) desc", "sqlite"), split_order("b ASC", "sqlite")
    (('lower(a)', 'DESC'), ('b', ''))
    """
    found = tokens(part, dialect)
    order = found[-1].keyword if len(found) > 1 else ""
    if order not in _ORDERS:
        return part, ""
    return part[: found[-1].start].rstrip(), "" if order == "ASC" else order


@lru_cache(maxsize=4096)
def index_where(sql: str, dialect: str) -> str | None:
    """Return the condition of a partial index, as it is written.

    >>> index_where("CREATE INDEX ix ON t (a) WHERE a > 1", "sqlite")
    'a > 1'
    """
    found = tokens(sql, dialect)
    opening = next((place for place, token in enumerate(found) if token.text == "("), None)
    if opening is None:
        return None
    behind = closing(found, opening) + 1
    if behind >= len(found) or found[behind].keyword != "WHERE":
        return None
    return sql[found[behind].end :].strip().rstrip(";")
