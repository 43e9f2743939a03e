"""Offline scripts of single directives, for the tests."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from kernel_core.operations import Operations
from kernel_core.runtime.migration import MigrationContext
from kernel_core.util.exc import CommandError

DIALECTS = ("sqlite", "postgresql", "mysql", "mariadb", "mssql", "oracle")


def script(dialect: str, directive: Callable[[Operations], object], **opts: Any) -> str:
    """Return what a directive prints on a dialect; raises what it raises."""
    buffer = io.StringIO()
    context = MigrationContext.configure(dialect_name=dialect, opts={"as_sql": True, "output_buffer": buffer, **opts})
    directive(Operations(context))
    return buffer.getvalue().strip()


def script_or_error(dialect: str, directive: Callable[[Operations], object]) -> str:
    """Return the script, or the message of the error in one line; only errors with a message for users count."""
    try:
        return script(dialect, directive)
    except CommandError as error:
        return f"-- refused: {error}"
