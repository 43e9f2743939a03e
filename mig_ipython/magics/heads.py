"""Show the newest revisions: those that nothing follows.

    %mig_heads

Several heads are several branches. Nothing is run.
"""

from __future__ import annotations

import argparse

from ..session import Session
from ..views.history import History
from ..views.revisions import broken_files, entries


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what may be typed: nothing."""


def run(session: Session, args: argparse.Namespace) -> History:
    """Return the heads."""
    scripts = session.scripts()
    found = tuple(entry for entry in entries(scripts, session.heads_if_connected()) if entry.is_head)
    return History(found, broken_files(scripts), session.where_if_connected, "Heads")
