"""Reflected indexes and unique constraints, and foreign keys of either side, as values that can be compared.

Those of indexes and unique constraints that are objects are in `kernel_core.ddl.signature`. What a database adds by
itself (``NO ACTION``) is left out, and what it does not keep in order is sorted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy.engine import Dialect
from sqlalchemy.schema import Column, ForeignKeyConstraint, Index

from ...ddl.signature import IndexSignature, UniqueSignature
from ...util.sql import IndexPart, grammar_of, index_part, normal_name
from ...util.sqla_compat import quoted_name, referent
from .catalog import ForeignKeyInfo, IndexInfo, Key, UniqueInfo


class ForeignKeySignature(NamedTuple):
    """The parts by which foreign keys are compared: pairs of columns, the referred table, actions and timing."""

    pairs: tuple[tuple[str, str], ...]
    referred: Key
    onupdate: str = ""
    ondelete: str = ""
    deferrable: bool = False
    initially: str = ""


def reflected_unique_signature(info: UniqueInfo) -> UniqueSignature:
    """Return the signature of a reflected unique constraint."""
    options = info.dialect_options or {}
    return UniqueSignature(tuple(sorted(info.column_names)), bool(options.get("postgresql_nulls_not_distinct")))


def reflected_index_signature(info: IndexInfo, dialect: Dialect) -> IndexSignature:
    """Return the signature of a reflected index."""
    options, grammar = info.dialect_options or {}, grammar_of(dialect)
    is_plain = not (info.expressions or info.column_sorting or info.parts)
    return IndexSignature(
        tuple([normal_name(str(name), grammar) for name in info.column_names])
        if is_plain
        else tuple(part.parsed(dialect).normal(grammar) for part in index_parts(info)),
        bool(info.unique),
        tuple(sorted(options.get("postgresql_include") or ())),
        bool(options.get("postgresql_nulls_not_distinct")),
        bool(options.get("postgresql_invalid")),
    )


_ORDERS = {"asc": "ASC", "desc": "DESC", "nulls_first": "NULLS FIRST", "nulls_last": "NULLS LAST"}


@dataclass(frozen=True, slots=True)
class ReflectedPart:
    """One column or expression of a reflected index.

    ``name`` is the column's name, not quoted, or the expression; ``written`` is all of the part as the database spells
    it, where the catalog has that: with collation, operator class and order.
    """

    name: str
    is_expression: bool
    sorting: tuple[str, ...] = ()
    opclass: str = ""
    written: str | None = None

    @property
    def text(self) -> str:
        """The part as DDL has it; the name of a column is not quoted."""
        return " ".join((self.name, *(_ORDERS.get(word, word) for word in self.sorting)))

    def parsed(self, dialect: Dialect) -> IndexPart:
        """Return the expression, collation and order of the part."""
        if self.written is not None:
            return index_part(self.written, dialect)
        if self.is_expression:
            return index_part(self.text, dialect)
        column = IndexPart(quoted_name(self.name, dialect))
        return index_part(f"{column.expression} {self.text[len(self.name) :]}", dialect) if self.sorting else column


def index_parts(info: IndexInfo) -> list[ReflectedPart]:
    """Return the columns and expressions of a reflected index."""
    columns = info.column_names
    expressions = info.expressions or columns
    sorting = info.column_sorting
    classes = (info.dialect_options or {}).get("postgresql_ops") or {}
    texts: Sequence[str | None] = info.parts or [None] * len(columns)
    parts = zip(columns, map(str, expressions), texts, strict=True)
    return [
        ReflectedPart(part, column is None, tuple(sorting.get(part, ())), str(classes.get(part, "")), text)
        for column, part, text in parts
    ]


def is_over_expressions(index: Index) -> bool:
    """Return whether an index is over more than plain columns."""
    return any(not isinstance(part, Column) for part in index.expressions)


def _action(text: Any) -> str:
    """Return an action in upper case; empty for ``NO ACTION``, the default of every database."""
    action = " ".join(str(text).upper().split()) if text else ""
    return "" if action == "NO ACTION" else action


def _timing(deferrable: Any, initially: Any) -> tuple[bool, str]:
    """Return deferrable and initially: DEFERRED implies it, IMMEDIATE is the default (SQL standard, 10.8)."""
    word = str(initially or "").upper()
    return bool(deferrable) or word == "DEFERRED", "" if word == "IMMEDIATE" else word


def foreign_key_signature(constraint: ForeignKeyConstraint, default_schema: str | None) -> ForeignKeySignature:
    """Return the signature of a foreign key that is an object: of the metadata, or a reflected one."""
    schema, table, columns = referent(constraint)
    local = [str(key.parent.name) for key in constraint.elements]
    return ForeignKeySignature(
        tuple(sorted(zip(local, columns, strict=True))),
        (None if schema == default_schema else schema, table),
        _action(constraint.onupdate),
        _action(constraint.ondelete),
        *_timing(constraint.deferrable, constraint.initially),
    )


def reflected_foreign_key_signature(info: ForeignKeyInfo, default_schema: str | None) -> ForeignKeySignature:
    """Return the signature of a reflected foreign key."""
    options = info.options or {}
    schema = info.referred_schema
    return ForeignKeySignature(
        tuple(sorted(zip(info.constrained_columns, info.referred_columns, strict=True))),
        (None if schema == default_schema else schema, info.referred_table),
        _action(options.get("onupdate")),
        _action(options.get("ondelete")),
        *_timing(options.get("deferrable"), options.get("initially")),
    )
