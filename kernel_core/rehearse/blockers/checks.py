"""Queries for the rows that make an operation fail, on the tables as they are before it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from ...operations.operation import shown_name
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
)
from ...util.counts import counted
from ...util.sql import in_quotes
from ...util.sqla_compat import default_sql, shown_sql, sql_text
from ..findings import BlockerKind
from .conditions import as_condition, compared, index_value, unmet, without_parent
from .misfits import misfits
from .row_checks import RowChecks

SAMPLE = 5


@dataclass(frozen=True, slots=True)
class Check:
    """Rows of ``table`` that an operation cannot take: those of the query ``rows``, because of their ``columns``.

    ``lead`` and ``rest`` are what a sentence has before and after the number of the rows.
    """

    kind: BlockerKind
    table: str
    lead: str
    rows: sa.Select[Any]
    rest: str = ""
    columns: tuple[str, ...] = ()

    def text(self, number: int) -> str:
        """Return the sentence for a number of rows: ``email is NULL in 3 rows``."""
        return f"{self.lead}{counted(number, 'row')}{self.rest}"


class RowQueries(RowChecks[Check]):
    """A query for each kind of row that can make an operation fail, on the tables of a database as they are now."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._inspector = sa.inspect(connection)

    def table(self, name: str, schema: str | None) -> sa.TableClause | None:
        """Return a table with its columns and their types, None where there is none of this name."""
        if not self._inspector.has_table(name, schema=schema):
            return None
        columns = self._inspector.get_columns(name, schema=schema)
        return sa.table(name, *(sa.column(each["name"], each["type"]) for each in columns), schema=schema)

    def key(self, name: str, schema: str | None) -> list[str]:
        """Return the columns of the primary key."""
        return list(self._inspector.get_pk_constraint(name, schema=schema).get("constrained_columns") or ())

    def _found(self, operation: Any) -> tuple[sa.TableClause | None, str]:
        return self.table(operation.table_name, operation.schema), shown_name(operation.schema, operation.table_name)

    def _select(self, table: sa.TableClause, names: Sequence[str], *where: sa.ColumnElement[bool]) -> sa.Select[Any]:
        """Return a query of the key and some columns of the rows that meet a condition."""
        wanted = list(
            dict.fromkeys([*self.key(table.name, table.schema), *(name for name in names if name in table.c)])
        )
        columns: list[Any] = [table.c[name] for name in wanted if name in table.c] or [sa.literal(1).label("row")]
        return sa.select(*columns).select_from(table).where(*where)

    def added_column(self, operation: AddColumnOp) -> Iterator[Check]:
        table, shown = self._found(operation)
        column = operation.column
        if table is None:
            return
        if (
            not column.nullable
            and column.server_default is None
            and column.computed is None
            and column.identity is None
        ):
            text = f"{column.name} is NOT NULL and has no default for "
            yield Check("null", shown, text, self._select(table, []), columns=(column.name,))
        elif column.unique and column.server_default is not None:
            text = f" would have {default_sql(column.server_default)} in {column.name}, which is unique"
            yield Check("duplicate", shown, "", self._select(table, []), text, (column.name,))

    def altered_column(self, operation: AlterColumnOp) -> Iterator[Check]:
        table, shown = self._found(operation)
        if table is None or operation.column_name not in table.c:
            return
        column = table.c[operation.column_name]
        if operation.modify_nullable is False:
            rows = self._select(table, [column.name], column.is_(None))
            yield Check("null", shown, f"{operation.name_after} is NULL in ", rows, columns=(operation.name_after,))
        if operation.modify_type is not None:
            for kind, text, condition in misfits(self.connection, table, column, operation):
                rows = self._select(table, [column.name], condition)
                yield Check(kind, shown, text, rows, columns=(operation.name_after,))

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
        dialect, lengths = self.connection.dialect.name, _lengths(operation.kw)
        values = [_part(table, part, lengths, dialect) for part in parts]
        conditions = compared(values, operation.kw, dialect)
        rows, described = self._with_equals(table, values, conditions), _described(parts)
        columns = tuple(part for part in parts if isinstance(part, str))
        yield Check("duplicate", shown, "", rows, f" have the same {described} as another row", columns)

    def _with_equals(
        self, table: sa.TableClause, values: Sequence[sa.ColumnElement[Any]], where: Sequence[Any]
    ) -> sa.Select[Any]:
        """Return a query of the rows whose values another row has too: the number of such rows is counted by group."""
        columns = [value.label(f"value_{place}") for place, value in enumerate(values)]
        names = [value.name if isinstance(value, sa.ColumnClause) and value.name in table.c else "" for value in values]
        labelled = [value if name else column for value, name, column in zip(values, names, columns, strict=True)]
        total = sa.func.count().over(partition_by=list(values)).label("rows_with_them")
        key = [table.c[name] for name in self.key(table.name, table.schema) if name in table.c and name not in names]
        inner = sa.select(*key, *labelled, total).select_from(table).where(*where).subquery("each_row")
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
        if not all(name in referred.c for name in operation.remote_cols):
            return
        matches_full = str(operation.kw.get("match") or "").upper() == "FULL"
        condition = without_parent(table, local, referred, operation.remote_cols, matches_full=matches_full)
        names = ", ".join(operation.local_cols)
        text = (
            f"{names} refers to a row that {shown_name(operation.referent_schema, operation.referent_table)} lacks, in "
        )
        rows = self._select(table, list(operation.local_cols), condition)
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
        other, pairs, names = table.alias("other_row"), [], []
        for part, operator in operation.elements:
            if not isinstance(part, str) or part not in table.c:
                return  # an expression: the database's error names one of the rows
            pairs.append(table.c[part].op(operator, is_comparison=True)(other.c[part]))
            names.append(part)
        this: sa.ColumnElement[Any] = sa.literal_column(f"{_quoted(table)}.ctid")
        that: sa.ColumnElement[Any] = sa.literal_column("other_row.ctid")
        meets = sa.exists(sa.select(sa.literal(1)).select_from(other).where(this != that, *pairs).correlate(table))
        conditions: list[Any] = [meets]
        if operation.where is not None:
            conditions.append(as_condition(operation.where))
        rows = self._select(table, names, *conditions)
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


def _lengths(options: dict[str, Any]) -> dict[str, int] | int:
    found = options.get("mysql_length") or options.get("mariadb_length") or {}
    return found if isinstance(found, int) else dict(found)


def _part(table: sa.TableClause, part: Any, lengths: dict[str, int] | int, dialect: str) -> sa.ColumnElement[Any]:
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


def _quoted(table: sa.TableClause) -> str:
    return ".".join(map(in_quotes, filter(None, (table.schema, table.name))))
