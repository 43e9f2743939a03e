"""The operations of a revision: from the source of its file, or by running the function with an ``op`` that records."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from sqlalchemy.engine import Dialect

from ..operations.containers import UpgradeOps
from ..operations.schema_state import SchemaState
from ..script import Script
from ..util.exc import BrokenScript, CommandError
from .reader import read_functions
from .recorder import Recording, Unread, record_script

Function = Literal["upgrade", "downgrade"]


def operations_of(
    script: Script,
    dialect: Dialect,
    function: Function = "upgrade",
    *,
    may_run: bool = False,
    makes_tables: bool = True,
    state: SchemaState | None = None,
    is_part: bool = False,
) -> Recording:
    """Return the operations of a revision.

    The file is only read. With ``may_run``, a function of which the source does not show everything is run, with an
    ``op`` that records and has no database: ``op.get_bind()`` knows its dialect and records statements. With ``state``,
    the schema before the revision, it can be inspected. What follows a use of rows stays unread, and so does a file
    that cannot be loaded. ``makes_tables`` is that of `read_functions`. Raises CommandError where the function fails,
    unless a ``state`` is given, or it ``is_part`` of a history: then it is unread, with the reason.
    """
    if script.path.endswith(".py"):
        read = read_functions(script.source, dialect, function, makes_tables=makes_tables)[1]
    else:
        read = Recording(UpgradeOps(), (Unread(1, 1, "compiled code"),))
    if read.complete or not may_run:
        return read
    try:
        return record_script(script, dialect, function, gives_connection=True, state=state)
    except BrokenScript as error:  # such as a package that is not installed
        if script.problem() is not None:
            raise
        return replace(read, unread=(Unread(error.line or 0, 1, f"cannot be run: {error.reason}"), *read.unread))
    except CommandError as error:  # what it needs, besides a database, is not there
        if state is None and not is_part:
            raise
        return replace(read, unread=(Unread(0, 1, f"cannot be run: {error}"), *read.unread))
