"""The values that a change of a column's type refuses.

On PostgreSQL each value is tried: a function converts it as ALTER TABLE does, and catches the error. Elsewhere they are
those of the conditions in `type_changes` and `character_sets`, and of STRICT tables of SQLite. MariaDB tries the values
for ENUM and SET, which compare as their collation says, and for types without a condition: dates, times, bits, bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from ...operations.ops import AlterColumnOp
from ...util.sql import in_backticks, in_quotes
from ...util.sqla_compat import executed_at_end
from ...util.sqla_compat.types import AnyType
from ..findings import BlockerKind
from .added_columns import TableOrQuery, schema_of
from .character_sets import changed_text
from .savepoints import without_event_triggers
from .strict_tables import unfit_for_strict
from .type_changes import MYSQL, value_changes

FUNCTION = "mig_fits"
"""The name of the function that tries a value, and is dropped after the rows are counted."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """Rows that do not fit: ``condition`` selects them, and ``plain`` may select them without the function."""

    kind: BlockerKind
    lead: str
    condition: sa.ColumnElement[bool]
    rest: str = ""
    plain: sa.ColumnElement[bool] | None = None


def misfits(
    connection: Connection, table: TableOrQuery, column: sa.ColumnElement[Any], operation: AlterColumnOp
) -> Iterator[Misfit]:
    """Yield what does not fit the new type of a column; each is to be counted before the next one is asked for."""
    after = operation.modify_type
    assert after is not None, "the type changes"
    text = spelled(connection, after)
    is_enum = isinstance(after, sa.Enum) or text.upper().startswith("ENUM(")
    kind: BlockerKind = "enum value" if is_enum else "misfit"
    dialect = connection.dialect.name
    texts = changed_text(connection, operation) if dialect in MYSQL else None
    if texts is not None:
        yield from (Misfit(kind, each.lead, each.condition) for each in texts.refused)
        return
    if dialect == "sqlite":
        refused = unfit_for_strict(connection, table, column, text, is_copy=bool(operation.kw.get("sqlite_strict")))
        if refused is not None:
            yield Misfit(kind, f"{operation.column_name} is not a valid {text} in ", refused)
            return
    strict = dialect not in MYSQL or "STRICT" in str(connection.exec_driver_sql("SELECT @@sql_mode").scalar())
    plain = list(_conditions(connection, column, operation, strict=strict))
    has_list = dialect in MYSQL and _has_list(text)
    if has_list and not strict:
        return  # what does not fit becomes the empty text
    if dialect == "postgresql" or has_list or (dialect in _TRIALS and not plain):
        with _TRIALS[dialect](connection, table, operation, text) as fits:
            refused = sa.literal_column(f"NOT {fits}", sa.Boolean())
            shown = sa.and_(column.is_not(None), sa.or_(*(each for _, each in plain))) if plain else None
            yield Misfit(kind, f"{operation.column_name} is not a valid {text} in ", refused, plain=shown)
        return
    for lead, condition in plain:
        yield Misfit(kind, f"{lead}: ", sa.and_(column.is_not(None), condition))


def spelled(connection: Connection, type_: AnyType) -> str:
    """Return a type as SQL, for a driver that puts no parameters in."""
    text = type_.compile(connection.dialect)
    is_named = connection.dialect.name == "postgresql" and isinstance(type_, sa.Enum)
    return text.replace("%%", "%") if is_named else text  # SQLAlchemy doubles the percent signs of names


def _has_list(spelled: str) -> bool:
    """Return whether a type of MariaDB and MySQL is a list of values: ENUM or SET."""
    return spelled.upper().startswith(("ENUM(", "SET("))


def _conditions(
    connection: Connection, column: sa.ColumnElement[Any], operation: AlterColumnOp, *, strict: bool
) -> Iterator[tuple[str, sa.ColumnElement[bool]]]:
    """Yield the text and the condition of values that are refused, as far as they can be written as a condition."""
    after = operation.modify_type
    dialect = connection.dialect.name
    if after is not None and dialect in MYSQL:
        after = reflected_type(connection, after)
    if after is None or isinstance(after, sa.types.UserDefinedType):
        return
    using = str(operation.kw.get("postgresql_using") or "") if dialect == "postgresql" else ""
    for change in value_changes(column, operation.column_name, after, dialect, using=using, strict=strict):
        if change.severity == "may fail" and isinstance(change.condition, sa.ColumnElement):
            yield change.text, change.condition


def reflected_type(connection: Connection, type_: AnyType) -> AnyType:
    """Return the type of MariaDB and MySQL that is written in a statement, as reflection returns it."""
    if not isinstance(type_, sa.types.UserDefinedType):
        return type_
    spelled = type_.compile(connection.dialect)
    if spelled.upper() == "JSON":
        return sa.JSON()  # MariaDB reflects a LONGTEXT
    name = f"{FUNCTION}_type"
    connection.exec_driver_sql(f"CREATE TEMPORARY TABLE {name} (c {spelled})".replace("%", "%%"))
    with executed_at_end(connection, f"DROP TEMPORARY TABLE {name}"):
        found: AnyType = sa.inspect(connection).get_columns(name)[0]["type"]
    return found


@contextmanager
def _tried_on_postgresql(
    connection: Connection, table: TableOrQuery, operation: AlterColumnOp, spelled: str
) -> Iterator[str]:
    """Yield a call of a function that returns whether a row's value can be assigned to a variable of the new type."""
    name = ".".join(in_quotes(part) for part in (schema_of(table), table.name) if part)
    if not operation.kw.get("postgresql_using"):
        _refuse_without_cast(connection, name, operation.column_name, spelled)
    using = str(operation.kw.get("postgresql_using") or "") or in_quotes(operation.column_name)
    row = f"(SELECT (mig_row).*) AS {in_quotes(table.name)}"
    body = (
        f"#variable_conflict use_column\nBEGIN DECLARE mig_value {spelled} := (SELECT ({using}) FROM {row}); "
        "BEGIN RETURN true; END; EXCEPTION WHEN others THEN RETURN false; END"
    )
    head = f"CREATE OR REPLACE FUNCTION pg_temp.{FUNCTION}(mig_row {name}) RETURNS boolean LANGUAGE plpgsql"
    with without_event_triggers(connection), _temporary_enum(connection, operation.modify_type):
        connection.exec_driver_sql(f"{head} AS $mig${body}$mig$".replace("%", "%%"))
        yield f"pg_temp.{FUNCTION}({in_quotes(table.name)}.*)"
        # a function of the row type of a table would keep the migration from dropping that table
        connection.exec_driver_sql(f"DROP FUNCTION pg_temp.{FUNCTION}({name})".replace("%", "%%"))


