"""The constraints and indexes of one table on both sides, after the hooks of a third-party dialect."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy.schema import ForeignKeyConstraint, Index, Table, UniqueConstraint

from ...ddl.impl import DefaultImpl
from ...ddl.overrides import is_overridden
from ...ddl.signature import unique_signature
from ..context import AutogenContext
from ..databases.catalog import ForeignKeyInfo, IndexInfo, TableInfo, UniqueInfo
from ..databases.signature import foreign_key_signature, reflected_foreign_key_signature, reflected_unique_signature
from .reflect import Database


class Sides(NamedTuple):
    """The parts of the reflected table as rows, those of the metadata as objects."""

    uniques: list[UniqueInfo]
    indexes: list[IndexInfo]
    foreign_keys: list[ForeignKeyInfo]
    model_uniques: list[UniqueConstraint]
    model_indexes: list[Index]
    model_foreign_keys: list[ForeignKeyConstraint]


def sides_of(context: AutogenContext, database: Database, info: TableInfo, model: Table) -> Sides:
    """Return the parts that are compared; documented hooks of ``DefaultImpl`` may remove some."""
    uniques = [constraint for constraint in model.constraints if isinstance(constraint, UniqueConstraint)]
    found = Sides(
        info.uniques, info.indexes, info.foreign_keys, uniques, list(model.indexes), list(model.foreign_key_constraints)
    )
    if is_overridden(context.impl, "correct_for_autogen_constraints"):
        found = _without_constraints(context.impl, database, info, found)
    if is_overridden(context.impl, "correct_for_autogen_foreignkeys"):
        found = _without_keys(context.impl, database, info, found)
    return found


def indexes_of_one_side(context: AutogenContext, table: Table, *, of_models: bool) -> list[Index]:
    """Return the indexes of a created or dropped table, after the same hook."""
    indexes = set(table.indexes)
    if is_overridden(context.impl, "correct_for_autogen_constraints"):
        uniques = {constraint for constraint in table.constraints if isinstance(constraint, UniqueConstraint)}
        sides: list[set[Any]] = [set(), set(), uniques, indexes] if of_models else [uniques, indexes, set(), set()]
        context.impl.correct_for_autogen_constraints(*sides)
    return [index for index in table.indexes if index in indexes]


def _without_constraints(impl: DefaultImpl, database: Database, info: TableInfo, sides: Sides) -> Sides:
    table = database.table(info.key)
    uniques = {constraint for constraint in table.constraints if isinstance(constraint, UniqueConstraint)}
    indexes, model_uniques, model_indexes = set(table.indexes), set(sides.model_uniques), set(sides.model_indexes)
    impl.correct_for_autogen_constraints(uniques, indexes, model_uniques, model_indexes)
    kept = {(constraint.name, unique_signature(constraint)) for constraint in uniques}
    named = {index.name for index in indexes}
    return sides._replace(
        uniques=[item for item in sides.uniques if (item.name, reflected_unique_signature(item)) in kept],
        indexes=[item for item in sides.indexes if item.name in named],
        model_uniques=[constraint for constraint in sides.model_uniques if constraint in model_uniques],
        model_indexes=[index for index in sides.model_indexes if index in model_indexes],
    )


def _without_keys(impl: DefaultImpl, database: Database, info: TableInfo, sides: Sides) -> Sides:
    schema = database.default_schema
    keys, model_keys = set(database.table(info.key).foreign_key_constraints), set(sides.model_foreign_keys)
    impl.correct_for_autogen_foreignkeys(keys, model_keys)
    kept = {foreign_key_signature(key, schema) for key in keys}
    return sides._replace(
        foreign_keys=[item for item in sides.foreign_keys if reflected_foreign_key_signature(item, schema) in kept],
        model_foreign_keys=[key for key in sides.model_foreign_keys if key in model_keys],
    )
