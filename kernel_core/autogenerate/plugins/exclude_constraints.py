"""Exclude constraints of PostgreSQL: new, gone, or of another definition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import ExcludeConstraint

from ...ddl.sqlite.tokens import Token, closing, split_commas, tokens
from ...operations.kinds.constraint import DropConstraintOp
from ...operations.kinds.exclude_constraint import CreateExcludeConstraintOp
from ...runtime.plugins import Plugin
from ...util.sqla_compat import ddl_compiler, final_name
from ..canonical import Question, canonical
from ..compare.found import Found, Pair
from ..compare.reflect import Database, final
from ..context import AutogenContext


def setup(plugin: Plugin) -> None:
    """Compare on PostgreSQL alone."""
    plugin.add_autogenerate_comparator(compare_excludes, "tables", "exclude_constraints", qualifier="postgresql")


def compare_excludes(context: AutogenContext, database: Database, found: Found) -> None:
    """Find exclude constraints; those of one name by their definitions, those without by the definition alone."""
    asked: dict[tuple[int, ExcludeConstraint], Question] = {}
    for number, pair in enumerate(found.both):
        for constraint in _of_model(pair):
            asked[number, constraint] = Question.about(context, pair, "exclude", _definition(context, constraint))
    answers = canonical(context, asked.values())
    for number, pair in enumerate(found.both):
        left: list[Mapping[str, Any]] = list(pair.info.excludes)
        missing: list[ExcludeConstraint] = []
        for constraint in _of_model(pair):
            name, said = final_name(constraint, context.dialect), answers[asked[number, constraint]]
            named = [each for each in left if name in (None, each["name"])]
            same = next((each for each in named if said in (None, each["definition"])), None)
            if same is None:
                missing.append(constraint)
            else:
                left.remove(same)
        _note(context, pair, left, missing)


def _of_model(pair: Pair) -> list[ExcludeConstraint]:
    found = [each for each in pair.model.constraints if isinstance(each, ExcludeConstraint)]
    return sorted(found, key=lambda each: (each.name is None, str(each.name)))


def _definition(context: AutogenContext, constraint: ExcludeConstraint) -> str:
    """Return ``EXCLUDE USING gist (...)`` without the name."""
    words = ddl_compiler(context.dialect).process(constraint)
    return words[words.index("EXCLUDE") :].replace("%%", "%")


def _note(context: AutogenContext, pair: Pair, gone: list[Mapping[str, Any]], missing: list[ExcludeConstraint]) -> None:
    schema, table = pair.info.key
    for item in gone:
        creation = creation_of(str(item["name"]), table, item["definition"], schema)
        pair.changes.dropped_constraints.append(
            DropConstraintOp(final(item["name"]), table, schema=schema, _reverse=creation)
        )
    for constraint in missing:
        addition = CreateExcludeConstraintOp.from_constraint(constraint)
        addition.constraint_name = final_name(constraint, context.dialect)
        pair.changes.added_constraints.append(addition)


def creation_of(name: str, table: str, definition: str, schema: str | None) -> CreateExcludeConstraintOp:
    """Return the operation that makes a constraint of which the database's definition is known.

    >>> creation_of("e", "t", "EXCLUDE USING gist (a WITH =, b WITH &&) WHERE (c > 1)", None).sentence()
    'Create exclude constraint e on t (a =, b &&, where c > 1)'
    """
    found = tokens(definition)
    opening = next(place for place, token in enumerate(found) if token.text == "(")
    end = closing(found, opening)
    elements = [_element(run, definition) for run in split_commas(found[opening + 1 : end])]
    options: dict[str, Any] = {}
    keywords = [token.keyword for token in found]
    if "USING" in keywords[:opening]:
        options["using"] = found[keywords.index("USING") + 1].name
    if "WHERE" in keywords[end:]:
        start = keywords.index("WHERE", end) + 1
        stop = closing(found, start)
        options["where"] = definition[found[start].end : found[stop].start]
    if "DEFERRABLE" in keywords[end:]:
        options["deferrable"] = True
    if "DEFERRED" in keywords[end:]:
        options["initially"] = "DEFERRED"
    return CreateExcludeConstraintOp(final(name), table, elements, schema=schema, **options)


def _element(run: list[Token], definition: str) -> tuple[Any, str]:
    place = max(number for number, token in enumerate(run) if token.keyword == "WITH")
    operator = definition[run[place].end : run[-1].end].strip()
    if place == 1:
        return run[0].name, operator
    return text(definition[run[0].start : run[place - 1].end].replace(":", r"\:")), operator
