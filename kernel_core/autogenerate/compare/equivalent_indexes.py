"""Indexes whose expressions differ as text: compared by the text that the database stores, in one query for all tables.

``lower((name)::text)`` of the database and ``lower(name)`` of the metadata are the same where PostgreSQL stores the
first for the second. An expression that the server refuses differs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sqlalchemy.engine import Dialect
from sqlalchemy.schema import Index

from ...ddl.signature import parts_of_index
from ...util.sql import IndexPart, normal_sql
from ...util.sqla_compat import final_name
from ..context import AutogenContext
from ..databases import Expression, TablePair
from ..databases.catalog import IndexInfo, Key
from ..databases.signature import index_parts
from .canonical import are_equal, canonical_forms


class SameIndex(NamedTuple):
    """The table and name of an index that is equal on both sides although its texts differ."""

    table: Key
    name: str


def equivalent_indexes(context: AutogenContext, pairs: Iterable[TablePair]) -> frozenset[SameIndex]:
    """Return the indexes over expressions for which the database stores one text."""
    compared: list[tuple[SameIndex, list[tuple[Expression, Expression]]]] = []
    for pair in pairs:
        there = {str(item.name): item for item in pair.info.indexes if item.expressions or item.parts}
        if not there:
            continue
        for index in pair.model.indexes:
            name = str(final_name(index, context.dialect))
            unequal = list(_unequal_parts(index, there[name], context.dialect)) if name in there else []
            if unequal and all(_may_be_same(context, pair, before, after) for before, after in unequal):
                expressions = [_expressions(context, pair, before, after) for before, after in unequal]
                compared.append((SameIndex(pair.info.key, name), expressions))
    every = [each for _, expressions in compared for both in expressions for each in both]
    forms = canonical_forms(context, every, warns=False)
    return frozenset(
        index for index, expressions in compared if all(are_equal(forms[one], forms[two]) for one, two in expressions)
    )


def _unequal_parts(index: Index, item: IndexInfo, dialect: Dialect) -> Iterator[tuple[IndexPart, IndexPart]]:
    """Yield the parts of both sides that differ as text; those of the database first."""
    found = [part.parsed(dialect) for part in index_parts(item)]
    wanted = parts_of_index(index, dialect)
    if len(found) == len(wanted):
        yield from (
            (one, two) for one, two in zip(found, wanted, strict=True) if one.normal(dialect) != two.normal(dialect)
        )


def _may_be_same(context: AutogenContext, pair: TablePair, found: IndexPart, wanted: IndexPart) -> bool:
    """Return whether all but the expression is the same; the collation of a column is implied."""
    if found.order != wanted.order:
        return False
    if normal_sql(found.collation, context.dialect) == normal_sql(wanted.collation, context.dialect):
        return True
    column = pair.info.columns.get(wanted.expression.strip('"'))
    implied = getattr(column.type, "collation", None) if column is not None else None
    return not found.collation and implied is not None and wanted.collation.strip('"') == implied


def _expressions(
    context: AutogenContext, pair: TablePair, found: IndexPart, wanted: IndexPart
) -> tuple[Expression, Expression]:
    """Return two expressions as conditions, so that they can be of any type."""
    texts = (f"({part.expression}) IS NOT NULL" for part in (found, wanted))
    return Expression.of_both(context.dialect, pair, "where", *texts)
