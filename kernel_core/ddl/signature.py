"""What makes an index or a unique constraint the same as another: frozen values, so that they can be compared.

What a database adds by itself (a cast in an expression) is left out, and what it does not keep in order (the columns of
a unique constraint) is sorted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy.engine import Dialect
from sqlalchemy.schema import Column, Index, UniqueConstraint

from ..util.sqla_compat import sql_text


@dataclass(frozen=True, slots=True)
class UniqueValue:
    """What makes a unique constraint the same as another: its columns, and how it treats NULL."""

    columns: tuple[str, ...]
    nulls_not_distinct: bool = False


@dataclass(frozen=True, slots=True)
class IndexValue:
    """What makes an index the same as another: its columns or expressions in order, its uniqueness, its extras."""

    parts: tuple[str, ...]
    unique: bool
    include: tuple[str, ...] = ()
    nulls_not_distinct: bool = False
    is_invalid: bool = False


def unique_of_model(constraint: UniqueConstraint) -> UniqueValue:
    """Return the value of a unique constraint that is an object: of the models, or a reflected one."""
    distinct = constraint.dialect_kwargs.get("postgresql_nulls_not_distinct")
    return UniqueValue(tuple(sorted(str(column.name) for column in constraint.columns)), bool(distinct))


def index_of_model(index: Index, dialect: Dialect) -> IndexValue:
    """Return the value of an index that is an object: of the models, or a reflected one."""
    is_postgresql = dialect.name == "postgresql"
    include = index.dialect_kwargs.get("postgresql_include") or ()
    return IndexValue(
        tuple(
            str(part.name) if isinstance(part, Column) else normal_expression(sql_text(part, dialect))
            for part in index.expressions
        ),
        bool(index.unique),
        tuple(sorted(str(getattr(column, "name", column)) for column in include)) if is_postgresql else (),
        is_postgresql and bool(index.dialect_kwargs.get("postgresql_nulls_not_distinct")),
    )


_CAST = re.compile(
    r"::(?:\"[^\"]+\"|[a-z_]\w*)(?: (?:varying|precision|with(?:out)? time zone))?(?:\(\d+(?:, ?\d+)*\))?(?:\[\])?"
)
_TEXT = re.compile(r"('(?:[^']|'')*')")


def normal_expression(text: str) -> str:
    """Return the one spelling of an index expression: no casts, brackets, quotes, blanks or upper case outside texts.

    >>> normal_expression("lower((name)::text) DESC NULLS FIRST") == normal_expression("lower(name) DESC")
    True
    """
    pieces = _TEXT.split(text)
    for position in range(0, len(pieces), 2):
        pieces[position] = _CAST.sub("", pieces[position].lower())
    sorted_text = "".join(pieces)
    sorted_text = re.sub(r"\s+desc\s+nulls\s+first$", " desc", sorted_text)
    sorted_text = re.sub(r"(?<!desc)\s+nulls\s+last$", "", re.sub(r"\s+asc(?=$|\s+nulls)", "", sorted_text))
    pieces = _TEXT.split(sorted_text)
    for position in range(0, len(pieces), 2):
        pieces[position] = re.sub(r"[\s()\"`\[\]]+", "", pieces[position])
    return "".join(pieces)
