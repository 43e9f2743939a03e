"""Compare unique constraints and foreign keys: added and dropped ones."""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeVar

from sqlalchemy.schema import ForeignKeyConstraint, UniqueConstraint

from ...ddl.overrides import same_by_hook
from ...ddl.signature import UniqueSignature, unique_signature
from ...util.sqla_compat import final_name
from ..context import AutogenContext
from ..databases.catalog import ForeignKeyInfo, TableInfo
from ..databases.signature import (
    ForeignKeySignature,
    foreign_key_signature,
    reflected_foreign_key_signature,
    reflected_unique_signature,
)
from .changes import Changes
from .copies import create_foreign_key, create_unique, drop_constraint
from .dropped import with_complete_reverse
from .reflect import Database
from .sides import Sides

Item = TypeVar("Item")
NamedUnique = tuple[str | None, UniqueSignature]


def compare_uniques(
    context: AutogenContext, database: Database, info: TableInfo, sides: Sides, changes: Changes
) -> None:
    """Add the operations that drop and add unique constraints.

    Constraints with a name are equal if their names and columns are; one without a name is equal to any with its
    columns. A constraint to which the database gives no name cannot be dropped, and stays.
    """
    found = [(item.name, reflected_unique_signature(item)) for item in sides.uniques]
    missing, kept = _match_uniques(context, database, info, sides, found)
    if not missing and len(kept) == len(found):
        return
    for position, (name, value) in enumerate(found):
        if position in kept or name is None or sides.uniques[position].inherited:
            continue
        existing = _unique_in(database, info, name, value)
        counterpart = next((c for c in missing if final_name(c, context.dialect) == name), None)
        if existing is None:
            continue
        if context.run_object_filters(existing, name, "unique_constraint", True, counterpart):
            drop = drop_constraint(existing, context)
            drop = with_complete_reverse(context, info.key, sides.uniques[position], drop)
            changes.dropped_constraints.append(drop)
        elif counterpart is not None:
            missing.remove(counterpart)
    for constraint in missing:
        wanted = final_name(constraint, context.dialect)
        replaced = next((_unique_in(database, info, *item) for item in found if wanted and item[0] == wanted), None)
        if context.run_object_filters(constraint, wanted, "unique_constraint", False, replaced):
            changes.added_constraints.append(create_unique(constraint, context.dialect))


def _match_uniques(
    context: AutogenContext, database: Database, info: TableInfo, sides: Sides, found: list[NamedUnique]
) -> tuple[list[UniqueConstraint], set[int]]:
    """Return the constraints of the metadata that the database lacks, and the positions of those that it has.

    PostgreSQL leaves out a UNIQUE over the columns of the primary key or of another UNIQUE of its CREATE TABLE.
    """
    wanted = [(unique, unique_signature(unique)) for unique in sides.model_uniques]
    wanted.sort(key=lambda each: (each[0].name is None, str(each[0].name), each[1].columns))
    kept: set[int] = set()
    missing: list[UniqueConstraint] = []
    for constraint, value in wanted:
        name = final_name(constraint, context.dialect)
        position = _same_unique(name, value, found, kept)
        namesake = _namesake(name, found, kept)
        if namesake is not None:
            decided = _same_by_hook(context, database, info, constraint, found[namesake])
            position = position if decided is None else namesake if decided else None
        if position is not None:
            kept.add(position)
        elif not _is_stored_as_index(context, constraint, info):
            missing.append(constraint)
    if missing and context.rules.omits_repeated_uniques:
        merged = {found[position][1] for position in kept} | {UniqueSignature(tuple(sorted(_key_columns(info))))}
        missing = [constraint for constraint in missing if unique_signature(constraint) not in merged]
    return missing, kept


def _key_columns(info: TableInfo) -> list[str]:
    return list(info.primary_key.constrained_columns or ())


def _namesake(name: str | None, found: list[NamedUnique], taken: set[int]) -> int | None:
    """Return the position of the constraint of the database with the name of the metadata's."""
    for position, (other, _) in enumerate(found) if name is not None else ():
        if other is not None and str(other) == name and position not in taken:
            return position
    return None


def _same_by_hook(
    context: AutogenContext,
    database: Database,
    info: TableInfo,
    model: UniqueConstraint,
    item: NamedUnique,
) -> bool | None:
    return same_by_hook(context.impl, "compare_unique_constraint", model, lambda: _unique_in(database, info, *item))


