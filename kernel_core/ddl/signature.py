"""The signature of an index or a unique constraint: a tuple, equal for objects that need no change.

Parts whose order a database does not store (the columns of a unique constraint) are sorted.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy.engine import Dialect
from sqlalchemy.schema import Column, Index, UniqueConstraint
from sqlalchemy.sql.elements import ClauseElement

from ..util.sql import IndexPart, grammar_of, index_part, normal_name
from ..util.sqla_compat import ddl_sql, dialect_options, quoted_name


class UniqueSignature(NamedTuple):
    """The signature of a unique constraint: its columns, and whether NULLs are equal."""

    columns: tuple[str, ...]
    nulls_not_distinct: bool = False


class IndexSignature(NamedTuple):
    """The signature of an index: its columns or expressions in order, its uniqueness, its further properties.

    ``parts`` are in normal form, with collation and order.
    """

    parts: tuple[str, ...]
    unique: bool
    include: tuple[str, ...] = ()
    nulls_not_distinct: bool = False
    is_invalid: bool = False


def unique_signature(constraint: UniqueConstraint) -> UniqueSignature:
    """Return the signature of a unique constraint, of the metadata or reflected."""
    distinct = dict(dialect_options(constraint)).get("postgresql_nulls_not_distinct")
    return UniqueSignature(tuple(sorted([str(column.name) for column in constraint.columns])), bool(distinct))


def index_signature(index: Index, dialect: Dialect) -> IndexSignature:
    """Return the signature of an index, of the metadata or reflected."""
    is_postgresql, options = dialect.name == "postgresql", dict(dialect_options(index))
    include = options.get("postgresql_include") or ()
    return IndexSignature(
        _normal_parts(index, dialect, has_options=bool(options)),
        bool(index.unique),
        tuple(sorted(str(getattr(column, "name", column)) for column in include)) if is_postgresql else (),
        is_postgresql and bool(options.get("postgresql_nulls_not_distinct")),
    )


def _normal_parts(index: Index, dialect: Dialect, *, has_options: bool) -> tuple[str, ...]:
    grammar = grammar_of(dialect)
    columns = [part for part in index.expressions if isinstance(part, Column)]
    if not has_options and len(columns) == len(index.expressions):
        return tuple([normal_name(str(column.name), grammar) for column in columns])
    return tuple(part.normal(grammar) for part in parts_of_index(index, dialect))


def parts_of_index(index: Index, dialect: Dialect) -> list[IndexPart]:
    """Return the parts of an index, of the metadata or reflected, with the operator classes of ``postgresql_ops``."""
    ops = (index.dialect_kwargs.get("postgresql_ops") or {}) if dialect.name == "postgresql" else {}
    return [_part(part, str(ops.get(getattr(part, "key", None), "")), dialect) for part in index.expressions]


def _part(part: str | ClauseElement, words: str, dialect: Dialect) -> IndexPart:
    if not isinstance(part, Column):
        return index_part(f"{ddl_sql(part, dialect)} {words}", dialect)
    name = quoted_name(str(part.name), dialect)
    return index_part(f"{name} {words}", dialect) if words else IndexPart(name)
