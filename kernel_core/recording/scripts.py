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
    script: Script, dialect: Dialect, function: Function = "upgrade", *, may_run: bool = False
) -> Recording:
    """Return the operations of a revision.

    The file is only read. With ``may_run``, a function of which the source does not show everything is run, with an
    ``op`` that records and has no database; what follows a call that needs one stays unread.
    """
    if not script.path.endswith(".py"):
        return record_script(script, dialect, function) if may_run else Recording(UpgradeOps(), (Unread(1, 1, ""),))
    read = read_functions(script.source, dialect, function)[1]
    return read if read.complete or not may_run else record_script(script, dialect, function)
