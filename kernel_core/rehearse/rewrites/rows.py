"""Rewrites for rows that an operation cannot take: fill, remove or convert them first, by a statement in the review."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from ...operations.operation import MigrateOperation
from ...operations.ops import (
    AddColumnOp,
    AlterColumnOp,
    CreateForeignKeyOp,
    CreateIndexOp,
    CreatePrimaryKeyOp,
    CreateUniqueConstraintOp,
    SetEnumValuesOp,
)
from ...util.sql import grammar_of, string_literal
from ...util.sqla_compat import changed_column, shown_sql, sql_text
from ..blockers.conditions import index_value, matches_full, prefix_lengths
from .rewrite import Place, Rewrite, listed, statement

_Unique: TypeAlias = CreateUniqueConstraintOp | CreateIndexOp | CreatePrimaryKeyOp
_VALUE = "the value for these rows, an SQL expression such as 'unknown' or lower(name)"


def filled_before(operation: AlterColumnOp, place: Place) -> Iterator[Rewrite]:
    """Offer to fill the rows without a value before NOT NULL, and to convert the values before a new type."""
    table, column = place.named(operation.schema, operation.table_name), place.quoted(operation.column_name)
    if operation.modify_nullable is False:

        def backfill(sql: str) -> list[MigrateOperation]:
            remark = f"Rows without {operation.column_name} get a value; a downgrade leaves it in them"
            fill = statement(f"UPDATE {table} SET {column} = {sql} WHERE {column} IS NULL", remark=remark)
            return [fill, operation]

        words = f"Fill the rows of {operation.shown_table} that have no {operation.column_name}, then NOT NULL"
        yield Rewrite("backfill", words, backfill, _VALUE, removes=("null",))
    if operation.modify_type is not None:
        yield _converted(operation, place, table, column)


def _converted(operation: AlterColumnOp, place: Place, table: str, column: str) -> Rewrite:
    """Return the rewrite of a new type: by USING on PostgreSQL, by an UPDATE before it on other databases."""
    assert operation.modify_type is not None, "it has a new type"
    needs = f"the new value, an SQL expression of {operation.column_name}"
    words = f"Convert the values of {operation.shown_table}.{operation.column_name} by an expression"
    if place.is_postgresql:
        type_ = operation.modify_type.compile(dialect=place.dialect)

        def using(sql: str) -> list[MigrateOperation]:
            return [operation.changed(kw={**operation.kw, "postgresql_using": sql})]

        return Rewrite("using", words, using, needs, f"{column}::{type_}", removes=("misfit", "error"))

    def update(sql: str) -> list[MigrateOperation]:
        remark = f"Values of {operation.column_name} are converted; a downgrade leaves them so"
        return [statement(f"UPDATE {table} SET {column} = {sql}", remark=remark), operation]

    return Rewrite("using", words, update, needs, removes=("misfit",))


def added_in_steps(operation: AddColumnOp, place: Place) -> Iterator[Rewrite]:
    """Offer to add a NOT NULL column as nullable, to fill it, and then to set NOT NULL."""
    column = operation.column
    generated = column.computed is not None or column.identity is not None or column.primary_key
    if column.nullable or column.server_default is not None or generated:
        return
    table, name = place.named(operation.schema, operation.table_name), place.quoted(column.name)

    def backfill(sql: str) -> list[MigrateOperation]:
        nullable = operation.changed(column=changed_column(column, nullable=True))
        limit = AlterColumnOp(
            operation.table_name,
            column.name,
            schema=operation.schema,
            existing_type=column.type,
            existing_nullable=True,
            existing_comment=column.comment,
            modify_nullable=False,
        )
        return [nullable, statement(f"UPDATE {table} SET {name} = {sql}", remark="The existing rows"), limit]

    words = f"Add {column.name} to {operation.shown_table} as nullable, fill it in all rows, then NOT NULL"
    yield Rewrite("backfill", words, backfill, _VALUE, removes=("null",))


def without_duplicates(operation: _Unique, place: Place) -> Iterator[Rewrite]:
    """Offer to delete the rows that have the values of another row, except for the first one of each group."""
    if (isinstance(operation, CreateIndexOp) and not operation.unique) or not place.key:
        return
    table, key = place.named(operation.schema, operation.table_name), listed(place.key)
    parts = operation.parts if isinstance(operation, CreateIndexOp) else operation.columns
    texts = [_compared(part, operation, place) for part in parts]
    shown = listed(part if isinstance(part, str) else shown_sql(part) for part in parts)
    conditions = [] if operation.kw.get("postgresql_nulls_not_distinct") else [f"{each} IS NOT NULL" for each in texts]
    where = operation.kw.get(f"{place.dialect.name}_where")
    conditions += [f"({where if isinstance(where, str) else sql_text(where)})"] if where is not None else []
    filtered = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    columns = f"({key})" if len(place.key) > 1 else key

    def remove(sql: str) -> list[MigrateOperation]:
        # MariaDB reads a table that the statement deletes from only in a derived table
        ranked = f"SELECT {key}, row_number() OVER (PARTITION BY {listed(texts)} ORDER BY {sql}) AS place"
        remark = f"Removes rows with the {shown} of another row; the first by {sql} stays, a downgrade restores none"
        found = f"SELECT {key} FROM ({ranked} FROM {table}{filtered}) ranked WHERE place > 1"
        return [statement(f"DELETE FROM {table} WHERE {columns} IN ({found})", remark=remark), operation]

    words = f"Delete the rows of {operation.shown_table} that have the {shown} of another row, except for one of each"
    needs = "the order of rows with the same values, of which the first one stays, such as created_at DESC"
    yield Rewrite("deduplicate", words, remove, needs, key, takes_several=True, removes=("duplicate",))


def _compared(part: str | object, operation: _Unique, place: Place) -> str:
    """Return the SQL of the value that a unique key compares: a column, its first characters, or an expression."""
    if not isinstance(part, str):
        return sql_text(index_value(part, place.dialect.name))
    lengths, column = prefix_lengths(operation.kw), place.quoted(part)
    length = lengths if isinstance(lengths, int) else lengths.get(part)
    return f"left({column}, {length})" if length else column


def without_orphans(operation: CreateForeignKeyOp, place: Place) -> Iterator[Rewrite]:
    """Offer to set references to rows that are missing to NULL."""
    table = place.named(operation.source_schema, operation.source_table)
    referred = place.named(operation.referent_schema, operation.referent_table)
    local = [place.quoted(name) for name in operation.local_cols]
    pairs = zip(operation.remote_cols, local, strict=True)
    join = " AND ".join(f"referred.{place.quoted(remote)} = {table}.{name}" for remote, name in pairs)

    def clear(_: str) -> list[MigrateOperation]:
        remark = f"References to rows that {operation.referent_table} lacks become NULL; a downgrade restores none"
        assigned = listed(f"{name} = NULL" for name in local)
        present = " AND ".join(f"{table}.{name} IS NOT NULL" for name in local)
        source = f"{referred} referred" if referred != table else f"(SELECT * FROM {referred}) referred"
        refused = f"{present} AND NOT EXISTS (SELECT 1 FROM {source} WHERE {join})"
        if matches_full(operation) and len(local) > 1:
            any_, none = (
                " OR ".join(f"{table}.{name} {test}" for name in local) for test in ("IS NOT NULL", "IS NULL")
            )
            refused = f"{refused} OR ({any_}) AND ({none})"
        return [statement(f"UPDATE {table} SET {assigned} WHERE {refused}", remark=remark), operation]

    shown = listed(operation.local_cols)
    words = f"Set {shown} of {operation.source_table} to NULL where {operation.referent_table} lacks the row"
    yield Rewrite("clear", words, clear, removes=("orphan",))


def with_other_values(operation: SetEnumValuesOp, place: Place) -> Iterator[Rewrite]:
    """Offer to give another value to the rows that have one which is removed from an enum type."""
    uses = [use for use in operation.columns if not use.get("array")]
    if not place.is_postgresql or not uses:
        return
    labels = listed(string_literal(label, grammar_of("postgresql")) for label in operation.labels)

    def replace(sql: str) -> list[MigrateOperation]:
        remark = (
            f"Rows with a value that is removed from {operation.name} get another one; a downgrade leaves it in them"
        )
        made: list[MigrateOperation] = []
        for use in uses:
            column, table = place.quoted(use["column"]), place.named(use.get("schema"), use["table"])
            update = f"UPDATE {table} SET {column} = {sql} WHERE {column}::text NOT IN ({labels})"
            made.append(statement(update, remark=remark))
        return [*made, operation]

    words = f"Give another value to the rows with a value that is removed from {operation.name}"
    needs = "the value for these rows, one that the type has before and after, such as 'ok'"
    yield Rewrite("replace", words, replace, needs, removes=("enum value",))
