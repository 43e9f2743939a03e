"""The connections of this process: a notebook often waits for a lock that is held by a Session in the same notebook."""

from __future__ import annotations

import gc
import os
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection

from ..ddl.lock_wait import Holder
from ..ddl.sqlite.pragma import main_file

_DRIVERS = ("psycopg", "psycopg2", "pymysql", "MySQLdb")


def own_connection(connection: Connection, holder: Holder) -> object | None:
    """Return the driver's connection of this process that is the ``holder``; None if it is none of those.

    All objects of the process are looked through, which takes a tenth of a second.
    """
    ours = connection.connection.driver_connection
    if connection.dialect.name == "sqlite":
        return _of_sqlite(ours) if holder.number == os.getpid() else None
    for driver in _connections():
        with suppress(Exception):  # it may be closed, or be closed meanwhile
            if driver is not ours and _number(driver) == holder.number and _server(driver) == _server(ours):
                found: object = driver
                return found
    return None


def _connections() -> Iterator[Any]:
    for each in gc.get_objects():
        kind = type(each)
        if kind.__name__.lower().endswith("connection") and kind.__module__.partition(".")[0] in _DRIVERS:
            yield each


def _number(driver: Any) -> int:
    """Return the process of the server, or the connection's id on MariaDB; neither asks the server."""
    info = getattr(driver, "info", None)
    return int(driver.thread_id()) if hasattr(driver, "thread_id") else int(info.backend_pid)  # type: ignore[union-attr]


def _server(driver: Any) -> tuple[object, object]:
    info = getattr(driver, "info", driver)
    return getattr(info, "host", None), getattr(info, "port", None)


def _of_sqlite(ours: object) -> object | None:
    """Return a connection of this process that is in a transaction on the same file."""
    if not isinstance(ours, sqlite3.Connection):
        return None
    path = main_file(ours)
    for each in gc.get_objects():
        if isinstance(each, sqlite3.Connection) and each is not ours:
            with suppress(sqlite3.Error):  # it may be closed, or belong to another thread
                if each.in_transaction and main_file(each) == path:
                    return each
    return None
