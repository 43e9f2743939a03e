"""The values that a change of a column's type refuses.

On PostgreSQL each value is tried: a function of the session converts it as ALTER TABLE does, and catches the error.
Elsewhere they are those of the conditions in `type_changes`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from ...operations.ops import AlterColumnOp
from ...util.sql import in_quotes
from ..findings import BlockerKind
from .type_changes import value_changes

_FUNCTION = "pg_temp.mig_fits"


def misfits(
    connection: Connection, table: sa.TableClause, column: sa.ColumnElement[Any], operation: AlterColumnOp
) -> Iterator[tuple[BlockerKind, str, sa.ColumnElement[bool]]]:
    """Yield (kind, text before the number of rows, condition of the rows) for what does not fit the new type."""
    after = operation.modify_type
    assert after is not None, "the type changes"
    kind: BlockerKind = "enum value" if isinstance(after, sa.Enum) else "misfit"
    if connection.dialect.name == "postgresql":
        spelled = after.compile(connection.dialect)
        using = str(operation.kw.get("postgresql_using") or "") or in_quotes(operation.column_name)
        yield (
            kind,
            f"{operation.column_name} is not a valid {spelled} in ",
            _does_not_fit(connection, table, spelled, using),
        )
        return
    strict = connection.dialect.name != "mysql" or "STRICT" in str(
        connection.exec_driver_sql("SELECT @@sql_mode").scalar()
    )
    for change in value_changes(column, operation.column_name, after, connection.dialect.name, strict=strict):
        if change.severity == "may fail" and isinstance(change.condition, sa.ColumnElement):
            yield kind, f"{change.text}: ", sa.and_(column.is_not(None), change.condition)


def _does_not_fit(connection: Connection, table: sa.TableClause, spelled: str, using: str) -> sa.ColumnElement[bool]:
    """Return the condition that a row's value cannot be assigned to a variable of the new type."""
    name = ".".join(in_quotes(part) for part in (table.schema, table.name) if part)
    body = (
        f"#variable_conflict use_column\nDECLARE mig_value {spelled}; BEGIN "
        f"SELECT ({using}) INTO mig_value FROM (SELECT (mig_row).*) AS {in_quotes(table.name)}; "
        "RETURN true; EXCEPTION WHEN others THEN RETURN false; END"
    )
    head = f"CREATE OR REPLACE FUNCTION {_FUNCTION}(mig_row {name}) RETURNS boolean LANGUAGE plpgsql"
    connection.exec_driver_sql(f"{head} AS $mig${body}$mig$".replace("%", "%%"))
    return sa.literal_column(f"NOT {_FUNCTION}({in_quotes(table.name)}.*)", sa.Boolean())
