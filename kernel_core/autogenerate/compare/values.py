"""Indexes, unique constraints and foreign keys of either side as frozen values, so that sets of them can be compared.

What a database adds by itself (``NO ACTION``, a cast in an expression) is left out, and what it does not keep in order
(the columns of a unique constraint) is sorted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import Dialect
from sqlalchemy.schema import Column, ForeignKeyConstraint, Index, UniqueConstraint

from ...util.sqla_compat import referent, sql_text
from ..catalogue.values import Key
from ..context import names


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


@dataclass(frozen=True, slots=True)
class ForeignKeyValue:
    """What makes a foreign key the same as another: pairs of columns, the referred table, and what follows a change."""

    pairs: tuple[tuple[str, str], ...]
    referred: Key
    onupdate: str = ""
    ondelete: str = ""
    deferrable: bool = False
    initially: str = ""


def unique_of_model(constraint: UniqueConstraint) -> UniqueValue:
    """Return the value of a unique constraint of the models."""
    distinct = constraint.dialect_kwargs.get("postgresql_nulls_not_distinct")
    return UniqueValue(tuple(sorted(names(constraint.columns))), bool(distinct))


def unique_of_database(info: Mapping[str, Any]) -> UniqueValue:
    """Return the value of a unique constraint as the Inspector gives it."""
    options = info.get("dialect_options") or {}
    return UniqueValue(tuple(sorted(info["column_names"])), bool(options.get("postgresql_nulls_not_distinct")))


def index_of_model(index: Index, dialect: Dialect) -> IndexValue:
    """Return the value of an index of the models."""
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


def index_of_database(info: Mapping[str, Any]) -> IndexValue:
    """Return the value of an index as the Inspector gives it."""
    options = info.get("dialect_options") or {}
    return IndexValue(
        tuple(
            normal_expression(part.text) if part.is_expression or part.sorting else part.text
            for part in index_parts(info)
        ),
        bool(info["unique"]),
        tuple(sorted(options.get("postgresql_include") or ())),
        bool(options.get("postgresql_nulls_not_distinct")),
        bool(options.get("postgresql_invalid")),
    )


@dataclass(frozen=True, slots=True)
class IndexPart:
    """One column or expression of a reflected index; ``text`` ends with the sorting, if it states one."""

    name: str
    is_expression: bool
    sorting: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The part as DDL has it, its name not quoted."""
        words = {"asc": "ASC", "desc": "DESC", "nulls_first": "NULLS FIRST", "nulls_last": "NULLS LAST"}
        return " ".join((self.name, *(words.get(word, word) for word in self.sorting)))


def index_parts(info: Mapping[str, Any]) -> list[IndexPart]:
    """Return what a reflected index is over."""
    columns = info["column_names"]
    expressions = info.get("expressions") or columns
    sorting = info.get("column_sorting") or {}
    return [
        IndexPart(str(expression), column is None, tuple(sorting.get(expression, ())))
        for column, expression in zip(columns, expressions, strict=True)
    ]


def is_over_expressions(index: Index) -> bool:
    """Tell whether an index is over more than plain columns."""
    return any(not isinstance(part, Column) for part in index.expressions)


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


def _action(text: Any) -> str:
    """A missing action and ``NO ACTION`` are the same in every database."""
    action = " ".join(str(text or "").upper().split())
    return "" if action == "NO ACTION" else action


def _timing(deferrable: Any, initially: Any) -> tuple[bool, str]:
    """``INITIALLY DEFERRED`` implies DEFERRABLE, and IMMEDIATE is what goes without saying (SQL standard, 10.8)."""
    word = str(initially or "").upper()
    return bool(deferrable) or word == "DEFERRED", "" if word == "IMMEDIATE" else word


def foreign_key_of_model(constraint: ForeignKeyConstraint, default_schema: str | None) -> ForeignKeyValue:
    """Return the value of a foreign key of the models."""
    schema, table, columns = referent(constraint)
    local = [str(key.parent.name) for key in constraint.elements]
    return ForeignKeyValue(
        tuple(sorted(zip(local, columns, strict=True))),
        (None if schema == default_schema else schema, table),
        _action(constraint.onupdate),
        _action(constraint.ondelete),
        *_timing(constraint.deferrable, constraint.initially),
    )


def foreign_key_of_database(info: Mapping[str, Any], default_schema: str | None) -> ForeignKeyValue:
    """Return the value of a foreign key as the Inspector gives it."""
    options = info.get("options") or {}
    schema = info["referred_schema"]
    return ForeignKeyValue(
        tuple(sorted(zip(info["constrained_columns"], info["referred_columns"], strict=True))),
        (None if schema == default_schema else schema, info["referred_table"]),
        _action(options.get("onupdate")),
        _action(options.get("ondelete")),
        *_timing(options.get("deferrable"), options.get("initially")),
    )
