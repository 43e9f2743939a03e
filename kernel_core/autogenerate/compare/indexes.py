"""Compare indexes by name: added, dropped and changed ones."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from sqlalchemy.schema import Index, Table

from ...ddl.overrides import same_by_hook
from ...ddl.signature import index_signature
from ...util.sqla_compat import final_name, is_made_on
from ..context import AutogenContext, names
from ..databases.catalog import IndexInfo, TableInfo
from ..databases.signature import reflected_index_signature
from .changes import Changes
from .copies import create_index, drop_index
from .equivalent_indexes import SameIndex
from .foreign_key_indexes import foreign_key_columns, is_needed_by_key
from .reflect import Database
from .sides import Sides


def compare_indexes(
    context: AutogenContext,
    database: Database,
    info: TableInfo,
    model: Table,
    sides: Sides,
    changes: Changes,
    equivalent: Collection[SameIndex],
) -> None:
    """Add the operations that drop and create indexes; they are matched by name, and a changed one is re-created.

    An index that the Inspector cannot describe (SQLite, over expressions) is compared by its SQL if the metadata has
    one of its name, and stays otherwise. An invalid index of PostgreSQL is dropped before it is created again.
    """
    found = {str(item.name): item for item in sides.indexes}
    _warn_of_unfinished(context, info, found.values())
    wanted = {
        str(final_name(index, context.dialect)): index
        for index in sorted(sides.model_indexes, key=lambda index: str(index.name))
        if index.name is not None and is_made_on(index, context.dialect)
    }
    for name, index in list(wanted.items()):
        if _is_same(context, database, info, index, found.get(name), equivalent):
            del wanted[name], found[name]
    if not wanted and not found:
        return
    _compare_stored_sql(context, database, info, wanted, changes)
    for name in [name for name, item in found.items() if item.inherited]:  # they change with the parent's
        del found[name]
        wanted.pop(name, None)
    _add_drops(context, database, info, found, wanted, _remaining_keys(context, info, model), changes)
    for name, index in wanted.items():
        if _is_shown_as_constraint(context, name, info):
            continue
        existing = _index_in(database, info, name) if name in found else None
        if context.run_object_filters(index, name, "index", False, existing):
            changes.added_indexes.append(create_index(index, context.dialect))


def _add_drops(
    context: AutogenContext,
    database: Database,
    info: TableInfo,
    found: Mapping[str, IndexInfo],
    wanted: dict[str, Index],
    keys: Sequence[Sequence[str]],
    changes: Changes,
) -> None:
    """Add drops of the indexes ``found``; if a hook keeps one, the index of its name is removed from ``wanted``."""
    for name, item in found.items():
        existing = _index_in(database, info, name)
        if existing is None or (name not in wanted and is_needed_by_key(context, item, keys)):
            continue
        if context.run_object_filters(existing, name, "index", True, wanted.get(name)):
            changes.dropped_indexes.append(drop_index(existing))
        else:
            wanted.pop(name, None)


def _is_same(
    context: AutogenContext,
    database: Database,
    info: TableInfo,
    index: Index,
    item: IndexInfo | None,
    equivalent: Collection[SameIndex],
) -> bool:
    value = None if item is None else reflected_index_signature(item, context.dialect)
    if item is None or value is None or value.is_invalid:
        return False
    decided = same_by_hook(context.impl, "compare_indexes", index, lambda: _index_in(database, info, item.name))
    if decided is not None:
        return decided
    wanted = index_signature(index, context.dialect)
    if SameIndex(info.key, str(item.name)) in equivalent:
        wanted = wanted._replace(parts=value.parts)
    return wanted == value


def _warn_of_unfinished(context: AutogenContext, info: TableInfo, items: Iterable[IndexInfo]) -> None:
    for item in items:
        if not (item.dialect_options or {}).get("postgresql_invalid"):
            continue
        context.warn(
            f'Index "{item.name}" of table "{info.key[1]}" is invalid: PostgreSQL did not finish building it, and '
            "no query uses it. It counts as missing and is dropped before it is created. If it is being built now, "
            "wait and compare again; to repair it by hand, run REINDEX INDEX CONCURRENTLY.",
        )


def _compare_stored_sql(
    context: AutogenContext, database: Database, info: TableInfo, wanted: dict[str, Index], changes: Changes
) -> None:
    """Compare the indexes that the Inspector cannot describe, and remove those of their names from ``wanted``."""
    for name in [name for name in wanted if name in info.unreadable]:
        index, sql = wanted.pop(name), info.unreadable[name]
        if sql is None or context.rules.is_index_of(index, sql):
            continue
        existing = context.rules.index_from(name, sql, database.table(info.key))
        if context.run_object_filters(existing, name, "index", True, index):
            changes.dropped_indexes.append(drop_index(existing))
            if context.run_object_filters(index, name, "index", False, existing):
                changes.added_indexes.append(create_index(index, context.dialect))


def _index_in(database: Database, info: TableInfo, name: str) -> Index | None:
    return next((index for index in database.table(info.key).indexes if index.name == name), None)


def _remaining_keys(context: AutogenContext, info: TableInfo, model: Table) -> list[Sequence[str]]:
    """Return the columns of each foreign key after the changes; a hook may keep one that the metadata lacks."""
    kept: list[Sequence[str]] = [
        names(element.parent for element in key.elements) for key in model.foreign_key_constraints
    ]
    return [*kept, *foreign_key_columns(info)] if context.filters_objects or context.filters_names else kept


def _is_shown_as_constraint(context: AutogenContext, name: str, info: TableInfo) -> bool:
    """Return whether the database shows a unique index of the metadata as a constraint."""
    return context.rules.stores_uniques_as_indexes and any(unique.name == name for unique in info.uniques)
