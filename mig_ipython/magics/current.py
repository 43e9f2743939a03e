"""Show the current revisions of the database.

    %mig_current

The list is empty where no revision is applied yet. Nothing is written.
"""

from __future__ import annotations

import argparse

from ..session import Session
from ..views.history import History
from ..views.revisions import Entry, entries, journal_notes, lost_revisions, target_states
from ..workspace.heads import database_heads


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments: there are none."""


def run(session: Session, args: argparse.Namespace) -> History:
    """Return the current revisions; one whose file is missing is listed without a message."""
    workspace = session.workspace()
    scripts = workspace.scripts()
    current = database_heads(workspace, scripts)
    found = tuple(entry for entry in entries(scripts, current) if entry.is_current)
    missing = tuple(
        Entry(name, down=("?",), doc="in no file here", state="applied", is_current=True)
        for name in current
        if name not in scripts.map
    )
    notes = (*journal_notes(current), *lost_revisions(scripts, current))
    return History(
        found + missing, where=workspace.where, title="Current", notes=notes, targets=target_states(scripts, current)
    )
