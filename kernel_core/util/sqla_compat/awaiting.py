"""From code that does not wait into code that does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.engine import Connection


def await_on(connection: Connection, function: Callable[..., Any], *args: Any, **kw: Any) -> Any:
    """Return what an async function returns that is given an AsyncConnection over ``connection``."""
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine  # noqa: PLC0415 - a browser kernel has no greenlet
    from sqlalchemy.util import await_only  # noqa: PLC0415 - the same

    return await_only(function(AsyncConnection(AsyncEngine(connection.engine), connection), *args, **kw))
