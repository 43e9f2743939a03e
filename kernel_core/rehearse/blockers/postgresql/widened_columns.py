"""Columns of PostgreSQL get a wider type while a statement runs again, so that the values that do not fit are counted.

The wider type compares and computes as the other one does, as far as the statement does that: otherwise it might write
other values, or to other rows, and nothing is counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql

from ....operations.ops import AlterColumnOp
from ....util.sql import Token, in_quotes, tokens
from ....util.sqla_compat.types import AnyType
from ..misfits import spelled
from ..reader import compares_by_order
from ..written_tables import write_of

_LONG = 1000
"""A length of CHAR, as SQLAlchemy does not reflect one without, and the highest precision of NUMERIC."""
_COMPARE = frozenset({"=", "<", ">", "<=", ">=", "<>", "!=", "::", "||"})
_BEFORE_STAR = frozenset({"SELECT", "select", "(", ".", ","})
_IS_PLAIN = """
SELECT c.relkind IN ('r', 'p') AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal)
FROM pg_class c WHERE c.oid = to_regclass(:table)
"""


def widened(connection: Connection, sql: str, state: str) -> Iterator[tuple[str, AlterColumnOp]]:
    """Yield statements that widen the columns that an INSERT or UPDATE may have failed for, with what undoes each.

    ``state`` is the SQLSTATE of the error. Nothing is widened where rows may be left out, or triggers change values.
    """
    found = tokens(sql, connection.dialect)
    write = write_of(sql, connection.dialect)
    if write is None:
        return
    schema, table = write.schema, write.table
    shown = ".".join(map(in_quotes, filter(None, (schema, table))))
    is_plain = connection.execute(sa.text(_IS_PLAIN), {"table": shown}).scalar()
    if not is_plain or any(token.keyword == "CONFLICT" for token in found):
        return
    for column in sa.inspect(connection).get_columns(table, schema=schema):
        name, type_ = column["name"], column["type"]
        wider = _wider(type_, state, found)
        if wider:
            quoted = in_quotes(name)
            operation = AlterColumnOp(table, name, schema=schema, modify_type=type_)
            if isinstance(type_, sa.Enum):
                operation.kw["postgresql_using"] = f"{quoted}::text::{spelled(connection, type_)}"
            yield f"ALTER TABLE {shown} ALTER COLUMN {quoted} TYPE {wider}", operation


def _wider(type_: AnyType, state: str, found: Sequence[Token]) -> str:
    """Return a type that takes more values than another, which are refused with this SQLSTATE; "" for none."""
    if state == "22001":
        if isinstance(type_, sa.CHAR):
            return f"char({_LONG})" if (type_.length or 1) < _LONG else ""
        if isinstance(type_, postgresql.BIT):
            return "varbit" if type_.varying else ""
        return "varchar" if isinstance(type_, sa.VARCHAR) and type_.length else ""
    if state == "22003":
        if isinstance(type_, sa.Integer):
            return "" if isinstance(type_, sa.BigInteger) or _computes(found) else "bigint"
        if isinstance(type_, sa.NUMERIC) and type_.precision is not None:
            return f"numeric({_LONG}, {type_.scale or 0})"  # it rounds as the other type does
        return ""
    return "text" if state == "22P02" and isinstance(type_, sa.Enum) and not compares_by_order(found) else ""


def has_spaces_to_cut(connection: Connection, operation: AlterColumnOp) -> bool:
    """Return whether a widened column has values that its type would have cut: by spaces, which it does silently."""
    type_ = operation.modify_type
    if not isinstance(type_, sa.VARCHAR) or isinstance(type_, sa.CHAR | sa.Enum):
        return False
    value: sa.ColumnClause[str] = sa.column(operation.column_name)
    rest = sa.func.substr(value, (type_.length or 0) + 1)
    table = sa.table(operation.table_name, value, schema=operation.schema)
    found = sa.select(sa.literal(1)).select_from(table).where(rest != "", sa.func.rtrim(rest) == "")
    return connection.execute(found.limit(1)).first() is not None


def _computes(found: Sequence[Token]) -> bool:
    """Return whether a statement may compute numbers, of the type of a column that would be wider."""
    return any(
        token.kind == "operator"
        and token.text not in _COMPARE
        and not (token.text == "*" and before.text in _BEFORE_STAR)
        for before, token in pairwise(found)
    )
