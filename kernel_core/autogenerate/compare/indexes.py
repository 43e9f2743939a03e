"""Indexes: which are new, which are gone, which are over something else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy.schema import Index, Table

from ...util.sqla_compat import final_name, is_made_on
from ..catalogue import TableInfo
from ..context import AutogenContext, names
from .changes import Changes
from .copies import create_index, drop_index
from .reflect import Database
from .sides import Sides
from .values import index_of_database, index_of_model


def compare_indexes(
    context: AutogenContext, database: Database, info: TableInfo, model: Table, sides: Sides, changes: Changes
) -> None:
    """Note what drops and makes indexes; they go by name, and a changed one is dropped and made again.

    An index that exists but cannot be described (SQLite, over expressions) counts as the same as its namesake.
    """
    found = {str(item["name"]): item for item in sides.indexes}
    wanted = {
        str(final_name(index, context.dialect)): index
        for index in sorted(sides.model_indexes, key=lambda index: str(index.name))
        if index.name is not None and is_made_on(index, context.dialect)
    }
    for name in [name for name, index in wanted.items() if _is_same(context, index, found.get(name))]:
        del wanted[name], found[name]
    keys = _keys_that_stay(context, info, model)
    for name, item in found.items():
        existing = _index_in(database, info, name)
        if existing is None or (name not in wanted and belongs_to_a_key(context, item, keys)):
            continue
        if context.run_object_filters(existing, name, "index", True, wanted.get(name)):
            changes.dropped_indexes.append(drop_index(existing))
        else:
            wanted.pop(name, None)
    for name, index in wanted.items():
        if name in info.unreadable or _is_such_a_constraint(context, name, info):
            continue
        existing = _index_in(database, info, name) if name in found else None
        if context.run_object_filters(index, name, "index", False, existing):
            changes.added_indexes.append(create_index(index, context.dialect))


def _is_same(context: AutogenContext, index: Index, item: Mapping[str, Any] | None) -> bool:
    return item is not None and index_of_model(index, context.dialect) == index_of_database(item)


def _index_in(database: Database, info: TableInfo, name: str) -> Index | None:
    return next((index for index in database.table(info.key).indexes if index.name == name), None)


def belongs_to_a_key(context: AutogenContext, item: Mapping[str, Any], keys: Iterable[Sequence[str]]) -> bool:
    """Tell whether a foreign key from such columns needs the index.

    MySQL and MariaDB make one for each foreign key, and don't let it go while the key is there.
    """
    if context.dialect.name not in ("mysql", "mariadb"):
        return False
    columns = list(item["column_names"])
    return any(columns == list(key)[: len(columns)] for key in keys)


def keys_of_database(info: TableInfo) -> list[Sequence[str]]:
    """Return the columns of each foreign key that is there."""
    return [key["constrained_columns"] for key in info.foreign_keys]


def _keys_that_stay(context: AutogenContext, info: TableInfo, model: Table) -> list[Sequence[str]]:
    """Return the columns of each foreign key that will be there; a hook may keep one that the models lack."""
    kept: list[Sequence[str]] = [
        names(element.parent for element in key.elements) for key in model.foreign_key_constraints
    ]
    return [*kept, *keys_of_database(info)] if context.filters_objects or context.filters_names else kept


def _is_such_a_constraint(context: AutogenContext, name: str, info: TableInfo) -> bool:
    """The same the other way round: the model's unique index is shown as a constraint."""
    return context.dialect.name in ("mysql", "mariadb") and any(unique["name"] == name for unique in info.uniques)
