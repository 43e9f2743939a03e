"""Show the heads: the revisions that no other revision follows.

    %mig_heads

Several heads are several branches. Nothing is run.
"""

from __future__ import annotations

import argparse

from ..session import Session
from ..views.history import History
from ..views.revisions import broken_files, entries
from ..workspace.heads import heads_if_connected


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments: there are none."""


def run(session: Session, args: argparse.Namespace) -> History:
    """Return the heads."""
    workspace = session.workspace()
    scripts = workspace.scripts()
    found = tuple(entry for entry in entries(scripts, heads_if_connected(workspace, scripts)) if entry.is_head)
    return History(found, broken_files(scripts), workspace.where_if_connected, "Heads")
