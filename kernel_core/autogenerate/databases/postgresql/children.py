"""Tables that inherit from others, and partitions: what they have of their own.

https://www.postgresql.org/docs/current/ddl-inherit.html
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.engine import Dialect
from sqlalchemy.schema import CreateTable, Table
from sqlalchemy.sql import quoted_name

from ....util.sqla_compat import quoted_table
from ..catalog import ColumnInfo, TableInfo


def child_table_sql(dialect: Dialect, info: TableInfo, table: Table) -> str:
    """Return the CREATE TABLE of a child of other tables, without the columns and checks that it has from them.

    ``table`` has all of them, and is changed. Checks that have a definition are added by separate statements.
    """
    parents = [quoted_name(quoted_table(*key, dialect), quote=False) for key in info.inherits]
    table.dialect_options["postgresql"]["inherits"] = tuple(parents)  # SQLAlchemy takes a schema for a part of a name
    for column in table.columns:
        column.system = info.columns[str(column.name)].inherited  # SQLAlchemy leaves such a column out
    others = {check.name for check in info.checks if check.inherited or check.definition is not None}
    for constraint in [each for each in table.constraints if each.name in others]:
        table.constraints.discard(constraint)
    sql = str(CreateTable(table).compile(dialect=dialect)).strip()
    return sql.replace("%%", "%") if dialect.paramstyle in ("format", "pyformat") else sql


def override_inherited(info: TableInfo, parents: Sequence[TableInfo]) -> None:
    """Add to the settings of inherited columns the defaults and NOT NULL that the parents do not have."""
    for name, column in info.columns.items():
        origins = [parent.columns[name] for parent in parents if name in parent.columns]
        if not column.inherited or not origins:
            continue
        actions = []
        if not column.computed and _default(column) != _default(origins[0]):
            default = _default(column)
            actions.append("DROP DEFAULT" if default is None else f"SET DEFAULT {default}")
        if not column.nullable and all(origin.nullable for origin in origins):
            actions.append("SET NOT NULL")
        column.settings = [*column.settings, *actions]


def _default(column: ColumnInfo) -> str | None:
    return column.default if column.serial_default is None else column.serial_default
