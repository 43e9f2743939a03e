"""What the stored CREATE INDEX of SQLite says: its parts, its uniqueness and its condition, in one spelling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ....util.sql import Token, closing, split_commas, tokens
from .create_table import index_where

_ORDERS = ("ASC", "DESC")


class IndexText(NamedTuple):
    """An index as it was written; ``parts`` are columns or expressions, each with its order, as written."""

    parts: tuple[str, ...]
    unique: bool
    where: str | None


def index_text(sql: str) -> IndexText:
    """Cut a CREATE INDEX into what it says. ValueError where it is none.

    >>> index_text("CREATE UNIQUE INDEX ix ON t (lower(a), b DESC) WHERE b > 1")
    IndexText(parts=('lower(a)', 'b DESC'), unique=True, where='b > 1')
    """
    found = tokens(sql, "sqlite")
    opening = next((place for place, token in enumerate(found) if token.text == "("), None)
    if opening is None:
        raise ValueError(f"No index in {sql!r}: a bracket with its columns is missing.")
    written = found[opening + 1 : closing(found, opening)]
    parts = tuple(_words(sql, part) for part in split_commas(written))
    return IndexText(parts, "UNIQUE" in {token.keyword for token in found[:opening]}, index_where(sql))


def split_order(part: str) -> tuple[str, str]:
    """Return a part without its order, and the order; ascending, which goes without saying, is empty.

    >>> split_order("lower(a) desc"), split_order("b ASC")
    (('lower(a)', 'DESC'), ('b', ''))
    """
    found = tokens(part, "sqlite")
    order = found[-1].keyword if len(found) > 1 else ""
    if order not in _ORDERS:
        return part, ""
    return part[: found[-1].start].rstrip(), "" if order == "ASC" else order


def _words(sql: str, part: Sequence[Token]) -> str:
    return sql[part[0].start : part[-1].end]
