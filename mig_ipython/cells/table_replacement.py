"""Replace tables and their classes: removed before a cell defines them again, restored where it fails."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Mapping, MutableMapping
from typing import Any

from sqlalchemy import CheckConstraint, Column, Constraint, ForeignKeyConstraint, MetaData, Table
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import ColumnCollectionConstraint

from kernel_core.util.sqla_compat import (
    class_called,
    declared_classes,
    forget_class,
    is_type_bound,
    put_back_tables,
    remember_class,
    retire_class,
    set_target,
    tables_of,
)

from ..workspace.models import metadata_of


class TableReplacement:
    """The tables of a MetaData that a cell is about to define again, with the classes mapped to them.

    ``keys`` of tables and ``names`` of classes and variables are those that the cell defines now or defined before.
    """

    def __init__(
        self, metadata: MetaData, namespace: MutableMapping[str, Any], keys: Collection[str], names: Collection[str]
    ) -> None:
        self.metadata, self.namespace, self.names = metadata, namespace, names
        self.bound = {name: namespace[name] for name in names if name in namespace}
        named = {id(table_of(value)) for value in self.bound.values()}
        self.tables = {key: table for key, table in metadata.tables.items() if key in keys or id(table) in named}
        self.others = {key: table for key, table in metadata.tables.items() if key not in self.tables}
        self.described = {key: described(table) for key, table in self.tables.items()}
        self._registries = registries_of(metadata, namespace)
        mapped = [(one, *pair) for one in self._registries for pair in declared_classes(one)]
        taken = {id(table) for table in self.tables.values()}
        self.classes = [(registry, cls) for registry, cls, table in mapped if id(table) in taken]
        self._others = [cls for _, cls, table in mapped if id(table) not in taken]
        self._held = tables_of(metadata)

    def remove(self) -> None:
        """Remove tables and classes, so that they can be defined again."""
        for table in self.tables.values():
            self.metadata.remove(table)
        for registry, cls in self.classes:
            forget_class(registry, cls)

    def restore(self) -> None:
        """Restore the tables, the classes, and the names in the notebook."""
        for registry in self._registries:
            kept = {id(cls) for cls in (*self._others, *(cls for _, cls in self.classes))}
            for cls, _ in declared_classes(registry):
                if id(cls) not in kept:
                    retire_class(registry, cls)
            for name in self.names:  # also the name of a class whose mapping failed
                half = class_called(registry, name)
                if half is not None and id(half) not in kept:
                    forget_class(registry, half)
        put_back_tables(self.metadata, self._held)
        for registry, cls in self.classes:
            remember_class(registry, cls)
        for name in self.names:
            if name not in self.bound and metadata_of(self.namespace.get(name)) is self.metadata:
                del self.namespace[name]
        self.namespace.update(self.bound)

    def replace(self, new: Mapping[str, Table]) -> None:
        """Retire the old classes, and point the foreign keys of other tables to the new tables."""
        for registry, cls in self.classes:
            retire_class(registry, cls)
        for table in self.others.values():
            for key in table.foreign_keys:
                target = key.__dict__.get("column")  # not resolved yet: it will find the new table by its name
                place = target.table.key if target is not None else ""
                if target is None or self.tables.get(place) is not target.table or place not in new:
                    continue
                if target.key in new[place].c:
                    set_target(key, new[place].c[target.key])

    def left_over(self) -> Iterator[str]:
        """Yield the names in the notebook that still refer to a replaced class or table."""
        old = {id(one) for one in (*(cls for _, cls in self.classes), *self.tables.values())}
        yield from (name for name, value in self.bound.items() if id(value) in old and self.namespace[name] is value)

    def stale(self) -> Iterator[str]:
        """Yield the classes of other cells that have a relationship to a replaced class."""
        replaced = {id(cls) for _, cls in self.classes}
        for cls in self._others:
            mapper = getattr(cls, "__mapper__", None)
            if (
                mapper is not None
                and mapper.configured
                and any(id(one.mapper.class_) in replaced for one in mapper.relationships)
            ):
                yield cls.__name__


def registries_of(metadata: MetaData, namespace: Mapping[str, object]) -> list[Any]:
    """Return the declarative registries of a MetaData whose Base, or a class of it, has a name in the notebook."""
    found = (getattr(value, "registry", None) for value in list(namespace.values()) if isinstance(value, type))
    several = {
        id(one): one
        for one in found
        if getattr(one, "metadata", None) is metadata and hasattr(one, "map_declaratively")
    }
    return list(several.values())


def orphaned_tables(metadata: MetaData, namespace: Mapping[str, object], declared: Collection[str]) -> Iterator[str]:
    """Yield the tables that no cell has ``declared`` and whose class or Table has no name any more.

    A class that is still in its module, or a Table with a name in the notebook, is not yielded.
    """
    held = {id(table_of(value)) for value in list(namespace.values())}
    classes = {
        id(table): cls for registry in registries_of(metadata, namespace) for cls, table in declared_classes(registry)
    }
    for key, table in metadata.tables.items():
        if key in declared or id(table) in held:
            continue
        cls = classes.get(id(table))
        home = vars(sys.modules.get(cls.__module__, object)) if cls is not None else {}
        if cls is None or home.get(cls.__name__) is not cls:
            yield key


def table_of(value: object) -> Table | None:
    """Return the Table that a value is, or that a class is mapped to."""
    found = getattr(value, "__table__", None) if isinstance(value, type) else value
    return found if isinstance(found, Table) else None


def described(table: Table) -> tuple[str, ...]:
    """Return a table as text, one line for each column, key, constraint and index."""
    lines = []
    for column in table.columns:
        default = getattr(column.server_default, "arg", None)
        clause = "" if column.server_default is None else f" default {default}" if default is not None else " default"
        lines.append(f"column {column.name} {_type(column)}{'' if column.nullable else ' not null'}{clause}")
    key = ", ".join(column.name for column in table.primary_key.columns)
    rest = [f"index {one.name or ''} ({', '.join(str(each) for each in one.expressions)})" for one in table.indexes]
    rest += [_constraint(one) for one in table.constraints if one is not table.primary_key and not is_type_bound(one)]
    return (*lines, *([f"primary key ({key})"] if key else []), *sorted(rest))


def _constraint(constraint: Constraint) -> str:
    """Return a constraint as text, with all that it states: ``unique uq_users_email (email)``."""
    kind = constraint.__visit_name__.removesuffix("_constraint").replace("_", " ")
    name = "" if constraint.name is None else f" {constraint.name}"
    if isinstance(constraint, ForeignKeyConstraint):
        targets = ", ".join(one.target_fullname for one in constraint.elements)
        rules = (("on delete", constraint.ondelete), ("on update", constraint.onupdate))
        clauses = "".join(f" {words} {rule}" for words, rule in rules if rule)
        return f"{kind}{name} ({', '.join(constraint.column_keys)}) to {targets}{clauses}"
    if isinstance(constraint, CheckConstraint):
        return f"check{name} ({constraint.sqltext})"
    if isinstance(constraint, ColumnCollectionConstraint):
        return f"{kind}{name} ({', '.join(column.name for column in constraint.columns)})"
    return f"{kind}{name}"


def _type(column: Column[Any]) -> str:
    try:
        return str(column.type)
    except SQLAlchemyError:
        return type(column.type).__name__
