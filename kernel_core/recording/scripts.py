"""The operations of a revision: from the source of its file, or by running the function with an ``op`` that records."""

from __future__ import annotations

from typing import Literal

from sqlalchemy.engine import Dialect

from ..operations.containers import UpgradeOps
from ..script import Script
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
) -> Recording:
    """Return the operations of a revision.

    The file is only read. With ``may_run``, a function of which the source does not show everything is run, with an
    ``op`` that records and has no database: ``op.get_bind()`` knows its dialect and records statements. What follows a
    use of rows, or an inspection, stays unread. ``makes_tables`` is that of `read_functions`.
    """
    if script.path.endswith(".py"):
        read = read_functions(script.source, dialect, function, makes_tables=makes_tables)[1]
    else:
        read = Recording(UpgradeOps(), (Unread(1, 1, "compiled code"),))
    return read if read.complete or not may_run else record_script(script, dialect, function, gives_connection=True)
