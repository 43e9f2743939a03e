"""Tables: their order, and the parts of CREATE TABLE other than columns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Index, Table
from sqlalchemy.schema import Constraint, ForeignKey, ForeignKeyConstraint, sort_tables_and_constraints

from .columns import AnyColumn


def sorted_tables(tables: Iterable[Table]) -> list[tuple[Table | None, list[ForeignKeyConstraint]]]:
    """Return tables, the referred ones first, each with the foreign keys that can be created with it.

    The last entry, without a table, has the foreign keys of a cycle.
    """
    found: Any = sort_tables_and_constraints(sorted(tables, key=lambda table: table.key))  # type: ignore[no-untyped-call]
    return [(table, list(keys)) for table, keys in found]


def table_prefixes(table: Table) -> list[str]:
    """Return the prefixes of a table, between CREATE and TABLE."""
    return [str(prefix) for prefix in table._prefixes]


def dialect_options(item: Table | AnyColumn | Constraint | Index | ForeignKey) -> Iterable[tuple[str, Any]]:
    """Return the dialects' options of a table, column, constraint or index, such as ``mysql_engine="x"``."""
    # Compiling an object reads the defaults of its options, and SQLAlchemy keeps those; most objects have no others.
    kept = item.__dict__.get("dialect_options")
    if not kept:  # as in most objects
        return ()
    return item.dialect_kwargs.items() if any(each._non_defaults for each in kept.values()) else ()