def _refuse_without_cast(connection: Connection, name: str, column: str, spelled: str) -> None:
    """Raise DBAPIError where no cast is made without USING: then no row is at fault.

    A function in SQL returns by the same casts as ALTER TABLE converts by.
    """
    sql = (
        "SELECT format_type(atttypid, atttypmod) FROM pg_attribute "
        "WHERE attrelid = to_regclass(:name) AND attname = :column"
    )
    before = connection.execute(sa.text(sql), {"name": name, "column": column}).scalar_one()
    with without_event_triggers(connection):
        function = f"pg_temp.{FUNCTION}_cast"
        head = f"CREATE OR REPLACE FUNCTION {function}(value {before}) RETURNS {spelled}"
        connection.exec_driver_sql(f"{head} LANGUAGE sql AS 'SELECT value'".replace("%", "%%"))
        connection.exec_driver_sql(f"DROP FUNCTION {function}({before})".replace("%", "%%"))


@contextmanager
def _temporary_enum(connection: Connection, type_: object) -> Iterator[None]:
    """Create the enum type that the operation would have created, for the time of the block."""
    is_new = isinstance(type_, sa.Enum) and type_.native_enum and type_.name and not type_.schema
    if not isinstance(type_, sa.Enum) or not is_new:
        yield
        return
    name = in_quotes(str(type_.name))
    if connection.execute(sa.text("SELECT to_regtype(:name)"), {"name": name}).scalar() is not None:
        yield
        return
    labels = ", ".join(f"'{label.replace(chr(39), chr(39) * 2)}'" for label in type_.enums)
    connection.exec_driver_sql(f"CREATE TYPE pg_temp.{name} AS ENUM ({labels})".replace("%", "%%"))
    yield
    connection.exec_driver_sql(f"DROP TYPE pg_temp.{name}".replace("%", "%%"))


@contextmanager
def _tried_on_mariadb(
    connection: Connection, table: TableOrQuery, operation: AlterColumnOp, spelled: str
) -> Iterator[str]:
    """Yield a call of a function that returns whether a value can be assigned to a variable of the new type."""
    type_, data_type, of_text, of_table = _column_on_mariadb(connection, table, operation.column_name)
    has_list = _has_list(spelled)
    says_characters = any(word in spelled.upper().split() for word in ("CHARACTER", "CHARSET", "COLLATE"))
    new = f"{spelled}{of_table}" if has_list and not says_characters else spelled
    # a list refuses with the warning 1265, which strict mode raises; it takes a rounded number from ALTER TABLE only
    refusal = "SQLEXCEPTION, 1265" if has_list else "SQLEXCEPTION"
    value = "ROUND(mig_value)" if has_list and data_type in ("double", "float", "decimal") else "mig_value"
    connection.exec_driver_sql(f"DROP FUNCTION IF EXISTS {FUNCTION}")
    body = (
        f"CREATE FUNCTION {FUNCTION}(mig_value {type_}{of_text}) RETURNS BOOLEAN DETERMINISTIC BEGIN "
        f"DECLARE mig_new {new}; DECLARE EXIT HANDLER FOR {refusal} RETURN FALSE; "
        f"SET mig_new = {value}; RETURN TRUE; END"
    )
    connection.exec_driver_sql(body.replace("%", "%%"))
    with executed_at_end(connection, f"DROP FUNCTION IF EXISTS {FUNCTION}"):
        yield f"{FUNCTION}({in_backticks(operation.column_name)})"


def _column_on_mariadb(connection: Connection, table: TableOrQuery, column: str) -> tuple[str, str, str, str]:
    """Return the type of a column in full and by its name, and the SQL of its character set and of its table's."""
    sql = (
        "SELECT c.column_type, c.data_type, c.character_set_name, c.collation_name, s.character_set_name, "
        "s.collation_name FROM information_schema.columns c "
        "JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name "
        "LEFT JOIN information_schema.collations s ON s.collation_name = t.table_collation "
        "WHERE c.table_schema = coalesce(:schema, database()) AND c.table_name = :name AND c.column_name = :column"
    )
    names = {"schema": schema_of(table), "name": table.name, "column": column}
    type_, data_type, *characters = connection.execute(sa.text(sql), names).one()
    of_text, of_table = (
        f" CHARACTER SET {name} COLLATE {collation}" if name else ""
        for name, collation in (characters[:2], characters[2:])
    )
    return type_, data_type, of_text, of_table


_Trial = Callable[[Connection, TableOrQuery, AlterColumnOp, str], AbstractContextManager[str]]
_TRIALS: dict[str, _Trial] = {
    "postgresql": _tried_on_postgresql,
    "mysql": _tried_on_mariadb,
    "mariadb": _tried_on_mariadb,
}
