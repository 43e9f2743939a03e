"""Models declared again in the same kernel: save and restore the tables of a MetaData and the classes of a registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, MetaData, Table

from .columns import AnyColumn

if TYPE_CHECKING:  # the ORM is imported only where models are mapped
    from sqlalchemy import orm

Memos = dict[tuple[str, str | None], list[ForeignKey]]
"""The foreign keys of a MetaData whose tables are not there yet, by table and column."""


def tables_of(metadata: MetaData) -> tuple[dict[str, Table], Memos]:
    """Return the tables of a MetaData, for `put_back_tables`."""
    return dict(metadata.tables), {key: list(keys) for key, keys in metadata._fk_memos.items()}


def put_back_tables(metadata: MetaData, held: tuple[dict[str, Table], Memos]) -> None:
    """Restore the tables that a MetaData had when `tables_of` was called: the same objects in the same order."""
    tables, memos = held
    for table in list(metadata.tables.values()):
        metadata.remove(table)
    metadata._fk_memos.clear()
    for table in tables.values():
        metadata._add_table(table.name, table.schema, table)
    metadata._fk_memos.update({key: list(keys) for key, keys in memos.items()})


def set_target(key: ForeignKey, column: AnyColumn) -> None:
    """Let a foreign key refer to that column, because its table was declared again."""
    key._set_target_column(column)


def declared_classes(registry: orm.registry) -> list[tuple[type, Table | None]]:
    """Return (class, table) for each class of a declarative registry, by name.

    The table is None for a class whose mapping failed.
    """
    found = ((one.class_, vars(one).get("mapper")) for one in list(registry._managers))
    return sorted(
        ((declared, getattr(mapper, "local_table", None)) for declared, mapper in found),
        key=lambda pair: str(pair[0].__name__),
    )


def class_called(registry: orm.registry, name: str) -> type | None:
    """Return the declarative class that strings in relationships find by that name; None if there is none."""
    found = registry._class_registry.get(name)
    return found if isinstance(found, type) else None


def forget_class(registry: orm.registry, mapped: type) -> None:
    """Remove the name of a declarative class, so that another class can have it."""
    registry._dispose_cls(mapped)


def remember_class(registry: orm.registry, mapped: type) -> None:
    """Restore the name of a declarative class."""
    from sqlalchemy.orm import clsregistry  # noqa: PLC0415 - the ORM is there only where models are mapped

    add = getattr(clsregistry, "_add_class", None) or clsregistry.add_class  # type: ignore[attr-defined]
    add(mapped.__name__, mapped, registry._class_registry)


def retire_class(registry: orm.registry, mapped: type) -> None:
    """Remove a forgotten class from the mapping, so that it is not configured again; its instances keep their values.

    Also removes a class whose mapping failed.
    """
    from sqlalchemy.orm import instrumentation  # noqa: PLC0415 - as above

    for manager in [one for one in registry._managers if one.class_ is mapped]:
        if "mapper" in vars(manager):
            manager.mapper._set_dispose_flags()
        instrumentation._instrumentation_factory.unregister(mapped)
        registry._managers.pop(manager, None)
