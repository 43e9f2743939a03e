"""Show the branch points: each revision that several others follow, and the labels of branches.

    %mig_branches

Nothing is run.
"""

from __future__ import annotations

import argparse

from ..session import Session
from ..views.history import Branches
from ..views.revisions import broken_files, entries
from ..workspace.heads import heads_if_connected


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments: there are none."""


def run(session: Session, args: argparse.Namespace) -> Branches:
    """Return the branch points, and the first revisions of labelled branches."""
    workspace = session.workspace()
    scripts = workspace.scripts()
    listed = entries(scripts, heads_if_connected(workspace, scripts))
    return Branches.of(listed, broken_files(scripts), workspace.where_if_connected)
