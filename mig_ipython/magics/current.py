"""Show where the database stands.

    %mig_current

Nothing is listed where no revision is applied yet. Nothing is written.
"""

from __future__ import annotations

import argparse

from ..session import Session
from ..views.history import History
from ..views.revisions import Entry, entries


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what may be typed: nothing."""


def run(session: Session, args: argparse.Namespace) -> History:
    """Return the revisions at which the database stands; one whose file is missing is listed as unknown."""
    current = session.heads_of_database()
    found = tuple(entry for entry in entries(session.scripts(), current) if entry.is_current)
    lost = [name for name in current if name not in {entry.revision for entry in found}]
    missing = tuple(Entry(name, doc="no file of this environment has this id", is_current=True) for name in lost)
    return History(found + missing, where=session.where, title="Current")
