"""Server defaults that differ as text: the database decides which are equal, in one query for all tables.

PostgreSQL compares values where evaluating them cannot change anything: literals, casts, operators, the clock. All
other defaults are compared by their stored text, for which nothing is evaluated, so that any function may be in them:
``nextval('s')`` of a model is ``nextval('s'::regclass)`` on PostgreSQL, ``NOW(6)`` is ``current_timestamp(6)`` on
MariaDB.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ...ddl.default_comparison import defaults_differ
from ...ddl.type_comparison import ddl_text
from ...util.sqla_compat import AnyType, default_argument, default_sql
from ..context import AutogenContext
from ..databases import DefaultPair, Expression, TablePair
from .canonical import are_equal, canonical_forms


def equivalent_defaults(context: AutogenContext, pairs: Iterable[TablePair]) -> frozenset[DefaultPair]:
    """Return the defaults that are equal although their texts differ."""
    connection = context.connection
    if connection is None or context.opts.get("compare_server_default", False) in (False, None):
        return frozenset()
    tables = {default: table for table in pairs for default in _unequal_texts(context, table)}
    if not tables:
        return frozenset()
    equal = context.rules.equal_defaults(connection, tables)
    others = {each: table for each, table in tables.items() if each not in equal}
    return frozenset(equal | _stored_alike(context, others))


def _stored_alike(context: AutogenContext, tables: dict[DefaultPair, TablePair]) -> set[DefaultPair]:
    """Return the pairs for which the database stores one text; none of a table that cannot be copied."""
    expressions = {
        default: tuple(
            Expression("default", table.info.key, sql, default.type_text) for sql in (default.inspected, default.wanted)
        )
        for default, table in tables.items()
    }
    forms = canonical_forms(context, [each for both in expressions.values() for each in both], warns=False)
    return {default for default, (one, two) in expressions.items() if are_equal(forms[one], forms[two])}


def _unequal_texts(context: AutogenContext, table: TablePair) -> Iterator[DefaultPair]:
    """Yield the defaults of a table that differ as text."""
    for column in table.model.columns:
        item = table.info.columns.get(str(column.name))
        if item is None or item.default is None or column.server_default is None:
            continue
        if not hasattr(column.server_default, "arg") or column.identity is not None or column.computed is not None:
            continue
        wanted = default_argument(column.server_default)
        if defaults_differ(item.default, default_sql(wanted, context.dialect), context.dialect):
            pair = default_pair(context, item.type, item.default, wanted)
            if pair is not None:
                yield pair


def default_pair(context: AutogenContext, type_: AnyType, inspected: str | None, wanted: object) -> DefaultPair | None:
    """Return two defaults as the database can compare them; None where it cannot."""
    type_text = ddl_text(context.dialect, type_)
    if type_text is None or inspected is None:
        return None
    return DefaultPair(type_text, inspected, default_sql(wanted, context.dialect))
