"""The name in the notebook of a connection that holds a lock: its Session, Connection or Engine."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping

import sqlalchemy as sa

from kernel_core.util.sqla_compat import connections_of_session


def name_of_connection(namespace: Mapping[str, object], driver: object) -> str:
    """Return how the notebook names the driver's connection: ``the Session s of this notebook``."""
    for name, value in [each for each in namespace.items() if not each[0].startswith("_")]:
        kind = _kind(value, driver)
        if kind:
            return f"the {kind} {name} of this notebook"
    engines = [connection.engine for connection in _live(gc.get_objects()) if _uses(connection, driver)]
    names = [name for name, value in namespace.items() if any(value is engine for engine in engines)]
    of_engine = f" of the engine {names[0]}" if names else ""
    return f"a connection{of_engine} of this notebook"


def _kind(value: object, driver: object) -> str:
    """Return which kind of object a variable holds, if it uses the driver's connection; else ""."""
    if value is driver:
        return "connection"
    if isinstance(value, sa.Connection):
        return "Connection" if _uses(value, driver) else ""
    used = any(_uses(connection, driver) for connection in connections_of_session(value))
    return "Session" if used else ""


def _live(values: list[object]) -> Iterator[sa.Connection]:
    return (value for value in values if isinstance(value, sa.Connection))


def _uses(connection: sa.Connection, driver: object) -> bool:
    if connection.closed or connection.invalidated:
        return False
    return connection.connection.driver_connection is driver
