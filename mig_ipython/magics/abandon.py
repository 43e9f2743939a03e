"""Undo what was executed of a revision that was stopped half-way.

    %mig_abandon
    %mig_abandon --force
    %mig_abandon --forget

The reverses of its operations are run, newest first. A statement without a reverse, such as SQL or a dropped table,
makes it fail before anything is changed; ``--force`` undoes the rest. ``--forget`` undoes nothing and removes the
notes, after you have repaired the database yourself.
"""

from __future__ import annotations

import argparse

from ..running.half_done import abandon
from ..session import Session
from ..views.report import Said


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--force", action="store_true", help="undo the rest where a statement cannot be undone")
    how.add_argument("--forget", action="store_true", help="undo nothing: the database was repaired by hand")


def run(session: Session, args: argparse.Namespace) -> Said:
    """Return what was undone, and what stays."""
    return abandon(session.workspace(), force=args.force, forget=args.forget)
