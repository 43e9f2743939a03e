"""What else makes an index: its WHERE, its method, its operator classes (PostgreSQL, and the WHERE of SQLite)."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.schema import Index

from ...runtime.plugins import Plugin
from ...util.sqla_compat import final_name, is_made_on, sql_text
from ..canonical import Question, canonical, differ, plain_sql
from ..compare.copies import create_index, drop_index
from ..compare.found import Found, Pair
from ..compare.reflect import Database
from ..context import AutogenContext


def setup(plugin: Plugin) -> None:
    """Compare where there is something to compare."""
    for dialect_name in ("postgresql", "sqlite"):
        plugin.add_autogenerate_comparator(compare_index_options, "tables", "index_options", qualifier=dialect_name)


def compare_index_options(context: AutogenContext, database: Database, found: Found) -> None:
    """Find indexes that are the same by name, columns and uniqueness, and differ in the rest; they are made anew."""
    asked: list[tuple[Pair, Index, Question, Question]] = []
    others: list[tuple[Pair, Index]] = []
    classes = _Classes(context)
    for pair in found.both:
        for index, item in _same_names(context, pair):
            before, after = _where_of_database(context, item), _where_of_model(context, index)
            if (before is None) != (after is None) or _options_differ(context, index, item, classes):
                others.append((pair, index))
            elif before is not None and after is not None and plain_sql(before) != plain_sql(after):
                one = Question.about(context, pair, "where", before)
                asked.append((pair, index, one, Question.about(context, pair, "where", after)))
    answers = canonical(context, [question for *_, one, two in asked for question in (one, two)])
    for pair, index, before_it, after_it in asked:
        if differ(answers[before_it], answers[after_it]):
            others.append((pair, index))
    for pair, index in others:
        _make_anew(context, database, pair, index)


def _same_names(context: AutogenContext, pair: Pair) -> list[tuple[Index, Mapping[str, Any]]]:
    """Return the indexes that both sides have and that nobody drops already."""
    dropped = {getattr(each, "index_name", None) for each in pair.changes.dropped_indexes}
    there = {str(item["name"]): item for item in pair.info.indexes}
    named = {str(final_name(each, context.dialect)): each for each in pair.model.indexes if each.name is not None}
    return [
        (index, there[name])
        for name, index in sorted(named.items())
        if name in there and name not in dropped and is_made_on(index, context.dialect)
    ]


def _where_of_database(context: AutogenContext, item: Mapping[str, Any]) -> str | None:
    where = (item.get("dialect_options") or {}).get(f"{context.dialect.name}_where")
    return None if where is None else sql_text(where, context.dialect)


def _where_of_model(context: AutogenContext, index: Index) -> str | None:
    where = index.dialect_kwargs.get(f"{context.dialect.name}_where")
    return None if where is None else sql_text(where, context.dialect).replace("%%", "%")


def _options_differ(context: AutogenContext, index: Index, item: Mapping[str, Any], classes: _Classes) -> bool:
    if context.dialect.name != "postgresql":
        return False
    there = item.get("dialect_options") or {}
    using = [str(options.get("postgresql_using") or "btree").lower() for options in (there, index.dialect_kwargs)]
    return using[0] != using[1] or classes.differ(index, dict(there.get("postgresql_ops") or {}))


class _Classes:
    """Operator classes; the database tells only those that are not the default of their column's type."""

    def __init__(self, context: AutogenContext) -> None:
        self._context = context

    def differ(self, index: Index, found: dict[str, str]) -> bool:
        """Tell whether an index has others than ``found``, by the names of its parts."""
        names = {str(getattr(part, "key", part)): str(getattr(part, "name", part)) for part in index.expressions}
        stated = index.dialect_kwargs.get("postgresql_ops") or {}
        wanted = {names.get(key, key): name for key, name in stated.items()}
        if found.keys() - wanted.keys():
            return True
        return any(
            found.get(key) != name and (key in found or name not in self._going_without_saying)
            for key, name in wanted.items()
        )

    @functools.cached_property
    def _going_without_saying(self) -> frozenset[str]:
        """The classes that are the default of some type; asked for once, where a model names one."""
        assert self._context.connection is not None, "autogenerate has a connection"
        query = text("SELECT DISTINCT CAST(opcname AS text) FROM pg_opclass WHERE opcdefault")
        return frozenset(self._context.connection.execute(query).scalars())


def _make_anew(context: AutogenContext, database: Database, pair: Pair, index: Index) -> None:
    name = final_name(index, context.dialect)
    existing = next(each for each in database.table(pair.info.key).indexes if each.name == name)
    if context.run_object_filters(existing, name, "index", True, index):
        pair.changes.dropped_indexes.append(drop_index(existing))
        pair.changes.added_indexes.append(create_index(index, context.dialect))
