"""Exclude constraints, from the definitions in the catalog of PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.sql.elements import conv

from ....operations.kinds.exclude_constraint import CreateExcludeConstraintOp, Element
from ....util.sql import Token, closing, split_commas, tokens
from ....util.sqla_compat import literal_text, new_exclude_constraint
from ..catalog import Arguments, ExcludeInfo

if TYPE_CHECKING:
    from sqlalchemy.dialects.postgresql import ExcludeConstraint


def create_exclude_constraint(name: str, table: str, definition: str, schema: str | None) -> CreateExcludeConstraintOp:
    """Return the operation that adds a constraint by its definition in the catalog.

    >>> create_exclude_constraint("e", "t", "EXCLUDE USING gist (a WITH =, b WITH &&) WHERE (c > 1)", None).sentence()
    'Create exclude constraint e on t (a =, b &&, where c > 1)'
    """
    elements, options = _parts(definition)
    return CreateExcludeConstraintOp(conv(name), table, elements, schema=schema, **options)


def exclude_constraint(info: ExcludeInfo) -> ExcludeConstraint:
    """Return a reflected exclude constraint; its columns are named."""
    elements, options = _parts(str(info.definition))
    return new_exclude_constraint(*elements, name=conv(str(info.name)), **options)


def _parts(definition: str) -> tuple[list[Element], Arguments]:
    """Return the elements with their operators, and the further arguments of the constraint."""
    found = tokens(definition, "postgresql")
    opening = next(place for place, token in enumerate(found) if token.text == "(")
    end = closing(found, opening)
    elements = [_element(run, definition) for run in split_commas(found[opening + 1 : end])]
    options: Arguments = {}
    keywords = [token.keyword for token in found]
    if "USING" in keywords[:opening]:
        options["using"] = found[keywords.index("USING") + 1].name
    if "WHERE" in keywords[end:]:
        start = keywords.index("WHERE", end) + 1
        stop = closing(found, start)
        options["where"] = literal_text(definition[found[start].end : found[stop].start])
    if "DEFERRABLE" in keywords[end:]:
        options["deferrable"] = True
    if "DEFERRED" in keywords[end:]:
        options["initially"] = "DEFERRED"
    return elements, options


def _element(run: list[Token], definition: str) -> tuple[Any, str]:
    place = max(number for number, token in enumerate(run) if token.keyword == "WITH")
    operator = definition[run[place].end : run[-1].end].strip()
    if place == 1:
        return run[0].name, operator
    return literal_text(definition[run[0].start : run[place - 1].end]), operator
