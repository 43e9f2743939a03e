"""Which connections a Session of the ORM uses."""

from __future__ import annotations

import sys
from collections.abc import Iterator

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
