"""What to tell a person when a revision failed: which one, where in its file, why, and where the database stands."""

from __future__ import annotations

import os
import socket
import traceback
from types import FrameType
from typing import Any, Protocol

from sqlalchemy import Dialect
from sqlalchemy.exc import ArgumentError, DBAPIError, InvalidRequestError, NoSuchModuleError

from ..ddl import DefaultImpl
from ..script.steps import StampStep, Step
from ..util.exc import UpgradeFailed
from ..util.secrets import redact
from .heads import spoken


class Run(Protocol):
    """What is asked of a MigrationContext."""

    as_sql: bool
    dialect: Dialect
    impl: DefaultImpl
    script: Any

    @property
    def borrowed(self) -> bool:
        """The transaction is the caller's."""


def failed(
    error: Exception,
    step: Step | StampStep,
    context: Run,
    heads: tuple[str, ...],
    applied: tuple[str, ...],
    interrupted: bool,
) -> UpgradeFailed:
    """Return the UpgradeFailed for ``error``, which a step raised; ``heads`` is where the database stands now."""
    revision = step.revision_id if isinstance(step, Step) else ", ".join(step.added or step.removed) or "base"
    name = f"Revision {revision}{_place(error, step, context)}"
    verb = {"upgrade": "failed", "downgrade": "could not be undone", "stamp": "could not be stamped"}[step.direction]
    text = f"{name} {verb}: {reason(error)} {_outcome(context, heads, interrupted)}"
    return UpgradeFailed(redact(text), revision=revision, standing_at=heads, applied=applied)


def reason(error: BaseException) -> str:
    """Return the first line of an error with its type, closed by a full stop.

    A driver's error is taken out of SQLAlchemy's wrapping; the message of an error of ours stands alone.
    """
    cause = getattr(error, "orig", None) or error
    first = next((line.strip() for line in str(cause).splitlines() if line.strip()), "")
    ours = type(cause).__module__.endswith("util.exc")
    text = first if ours and first else f"{type(cause).__name__}: {first}" if first else type(cause).__name__
    return text if text.endswith((".", "!", "?")) else text + "."


def _place(error: Exception, step: Step | StampStep, context: Run) -> str:
    """Return `` (file, line n)``: the deepest line of the version file that the error went through."""
    script = context.script.get_revision(step.revision_id) if isinstance(step, Step) and context.script else None
    if script is None:
        return ""
    path = os.path.realpath(script.path)
    lines = [line for frame, line in traceback.walk_tb(error.__traceback__) if _file(frame) == path]
    return f" ({os.path.basename(path)}, line {lines[-1]})" if lines else f" ({os.path.basename(path)})"


def _file(frame: FrameType) -> str:
    return os.path.realpath(frame.f_code.co_filename)


def _outcome(context: Run, heads: tuple[str, ...], interrupted: bool) -> str:
    if context.as_sql:
        return "No more SQL was written."
    if context.borrowed:
        return "It runs in the caller's transaction, which must be rolled back now."
    where = f"the database stands at {spoken(heads)}."
    if interrupted:
        return f"What it did up to its autocommit_block() stays; {where}"
    if not context.impl.transactional_ddl:
        return f"{context.dialect.name} commits each change of a table at once, so a part of it may stay; {where}"
    return f"It was rolled back; {where}"


_PACKAGES = {
    "psycopg": '"psycopg[binary]"',
    "psycopg2": "psycopg2-binary",
    "asyncpg": "asyncpg",
    "pymysql": "pymysql",
    "MySQLdb": "mysqlclient",
    "mariadb": "mariadb",
    "aiomysql": "aiomysql",
    "aiosqlite": "aiosqlite",
    "pyodbc": "pyodbc",
    "oracledb": "oracledb",
}


def explained(error: BaseException) -> str | None:
    """Return in a line what a database or its driver complains of; None where the error is no such thing."""
    if isinstance(error, ModuleNotFoundError) and error.name in _PACKAGES:
        return f"The driver {error.name} is not installed. Install it: pip install {_PACKAGES[error.name]}"
    if isinstance(error, NoSuchModuleError):
        return f"No such kind of database is known: {error}. Look at the part of the URL before ://."
    if isinstance(error, ArgumentError):
        return f"{error}. A URL looks like sqlite:///file.db or postgresql+psycopg://user@host/database."
    if isinstance(error, InvalidRequestError) and "async" in str(error):
        return f"The template's driver and the URL's do not fit: {reason(error)} Name an async driver before ://."
    driver = type(error).__module__.partition(".")[0] in _PACKAGES
    if driver or isinstance(error, (DBAPIError, ConnectionError, socket.gaierror)):
        return redact(reason(error))
    return None
