"""Which rewrites there are for an operation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Table
from sqlalchemy.engine import Dialect

from ...operations.operation import MigrateOperation
from ...operations.ops import (
    AddColumnOp,
    AlterColumnOp,
    CreateCheckConstraintOp,
    CreateForeignKeyOp,
    CreateIndexOp,
    CreatePrimaryKeyOp,
    CreateUniqueConstraintOp,
    DropIndexOp,
    SetEnumValuesOp,
)
from .locks import attached, checked_before, concurrently, validated_later
from .rewrite import Place, Rewrite
from .rows import added_in_steps, filled_before, with_other_values, without_duplicates, without_orphans

_OFFERS: Mapping[type[MigrateOperation], tuple[Callable[[Any, Place], Iterator[Rewrite]], ...]] = {
    AddColumnOp: (added_in_steps,),
    AlterColumnOp: (filled_before, checked_before),
    CreateCheckConstraintOp: (validated_later,),
    CreateForeignKeyOp: (without_orphans, validated_later),
    CreateIndexOp: (without_duplicates, concurrently),
    CreatePrimaryKeyOp: (without_duplicates, attached),
    CreateUniqueConstraintOp: (without_duplicates, attached),
    DropIndexOp: (concurrently,),
    SetEnumValuesOp: (with_other_values,),
}


def rewrites_of(
    operation: MigrateOperation, dialect: Dialect, table: Callable[[], Table | None] = lambda: None
) -> tuple[Rewrite, ...]:
    """Return the rewrites of an operation for a database; ``table`` reads its table there, with the primary key.

    rewrites_of(CreateUniqueConstraintOp("uq", "users", ["email"]), dialect, lambda: users)[0].operations("id")
    """
    place = Place(dialect, table)
    offers = next((several for kind, several in _OFFERS.items() if isinstance(operation, kind)), ())
    return tuple(replace(rewrite, dialect_name=dialect.name) for offer in offers for rewrite in offer(operation, place))
