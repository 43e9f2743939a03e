"""Show the revisions, newest first, applied or pending.

    %mig_history
    %mig_history base:current
    %mig_history -3:

A version file that cannot be read is listed with the line of its mistake, besides the others. No version file is run;
an ``env.py`` that migrates several schemas or databases is run, to read the current revision of each.
"""

from __future__ import annotations

import argparse

from ..session import Session
from ..views.history import History
from ..views.revisions import broken_files, entries, journal_notes, lost_revisions, target_states
from ..workspace.heads import heads_or_reason


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "range", nargs="?", default=None, metavar="A:B", help="from A to B, both included (default: all)"
    )


def run(session: Session, args: argparse.Namespace) -> History:
    """Return the history."""
    workspace = session.workspace()
    scripts = workspace.scripts(args.range)
    current, unknown = heads_or_reason(workspace, None if args.range else scripts)
    notes = (*unknown, *journal_notes(current), *lost_revisions(scripts, current))
    found = entries(scripts, current, args.range)
    return History(
        found, broken_files(scripts), workspace.where_if_connected, notes=notes, targets=target_states(scripts, current)
    )