def _same_unique(name: str | None, value: UniqueSignature, found: list[NamedUnique], taken: set[int]) -> int | None:
    """Return the position of the constraint of the database that is equal to the metadata's."""
    same = [i for i, (_, other) in enumerate(found) if other == value and i not in taken]
    exact = [i for i in same if found[i][0] is not None and str(found[i][0]) == name]
    loose = [i for i in same if name is None or found[i][0] is None]
    return next(iter(exact + loose), None)


def _is_stored_as_index(context: AutogenContext, constraint: UniqueConstraint, info: TableInfo) -> bool:
    """Return whether the database stores a unique constraint of the metadata as a unique index."""
    if not context.rules.stores_uniques_as_indexes:
        return False
    name = final_name(constraint, context.dialect)
    columns = sorted(str(column.name) for column in constraint.columns)
    return any(
        index.unique and sorted(map(str, index.column_names)) == columns and name in (None, index.name)
        for index in info.indexes
    )


def _unique_in(
    database: Database, info: TableInfo, name: str | None, value: UniqueSignature
) -> UniqueConstraint | None:
    """Return the reflected constraint; None where a hook excludes one of its columns."""
    for constraint in database.table(info.key).constraints:
        if isinstance(constraint, UniqueConstraint) and (constraint.name, unique_signature(constraint)) == (
            name,
            value,
        ):
            return constraint
    return None


def compare_foreign_keys(
    context: AutogenContext, database: Database, info: TableInfo, sides: Sides, changes: Changes
) -> None:
    """Add the operations that drop and add foreign keys; keys with equal columns, target and actions are equal."""
    default_schema = database.default_schema
    found: dict[ForeignKeySignature, ForeignKeyInfo] = {}
    for item in sides.foreign_keys:
        if context.run_name_filters(item.name, "foreign_key_constraint", info.parents):
            found[reflected_foreign_key_signature(item, default_schema)] = item
    wanted: dict[ForeignKeySignature, ForeignKeyConstraint] = {}
    for constraint in sorted(sides.model_foreign_keys, key=lambda c: (str(c.name), c.column_keys)):
        wanted[_comparable(context, foreign_key_signature(constraint, default_schema), found)] = constraint
    for value, item in found.items():
        if value in wanted or item.inherited:
            continue
        existing = _foreign_key_in(database, info, value)
        counterpart = _with_pairs(wanted, value, found)
        if existing is not None and context.run_object_filters(
            existing, item.name, "foreign_key_constraint", True, counterpart
        ):
            drop = drop_constraint(existing, context)
            drop = with_complete_reverse(context, info.key, item, drop)
            changes.dropped_foreign_keys.append(drop)
    for value, constraint in wanted.items():
        if value in found:
            continue
        old = _with_pairs(found, value, wanted)
        old_value = None if old is None else reflected_foreign_key_signature(old, default_schema)
        compare_to = None if old_value is None else _foreign_key_in(database, info, old_value)
        name = final_name(constraint, context.dialect)
        if context.run_object_filters(constraint, name, "foreign_key_constraint", False, compare_to):
            changes.added_foreign_keys.append(create_foreign_key(constraint, context.dialect))


def _comparable(
    context: AutogenContext, value: ForeignKeySignature, found: dict[ForeignKeySignature, ForeignKeyInfo]
) -> ForeignKeySignature:
    """Return the key of the database that differs only in options that the database does not distinguish."""
    if value in found:
        return value
    comparable = context.rules.comparable
    return next((other for other in found if comparable(other) == comparable(value)), value)


def _with_pairs(
    candidates: dict[ForeignKeySignature, Item], value: ForeignKeySignature, others: Collection[ForeignKeySignature]
) -> Item | None:
    """Return the candidate over the same columns that is equal to none of the others."""
    for candidate, item in candidates.items():
        if candidate.pairs == value.pairs and candidate not in others:
            return item
    return None


def _foreign_key_in(database: Database, info: TableInfo, value: ForeignKeySignature) -> ForeignKeyConstraint | None:
    """Return the reflected constraint; None where a hook excludes one of its columns."""
    for constraint in database.table(info.key).foreign_key_constraints:
        if foreign_key_signature(constraint, database.default_schema) == value:
            return constraint
    return None
