"""Indexes whose expressions differ as text: the database formats both, in one query for all tables.

``lower((name)::text)`` of the database and ``lower(name)`` of the models are the same where PostgreSQL makes the first
of the second. A difference that the server cannot be asked about stays a difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy.engine import Dialect
from sqlalchemy.schema import Index

from ...ddl.signature import parts_of_index
from ...util.sql import IndexPart, normal_sql
from ...util.sqla_compat import final_name
from ..context import AutogenContext
from ..databases.canonical import Question, TablePair, canonical, differ
from ..databases.catalog import Key
from .values import index_parts


class SameIndex(NamedTuple):
    """An index, by its table and name, that is the same on both sides though its texts differ."""

    table: Key
    name: str


def equivalent_indexes(context: AutogenContext, pairs: Iterable[TablePair]) -> frozenset[SameIndex]:
    """Return the indexes over expressions that the database spells alike."""
    asked: list[tuple[SameIndex, list[tuple[Question, Question]]]] = []
    for pair in pairs:
        there = {str(item["name"]): item for item in pair.info.indexes if item.get("expressions") or item.get("parts")}
        if not there:
            continue
        for index in pair.model.indexes:
            name = str(final_name(index, context.dialect))
            unlike = list(_unlike(index, there[name], context.dialect)) if name in there else []
            if unlike and all(_may_be_same(pair, found, wanted) for found, wanted in unlike):
                questions = [_questions(context, pair, found, wanted) for found, wanted in unlike]
                asked.append((SameIndex(pair.info.key, name), questions))
    answers = canonical(context, [each for _, pairs_ in asked for pair_ in pairs_ for each in pair_], warns=False)
    return frozenset(
        same
        for same, questions in asked
        if all(answers[one] and answers[two] and not differ(answers[one], answers[two]) for one, two in questions)
    )


def _unlike(index: Index, item: Mapping[str, Any], dialect: Dialect) -> Iterator[tuple[IndexPart, IndexPart]]:
    """Yield the parts of both sides that differ as text; those of the database first."""
    found = [part.cut(dialect) for part in index_parts(item)]
    wanted = parts_of_index(index, dialect)
    if len(found) == len(wanted):
        yield from (
            (one, two) for one, two in zip(found, wanted, strict=True) if one.normal(dialect) != two.normal(dialect)
        )


def _may_be_same(pair: TablePair, found: IndexPart, wanted: IndexPart) -> bool:
    """Return whether all but the expression is the same; the collation of a column is implied."""
    if found.order != wanted.order:
        return False
    if normal_sql(found.collation, "postgresql") == normal_sql(wanted.collation, "postgresql"):
        return True
    column = pair.info.columns.get(wanted.expression.strip('"'))
    implied = getattr(column["type"], "collation", None) if column is not None else None
    return not found.collation and implied is not None and wanted.collation.strip('"') == implied


def _questions(
    context: AutogenContext, pair: TablePair, found: IndexPart, wanted: IndexPart
) -> tuple[Question, Question]:
    """Return questions about two expressions, put as conditions so that they may be of any type."""
    texts = (f"({part.expression}) IS NOT NULL" for part in (found, wanted))
    return Question.about_both(context, pair, "where", *texts)
