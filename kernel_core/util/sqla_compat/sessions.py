"""Which connections a Session of the ORM uses, and who follows the statements of a connection."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import Connection


def connections_of_session(value: object) -> Iterator[Connection]:
    """Yield the connections of the transaction that a Session, or a scoped session, has open; begin none.

    Any other object has none.
    """
    orm = sys.modules.get("sqlalchemy.orm")  # without it there are no Sessions
    if orm is None:
        return
    if isinstance(value, orm.scoped_session):
        value = value() if value.registry.has() else None
    transaction = value.get_transaction() if isinstance(value, orm.Session) else None
    for key in getattr(transaction, "_connections", {}):
        if isinstance(key, Connection):
            yield key


@contextmanager
def executed_at_end(connection: Connection, sql: str) -> Iterator[None]:
    """Execute a statement after the block, also after an error, which an error of the statement itself never hides."""
    try:
        yield
    except BaseException:
        with suppress(Exception):  # the transaction may have failed, or the connection may be lost
            if not connection.invalidated:
                connection.exec_driver_sql(sql)
        raise
    connection.exec_driver_sql(sql)


def statement_listeners(connection: Connection) -> int:
    """Return how many listeners a connection, its engine and its dialect call for each statement."""
    events, of_dialect = connection.dispatch, connection.dialect.dispatch
    around = (events.before_execute, events.after_execute, events.before_cursor_execute, events.after_cursor_execute)
    instead = (of_dialect.do_execute, of_dialect.do_execute_no_params)
    return sum(len(list(listeners)) for listeners in (*around, *instead))


def logs_statements(connection: Connection) -> bool:
    """Return whether each statement is logged, as with ``echo=True``."""
    return bool(connection._echo)


def is_in_block(connection: object) -> bool:
    """Return whether a connection is in a block ``with connection.begin():``, which alone may end its transaction.

    SQLAlchemy publishes no such question: `Connection.in_transaction` is also True after any query.
    """
    return getattr(connection, "_trans_context_manager", None) is not None
