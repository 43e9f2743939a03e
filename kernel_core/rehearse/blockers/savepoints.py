"""Queries that may fail inside of a transaction that goes on."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from ...runtime.autocommit import is_outside_transactions


class undone_if_failed:  # noqa: N801 - used like a function
    """A savepoint around a query, where a failed one would end the transaction: not in an autocommit block."""

    def __init__(self, connection: Connection) -> None:
        self._savepoint: Any = None
        is_open = connection.dialect.name == "postgresql" and connection.in_transaction()
        if is_open and not is_outside_transactions(connection):
            self._savepoint = connection.begin_nested()

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, *_: object) -> None:
        if self._savepoint is not None and self._savepoint.is_active:
            self._savepoint.rollback() if kind is not None and kind is not StopIteration else self._savepoint.commit()
