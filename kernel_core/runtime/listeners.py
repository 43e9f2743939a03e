"""Listeners of SQLAlchemy's events for the time of a block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event


@contextmanager
def listening(target: object, listeners: Mapping[str, Any]) -> Iterator[None]:
    """Call the listeners, by the names of their events, during the block.

    with listening(connection, {"commit": note}): ...
    """
    attached: list[tuple[str, Any]] = []
    try:
        for name, listener in listeners.items():
            event.listen(target, name, listener)
            attached.append((name, listener))
        yield
    finally:
        for name, listener in attached:
            event.remove(target, name, listener)
