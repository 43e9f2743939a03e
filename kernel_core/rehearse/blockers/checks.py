"""Queries for the rows that make an operation fail, on the tables as they are before it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from ...operations.operation import MigrateOperation, shown_name
from ...operations.ops import (
    AddColumnOp,
    AlterColumnOp,
    CreateCheckConstraintOp,
    CreateExcludeConstraintOp,
    CreateForeignKeyOp,
    CreateIndexOp,
    CreatePrimaryKeyOp,
    CreateUniqueConstraintOp,
    SetEnumValuesOp,
    SetTableOptionsOp,
)
from ...util.counts import counted
from ...util.exc import sqlstate
from ...util.sql import in_quotes
from ...util.sqla_compat import shown_sql, sql_text
from ..findings import BlockerKind
from .added_columns import TableOrQuery, default_of, first_value, schema_of, with_columns
from .character_sets import changed_text, changed_texts
from .conditions import as_condition, compared, index_value, matches_full, prefix_lengths, unmet, without_parent
from .kept_constraints import converted, converted_constraints, kept_on
from .misfits import misfits
from .row_checks import RowChecks
from .savepoints import undone_if_failed
from .statements import WrittenType
from .type_changes import MYSQL, is_cast

SAMPLE = 5


@dataclass(frozen=True, slots=True)
class Check:
    """Rows of ``table`` that an operation cannot take: those of the query ``rows``, because of their ``columns``.

    ``lead`` and ``rest`` are what a sentence has before and after the number of the rows. ``plain`` is a query that may
    find the same rows, where ``rows`` reads what exists only now: a function that tries each value of the column
    ``tried``, say. ``key`` are the columns that tell the rows apart, ``why_no_query`` is the reason if nothing else
    finds them.
    """

    kind: BlockerKind
    table: str
    lead: str
    rows: sa.Select[Any]
    rest: str = ""
    columns: tuple[str, ...] = ()
    plain: sa.Select[Any] | None = None
    key: tuple[str, ...] = ()
    tried: str = ""
    why_no_query: str = "each value was tried"

    def text(self, number: int) -> str:
        """Return the sentence for a number of rows: ``email is NULL in 3 rows``."""
        return f"{self.lead}{counted(number, 'row')}{self.rest}"


class RowQueries(RowChecks[Check]):
    """A query for each kind of row that can make an operation fail, on the tables of a database as they are now."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._inspector = sa.inspect(connection)
        self._added: dict[tuple[str | None, str], dict[str, sa.ColumnElement[Any]]] = {}

    def _place(self, schema: str | None, table: str) -> tuple[str | None, str]:
        """Return the schema and the name of a table; the schema is the default one if none is named."""
        return schema or self._inspector.default_schema_name, table

    def table(self, name: str, schema: str | None) -> TableOrQuery | None:
        """Return a table with its columns and their types, None where there is none of this name.

        Columns that an operation adds, and whose values are known, are there too: the table is then a subquery.
        """
        if not self._inspector.has_table(name, schema=schema):
            return None
        columns = self._inspector.get_columns(name, schema=schema)
        found = sa.table(name, *(sa.column(each["name"], each["type"]) for each in columns), schema=schema)
        added = self._added.get(self._place(schema, name))
        return with_columns(found, added) if added else found

    def key(self, name: str, schema: str | None) -> list[str]:
        """Return the columns of the primary key."""
        return list(self._inspector.get_pk_constraint(name, schema=schema).get("constrained_columns") or ())

    def _only(self, rows: sa.Select[Any], table: TableOrQuery) -> sa.Select[Any]:
        """Return a query without the rows of tables that inherit from ``table``: its keys do not hold for them."""
        hint = self._hint(table)
        return rows.with_hint(table, hint, "postgresql") if hint else rows

    def _hint(self, table: TableOrQuery) -> str:
        """Return ONLY for a table of PostgreSQL that others inherit from, and that is not partitioned; else ""."""
        if self.connection.dialect.name != "postgresql" or isinstance(table, sa.Subquery):
            return ""
        sql = (
            "SELECT 1 FROM pg_inherits JOIN pg_class ON pg_class.oid = inhparent "
            "WHERE inhparent = to_regclass(:name) AND relkind = 'r' LIMIT 1"
        )
        return "ONLY" if self.connection.execute(sa.text(sql), {"name": _quoted(table)}).first() else ""

    def _found(self, operation: Any) -> tuple[TableOrQuery | None, str]:
        return self.table(operation.table_name, operation.schema), shown_name(operation.schema, operation.table_name)

    def _select(self, table: TableOrQuery, names: Sequence[str], *where: sa.ColumnElement[bool]) -> sa.Select[Any]:
        """Return a query of the key and some columns of the rows that meet a condition."""
        wanted = list(
            dict.fromkeys([*self.key(table.name, schema_of(table)), *(name for name in names if name in table.c)])
        )
        columns: list[Any] = [table.c[name] for name in wanted if name in table.c] or [sa.literal(1).label("row")]
        return sa.select(*columns).select_from(table).where(*where)

    def rows_where(
        self,
        kind: BlockerKind,
        name: str,
        schema: str | None,
        condition: sa.ColumnElement[bool],
        lead: str,
        rest: str = "",
        columns: tuple[str, ...] = (),
    ) -> Iterator[Check]:
        """Yield the rows of a table that meet a condition; nothing where the table does not exist."""
        table = self.table(name, schema)
        if table is not None:
            rows = self._select(table, columns, condition)
            yield Check(kind, shown_name(schema, name), lead, rows, rest, columns)

    def added_column(self, operation: AddColumnOp) -> Iterator[Check]:
        table, shown = self._found(operation)
        column, dialect = operation.column, self.connection.dialect
        if table is None:
            return
        default, value = default_of(column), first_value(column, dialect)
        wide = table if value is None else with_columns(table, {column.name: value})
        if column.computed is not None:
            if not column.nullable:
                rows = self._select(wide, [column.name], wide.c[column.name].is_(None))
                yield Check("null", shown, f"{column.name} is NULL in ", rows, columns=(column.name,))
            if column.unique:
                rows = self._with_equals(wide, [wide.c[column.name]], [wide.c[column.name].is_not(None)])
                text = f" would have the same {column.name} as another row"
                yield Check("duplicate", shown, "", rows, text, (column.name,))
        elif value is not None and self._refuses(value):
            text = f"{column.name} would be {default or 'NULL'}, which its domain refuses, in "
            kind: BlockerKind = "check" if default else "null"
            yield Check(kind, shown, text, self._select(table, []), columns=(column.name,))
        elif column.unique and default and value is not None:
            rows = self._with_equals(wide, [wide.c[column.name]], [wide.c[column.name].is_not(None)])
            text = f" would have {default} in {column.name}, which is unique"
            yield Check("duplicate", shown, "", rows, text, (column.name,))
        elif column.unique and not column.nullable and value is None and not column.identity:
            text = f" would have one value in {column.name}, which is unique"
            yield Check("duplicate", shown, "", self._select(table, []), text, (column.name,))
        elif not column.nullable and not default and not column.identity:
            text = f"{column.name} is NOT NULL and has no default for "
            yield Check("null", shown, text, self._select(table, []), columns=(column.name,))
        if value is not None:
            self._added.setdefault(self._place(operation.schema, operation.table_name), {})[column.name] = value

    def _refuses(self, value: sa.ColumnElement[Any]) -> bool:
        """Return whether PostgreSQL refuses the value of a new column, because of the conditions of a domain."""
        if self.connection.dialect.name != "postgresql":
            return False
        try:
            with undone_if_failed(self.connection):
                self.connection.execute(sa.select(value))
        except sa.exc.DBAPIError as error:
            return sqlstate(error.orig) in ("23502", "23514")
        return False

    def altered_column(self, operation: AlterColumnOp) -> Iterator[Check]:
        table, shown = self._found(operation)
        if table is None or operation.column_name not in table.c:
            return
        yield from self._missing(operation, table, shown)
        if operation.modify_type is not None:
            yield from self.misfits(operation)
            yield from self._no_longer_met(operation, table)

    def misfits(self, operation: AlterColumnOp) -> Iterator[Check]:
        """Yield the rows whose values do not fit the new type of a column."""
        table, shown = self._found(operation)
        if table is None:
            return
        column = table.c[operation.column_name]
        for each in misfits(self.connection, table, column, operation):
            rows = self._select(table, [column.name], each.condition)
            plain = None if each.plain is None else self._select(table, [column.name], each.plain)
            columns, key = (operation.name_after,), tuple(self.key(table.name, schema_of(table)))
            yield Check(each.kind, shown, each.lead, rows, each.rest, columns, plain, key, column.name)

    def _missing(self, operation: AlterColumnOp, table: TableOrQuery, shown: str) -> Iterator[Check]:
        """Yield the rows that have no value in a column that is or becomes NOT NULL."""
        column, using = table.c[operation.column_name], str(operation.kw.get("postgresql_using") or "")
        name, needs_value = operation.name_after, operation.modify_nullable is False
        if self.connection.dialect.name == "postgresql" and using and not is_cast(using):
            kept = self._inspector.get_columns(table.name, schema=schema_of(table))
            if needs_value or not all(each["nullable"] for each in kept if each["name"] == column.name):
                rows = self._select(table, [column.name], sa.literal_column(f"({using})").is_(None))
                yield Check("null", shown, f"{name} would be NULL in ", rows, columns=(name,))
        elif needs_value:
            rows = self._select(table, [column.name], column.is_(None))
            yield Check("null", shown, f"{name} is NULL in ", rows, columns=(name,))

    def _no_longer_met(self, operation: AlterColumnOp, table: TableOrQuery) -> Iterator[Check]:
        """Yield what the constraints that exist already refuse when a column has its new type."""
        column, place = operation.column_name, (table.name, schema_of(table))
        is_mysql = self.connection.dialect.name in MYSQL
        text = changed_text(self.connection, operation) if is_mysql else None
        if text is not None:
            value: sa.ColumnElement[Any] | None = text.value
            kept = converted_constraints(self.connection, *place, [text], redefined=column)
        else:
            value = converted(self.connection, table.c[column].type, operation)
            kept = kept_on(self.connection, self._inspector, *place, column)
        if value is None:
            return
        key = self._place(operation.schema, operation.table_name)
        known = self._added.get(key, {})
        self._added[key] = {**known, column: value}
        try:
            found = list(self._refused_by(kept))
        finally:
            self._added[key] = known
        yield from found

    def _refused_by(self, kept: Iterable[MigrateOperation]) -> Iterator[Check]:
        """Yield what constraints that exist already will refuse, on the values of `_added`."""
        for check in (check for each in kept for check in self.of(each) or ()):
            lead = check.lead.replace(" is false for ", " would be false for ").replace(
                " refers to ", " would refer to "
            )
            rest = check.rest.replace(" have ", " would have ").replace(" conflict ", " would conflict ")
            yield replace(check, lead=lead, rest=rest)

    def table_options(self, operation: SetTableOptionsOp) -> Iterator[Check]:
        table, shown = self._found(operation)
        if table is None or self.connection.dialect.name not in MYSQL:
            return
        changes = changed_texts(self.connection, operation)
        for each in changes:
            for refused in each.refused:
                rows = self._select(table, [each.column], refused.condition)
                yield Check("misfit", shown, refused.lead, rows, columns=(each.column,))
        # what follows in the same statement sees the converted values too
        added = self._added.setdefault(self._place(operation.schema, operation.table_name), {})
        added.update({each.column: each.value for each in changes if each.value is not None})
        yield from self._refused_by(converted_constraints(self.connection, table.name, schema_of(table), changes))
        for each in changes:
            if each.new_list:
                type_ = WrittenType(each.new_list)
                yield from self.misfits(
                    AlterColumnOp(operation.table_name, each.column, schema=operation.schema, modify_type=type_)
                )

    def unique(self, operation: CreateUniqueConstraintOp | CreateIndexOp) -> Iterator[Check]:
        yield from self._same_values(
            operation, operation.parts if isinstance(operation, CreateIndexOp) else operation.columns
        )

    def primary_key(self, operation: CreatePrimaryKeyOp) -> Iterator[Check]:
        yield from self._same_values(operation, operation.columns)
        table, shown = self._found(operation)
        if table is None or self.connection.dialect.name == "sqlite":
            return
        columns, dialect = tuple(operation.columns), self.connection.dialect.name
        values = (_part(table, name, {}, dialect) for name in columns)
        empty = self._select(table, columns, sa.or_(*(value.is_(None) for value in values)))
        yield Check("null", shown, f"{' or '.join(columns)} is NULL in ", empty, columns=columns)

    def _same_values(
        self, operation: CreateUniqueConstraintOp | CreateIndexOp | CreatePrimaryKeyOp, parts: Sequence[Any]
    ) -> Iterator[Check]:
        table, shown = self._found(operation)
        if table is None:
            return
        dialect, lengths = self.connection.dialect.name, prefix_lengths(operation.kw)
        values = [_part(table, part, lengths, dialect) for part in parts]
        conditions = compared(values, operation.kw, dialect)
        rows, described = self._with_equals(table, values, conditions), _described(parts)
        columns = tuple(part for part in parts if isinstance(part, str))
        yield Check("duplicate", shown, "", rows, f" have the same {described} as another row", columns)

    def _with_equals(
        self, table: TableOrQuery, values: Sequence[sa.ColumnElement[Any]], where: Sequence[Any]
    ) -> sa.Select[Any]:
        """Return a query of the rows whose values another row has too: the number of such rows is counted by group."""
        columns = [value.label(f"value_{place}") for place, value in enumerate(values)]
        names = [value.name if isinstance(value, sa.ColumnClause) and value.name in table.c else "" for value in values]
        labelled = [value if name else column for value, name, column in zip(values, names, columns, strict=True)]
        total = sa.func.count().over(partition_by=list(values)).label("rows_with_them")
        key = [
            table.c[name] for name in self.key(table.name, schema_of(table)) if name in table.c and name not in names
        ]
        found = self._only(sa.select(*key, *labelled, total).select_from(table).where(*where), table)
        inner = found.subquery("each_row")
        return sa.select(*inner.c).where(inner.c.rows_with_them > 1)

    def foreign_key(self, operation: CreateForeignKeyOp) -> Iterator[Check]:
        table = self.table(operation.source_table, operation.source_schema)
        shown = shown_name(operation.source_schema, operation.source_table)
        if table is None:
            return
        referred = self.table(operation.referent_table, operation.referent_schema)
        local = [table.c[name] for name in operation.local_cols if name in table.c]
        if referred is None or len(local) < len(operation.local_cols):
            return
        remote = list(operation.remote_cols) or self.key(operation.referent_table, operation.referent_schema)
        if len(remote) != len(local) or not all(name in referred.c for name in remote):
            return
        is_postgresql = self.connection.dialect.name == "postgresql"  # other databases read MATCH and ignore it
        full, hint = is_postgresql and matches_full(operation), self._hint(referred)
        condition = without_parent(table, local, referred, remote, matches_full=full, hint=hint)
        names = ", ".join(operation.local_cols)
        text = (
            f"{names} refers to a row that {shown_name(operation.referent_schema, operation.referent_table)} lacks, in "
        )
        rows = self._only(self._select(table, list(operation.local_cols), condition), table)
        yield Check("orphan", shown, text, rows, columns=tuple(operation.local_cols))

    def check(self, operation: CreateCheckConstraintOp) -> Iterator[Check]:
        table, shown = self._found(operation)
        if table is None:
            return
        condition = operation.condition if isinstance(operation.condition, str) else sql_text(operation.condition)
        names = [column.name for column in table.c if column.name in condition]
        rows = self._select(table, names, unmet(operation))
        yield Check("check", shown, f"{condition} is false for ", rows, columns=tuple(names))

    def exclusion(self, operation: CreateExcludeConstraintOp) -> Iterator[Check]:
        table, shown = self._found(operation)
        if table is None:
            return
        dialect = self.connection.dialect.name
        values = [_part(table, part, {}, dialect).label(f"value_{i}") for i, (part, _) in enumerate(operation.elements)]
        place = sa.func.row_number().over().label("place")
        numbered = self._only(sa.select(*table.c, *values, place).select_from(table), table)
        if operation.where is not None:
            numbered = numbered.where(as_condition(operation.where))
        each = numbered.cte("each_row")
        other = each.alias("other_row")
        pairs = [
            each.c[value.name].op(operator, is_comparison=True)(other.c[value.name])
            for value, (_, operator) in zip(values, operation.elements, strict=True)
        ]
        conflict = sa.exists(sa.select(sa.literal(1)).where(each.c.place != other.c.place, *pairs).correlate(each))
        names = [part for part, _ in operation.elements if isinstance(part, str) and part in table.c]
        wanted = dict.fromkeys([*self.key(table.name, schema_of(table)), *(names or [value.name for value in values])])
        rows = sa.select(*(each.c[name] for name in wanted if name in each.c)).where(conflict)
        yield Check("exclusion", shown, "", rows, " conflict with other rows", tuple(names))

    def enum_values(self, operation: SetEnumValuesOp) -> Iterator[Check]:
        for use in operation.columns:
            table = self.table(use["table"], use.get("schema"))
            if table is None or use["column"] not in table.c or use.get("array"):
                continue
            column = table.c[use["column"]]
            unknown = sa.cast(column, sa.Text).not_in(operation.labels)
            text = f"{column.name} has a value that is removed from {operation.name}, in "
            shown = shown_name(use.get("schema"), use["table"])
            yield Check("enum value", shown, text, self._select(table, [column.name], unknown), columns=(column.name,))


def _part(table: TableOrQuery, part: Any, lengths: dict[str, int] | int, dialect: str) -> sa.ColumnElement[Any]:
    """Return a part of a unique key as an expression: a column, its first characters, or SQL."""
    if not isinstance(part, str):
        name = getattr(part, "name", None)
        return table.c[name] if isinstance(name, str) and name in table.c else index_value(part, dialect)
    if part not in table.c:
        return index_value(part, dialect)
    length = lengths if isinstance(lengths, int) else lengths.get(part)
    return sa.func.left(table.c[part], length) if length else table.c[part]


def _described(parts: Sequence[Any]) -> str:
    return ", ".join(part if isinstance(part, str) else shown_sql(part) for part in parts)


def _quoted(table: TableOrQuery) -> str:
    return ".".join(map(in_quotes, filter(None, (schema_of(table), table.name))))
