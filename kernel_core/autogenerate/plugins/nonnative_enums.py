"""Enum and Boolean types that keep their values by a named CHECK: whether it lists the same values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy.schema import CheckConstraint, Column
from sqlalchemy.types import Enum

from ...operations.kinds.column import AlterColumnOp
from ...runtime.plugins import Plugin
from ...util.sqla_compat import final_name, is_type_bound
from ..canonical import Question, canonical, plain_sql
from ..compare.found import Found, Pair
from ..compare.reflect import Database
from ..compare.server_defaults import known_default
from ..context import AutogenContext
from .checks import condition, model_checks


def setup(plugin: Plugin) -> None:
    """Compare everywhere."""
    plugin.add_autogenerate_comparator(compare_values, "tables", "nonnative_enums")


def compare_values(context: AutogenContext, database: Database, found: Found) -> None:
    """Find Enum columns whose check, of the type's name, lists other values than the type."""
    asked: list[tuple[Pair, Column[Any], Mapping[str, Any], Question, Question]] = []
    for pair in found.both:
        there: dict[str | None, Mapping[str, Any]] = {each["name"]: each for each in pair.info.checks}
        for column, constraint in _enum_checks(context, pair):
            item = there.get(final_name(constraint, context.dialect))
            if item is None:
                continue
            before, after = str(item["sqltext"]), condition(context, constraint)
            if plain_sql(before) == plain_sql(after):
                continue
            one = Question.about(context, pair, "check", before)
            asked.append((pair, column, item, one, Question.about(context, pair, "check", after)))
    answers = canonical(context, [question for *_, one, two in asked for question in (one, two)])
    for pair, column, item, one, two in asked:
        if answers[two] is not None and answers[two] not in (one.sql, answers[one]):
            _note(context, database, pair, column, item)


def _enum_checks(context: AutogenContext, pair: Pair) -> list[tuple[Column[Any], CheckConstraint]]:
    """Return the columns of both sides whose Enum type makes a named check here, each with that check."""
    named = [each for each in model_checks(context, pair) if is_type_bound(each) and each.name is not None]
    enums = [each for each in pair.model.columns if isinstance(each.type, Enum) and str(each.name) in pair.info.columns]
    return [(column, check) for check in named for column in enums if list(check.columns) == [column]]


def _note(
    context: AutogenContext, database: Database, pair: Pair, column: Column[Any], item: Mapping[str, Any]
) -> None:
    """Let the alteration of the column go from the old list of values to the new one: it changes the check along."""
    schema, table = pair.info.key
    name = str(column.name)
    there = [each for each in pair.changes.altered_columns if isinstance(each, AlterColumnOp)]
    alteration = next((each for each in there if each.column_name == name), None)
    inspected = database.column(pair.info.key, name)
    if alteration is None:
        if not context.run_object_filters(column, name, "column", False, inspected):
            return
        alteration = AlterColumnOp(
            table,
            name,
            schema=schema,
            existing_nullable=bool(inspected.nullable),
            existing_server_default=known_default(inspected),
            existing_comment=inspected.comment,
        )
        pair.changes.altered_columns.append(alteration)
    alteration.existing_type = Enum(
        *_values(item["sqltext"]),
        name=str(item["name"]),
        native_enum=False,
        create_constraint=True,
        length=getattr(inspected.type, "length", None),
    )
    alteration.modify_type = column.type


def _values(condition_text: str) -> list[str]:
    """Return the values that a check lists, ``kind IN ('a', 'it''s')`` as any database spells it."""
    found = re.findall(r"'((?:[^'\\]|''|\\.)*)'", condition_text)
    return list(dict.fromkeys(value.replace("''", "'").replace("\\'", "'") for value in found))
