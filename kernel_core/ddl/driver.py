"""The driver's own cursors, for statements that SQLAlchemy would surround with more round trips."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.engine import Connection


@contextmanager
def driver_cursor(connection: Connection) -> Iterator[Any]:
    """Yield a cursor of the driver, and close it after the block.

    An interrupt in the block invalidates the connection, as it does inside SQLAlchemy: a part of the server's answer
    may not be read yet, which the driver would take for the answer to the next statement, such as the pool's rollback.
    """
    cursor = connection.connection.cursor()
    try:
        yield cursor
    except Exception:
        cursor.close()
        raise
    except BaseException:
        connection.invalidate()
        raise
    cursor.close()
