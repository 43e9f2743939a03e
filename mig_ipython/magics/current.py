"""Show where the database stands.

    %mig_current

Nothing is listed where no revision is applied yet. Nothing is written.
"""

from __future__ import annotations

import argparse

from ..session import Session
from ..views.history import History
from ..views.revisions import Entry, entries, lost_revisions, target_states


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what may be typed: nothing."""


def run(session: Session, args: argparse.Namespace) -> History:
    """Return the revisions at which the database stands; one whose file is missing is listed as unknown."""
    scripts, current = session.scripts(), session.heads_of_database()
    found = tuple(entry for entry in entries(scripts, current) if entry.is_current)
    missing = tuple(Entry(name, doc="in no file here", is_current=True) for name in current if name not in scripts.map)
    notes = lost_revisions(scripts, current)
    return History(
        found + missing, where=session.where, title="Current", notes=notes, targets=target_states(scripts, current)
    )
