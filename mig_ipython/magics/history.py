"""Show the revisions, newest first, applied or pending.

    %mig_history
    %mig_history base:current
    %mig_history -3:

A version file that cannot be read is listed with its line; the others are shown all the same. No version file is run;
an ``env.py`` that migrates several schemas or databases is, to read where each of them is.
"""

from __future__ import annotations

import argparse

from ..session import Session
from ..views.history import History
from ..views.revisions import broken_files, entries, lost_revisions, target_states


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what may be typed."""
    parser.add_argument(
        "range", nargs="?", default=None, metavar="A:B", help="from A to B, both included (default: all)"
    )


def run(session: Session, args: argparse.Namespace) -> History:
    """Return the history."""
    scripts = session.scripts()
    current, unknown = session.heads_or_reason()
    notes = (*unknown, *lost_revisions(scripts, current))
    found = entries(scripts, current, args.range)
    return History(
        found, broken_files(scripts), session.where_if_connected, notes=notes, targets=target_states(scripts, current)
    )
