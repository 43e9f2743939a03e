"""Rewrites for PostgreSQL that take weaker locks: constraints validated afterwards, indexes created concurrently.

https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES
"""

from __future__ import annotations

from collections.abc import Iterator

from ...operations.kinds.constraint.over_columns import USING_INDEX
from ...operations.operation import MigrateOperation
from ...operations.ops import (
    AlterColumnOp,
    CreateCheckConstraintOp,
    CreateForeignKeyOp,
    CreateIndexOp,
    CreatePrimaryKeyOp,
    CreateUniqueConstraintOp,
    DropConstraintOp,
    DropIndexOp,
)
from .rewrite import Place, Rewrite, statement, undone_by_nothing

_CONCURRENTLY = "postgresql_concurrently"
_NOT_VALID = "postgresql_not_valid"
_LONGEST = 63


def validated_later(operation: CreateForeignKeyOp | CreateCheckConstraintOp, place: Place) -> Iterator[Rewrite]:
    """Offer to add a constraint as NOT VALID, and to check the rows in a second transaction."""
    if not place.is_postgresql or operation.constraint_name is None or operation.kw.get(_NOT_VALID):
        return

    def make(_: str) -> list[MigrateOperation]:
        added = operation.changed(kw={**operation.kw, _NOT_VALID: True})
        return [added, _validation(place, operation.schema, operation.table_name, str(operation.constraint_name))]

    words = f"Add {operation.constraint_name} as NOT VALID, and check the rows later, while others write"
    yield Rewrite("not valid", words, make)


def checked_before(operation: AlterColumnOp, place: Place) -> Iterator[Rewrite]:
    """Offer to check that no value is missing before NOT NULL, which then reads no rows."""
    if not place.is_postgresql or operation.modify_nullable is not False or operation.modify_type is not None:
        return

    def make(_: str) -> list[MigrateOperation]:
        table, schema = operation.table_name, operation.schema
        name = f"{table}_{operation.column_name}_not_null"[:_LONGEST]
        condition = f"{place.quoted(operation.column_name)} IS NOT NULL"
        check = CreateCheckConstraintOp(name, table, condition, schema=schema, **{_NOT_VALID: True})
        dropped = DropConstraintOp(name, table, "check", schema=schema, _reverse=check)
        return [
            check.changed(undone_by=undone_by_nothing),
            _validation(place, schema, table, name),
            operation,
            dropped.changed(undone_by=undone_by_nothing),
        ]

    words = f"Check {operation.column_name} of {operation.shown_table} while others write, then NOT NULL"
    yield Rewrite("not valid", words, make)


def _validation(place: Place, schema: str | None, table: str, name: str) -> MigrateOperation:
    sql = f"ALTER TABLE {place.named(schema, table)} VALIDATE CONSTRAINT {place.quoted(name)}"
    remark = "In a separate transaction, or the lock of the statement before would still be held"
    return statement(sql, remark=remark, outside_transaction=True)


def concurrently(operation: CreateIndexOp | DropIndexOp, place: Place) -> Iterator[Rewrite]:
    """Offer to create or drop an index while others write, in an autocommit block."""
    if not place.is_postgresql or operation.kw.get(_CONCURRENTLY) or operation.table_name is None:
        return

    def make(_: str) -> list[MigrateOperation]:
        return [
            _outside(operation).changed(undone_by=lambda changed: [_outside(changed.changed(undone_by=None).reverse())])
        ]

    verb = "Create" if isinstance(operation, CreateIndexOp) else "Drop"
    words = f"{verb} index {operation.index_name} while others write: CONCURRENTLY, in an autocommit block"
    yield Rewrite("concurrently", words, make)


def attached(operation: CreateUniqueConstraintOp | CreatePrimaryKeyOp, place: Place) -> Iterator[Rewrite]:
    """Offer to create the index of a key while others write, and then the constraint that takes it over."""
    name = operation.constraint_name
    if not place.is_postgresql or name is None or operation.using_index is not None:
        return

    def make(_: str) -> list[MigrateOperation]:
        index = CreateIndexOp(
            str(name), operation.table_name, operation.columns, schema=operation.schema, unique=True
        ).changed(kw={key: value for key, value in operation.kw.items() if key.startswith("postgresql_")})
        return [
            _outside(index).changed(undone_by=undone_by_nothing),
            operation.changed(kw={**operation.kw, USING_INDEX: str(name)}),
        ]

    words = f"Create the index of {name} while others write: CONCURRENTLY, in an autocommit block; then the constraint"
    yield Rewrite("concurrently", words, make)


def _outside(operation: CreateIndexOp | DropIndexOp) -> CreateIndexOp | DropIndexOp:
    return operation.changed(kw={**operation.kw, _CONCURRENTLY: True}, outside_transaction=True)
