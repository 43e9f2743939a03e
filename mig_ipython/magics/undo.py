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
from ..workspace.deletion import delete_last_file


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments: there are none."""


def run(session: Session, args: argparse.Namespace) -> Said:
    """Return the path of the deleted file."""
    path = delete_last_file(session.workspace())
    return Said(f"Deleted {os.path.relpath(path)}; nothing was run.", path=str(path))
