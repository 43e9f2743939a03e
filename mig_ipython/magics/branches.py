"""Show where the history divides: each revision that several others follow, and the labels of branches.

    %mig_branches

Nothing is run. A history without branches has none to list.
"""

from __future__ import annotations

import argparse

from ..session import Session
from ..views.history import Branches
from ..views.revisions import broken_files, entries


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what may be typed: nothing."""


def run(session: Session, args: argparse.Namespace) -> Branches:
    """Return the branch points, and the beginnings of labelled branches."""
    scripts = session.scripts()
    listed = entries(scripts, session.heads_if_connected())
    return Branches.of(listed, broken_files(scripts), session.where_if_connected)
