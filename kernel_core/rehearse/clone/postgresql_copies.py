"""Create the two copies of a PostgreSQL database at the same time, and drop them at the end.

Each takes as long as writing its files. Both are created from the source itself only if they have one moment.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from ...util.exc import sqlstate
from ...util.sql import in_quotes
from .source import Source

_BOTH_COPY = """
SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.objid
WHERE l.locktype = 'object' AND l.classid = 'pg_database'::regclass AND l.mode = 'ShareLock' AND l.granted
  AND d.datname = %s
"""
_INTERVAL = 0.005


def create_from_template(admin: Connection, template: str, name: str) -> bool:
    """Create a database as a copy of another; return False where somebody is connected to that one."""
    create = f"CREATE DATABASE {in_quotes(name)} TEMPLATE {in_quotes(template)}"
    try:
        admin.exec_driver_sql(create.replace("%", "%%"))
    except DBAPIError as error:
        if sqlstate(error.orig) in ("55006", "42501"):  # object in use, insufficient privilege
            return False
        raise
    return True


def create_both(admin: Connection, source: Source, names: Sequence[str]) -> bool:
    """Create two copies of a database at once; return False, with neither left, if they may be of two moments.

    CREATE DATABASE keeps sessions out of its template while it copies. Both have copied the same if for an instant both
    held that lock: from the first one's start to the second one's end nobody could connect.
    """
    made = [False, False]

    def create(place: int) -> None:
        with suppress(DBAPIError), admin.engine.connect() as other:
            made[place] = create_from_template(other, source.database, names[place])

    threads = [threading.Thread(target=create, args=(place,)) for place in (0, 1)]
    for each in threads:
        each.start()
    together = False
    while any(each.is_alive() for each in threads):
        if not together:
            together = admin.exec_driver_sql(_BOTH_COPY, (source.database,)).scalar_one() >= 2
        threads[0].join(_INTERVAL)
        threads[1].join(_INTERVAL if not threads[0].is_alive() else 0)
    if together and all(made):
        return True
    drop(admin, [name for name, is_made in zip(names, made, strict=True) if is_made], waits=True)
    return False


def drop(admin: Connection, names: Sequence[str], *, waits: bool = False) -> None:
    """Drop databases and end the sessions that are connected to them.

    The server writes a checkpoint for it, which can take seconds. With psycopg it is not waited for unless ``waits``:
    the server goes on after the statement is sent. With other drivers the databases are dropped side by side.
    """
    for name in names:
        with suppress(DBAPIError):
            admin.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
                (name,),
            )
    statements = [f"DROP DATABASE IF EXISTS {in_quotes(name)}" for name in names]
    _side_by_side([partial(_drop_one, admin, sql, waits=waits) for sql in statements])


def _drop_one(admin: Connection, sql: str, *, waits: bool) -> None:
    with suppress(DBAPIError), admin.engine.connect() as own:
        driver: Any = own.connection.dbapi_connection
        if waits or not hasattr(driver, "pgconn"):
            own.exec_driver_sql(sql.replace("%", "%%"))
            return
        if (own.dialect.server_version_info or (0,)) >= (14,):
            own.exec_driver_sql("SET client_connection_check_interval = 0")  # or the server might notice, and stop
        driver.pgconn.send_query(sql.encode(driver.info.encoding))
        own.detach()
        driver.close()


def _side_by_side(several: Sequence[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=each) for each in several]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
