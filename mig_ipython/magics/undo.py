"""Delete the version file that was written last in this notebook.

    %mig_undo

Only a file that the database has not applied, that nobody has changed since, and that no other revision follows. What
was written before it can be undone next.
"""

from __future__ import annotations

import argparse
import os

from ..session import Session
from ..views.report import Said


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what may be typed: nothing."""


def run(session: Session, args: argparse.Namespace) -> Said:
    """Return the path of the file that is gone now."""
    path = session.unwrite()
    return Said(f"Deleted {os.path.relpath(path)}; nothing was run.", path=str(path))
