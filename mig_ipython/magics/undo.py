"""Delete the version file that this kernel has written last.

    %mig_undo

Only a file that is not applied in any open connection, was not changed since, and is not followed by another revision.
The file written before it can be undone next. After a restart of the kernel, the files that it had written are not
known.
"""

from __future__ import annotations

import argparse
import os

from ..session import Session
from ..views.report import Said
from ..workspace.heads import heads_if_connected, heads_of_others


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments: there are none."""


def run(session: Session, args: argparse.Namespace) -> Said:
    """Return the path of the deleted file."""
    workspace = session.workspace()
    current, others = heads_if_connected(workspace), heads_of_others(workspace)
    path = workspace.written.delete_last(workspace.scripts(), current, others)
    workspace.refresh()
    return Said(f"Deleted {os.path.relpath(path)}; nothing was run.", path=str(path))
