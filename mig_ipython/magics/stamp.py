"""Mark the database as being at a revision, without running anything.

    %mig_stamp head
    %mig_stamp 1f2e 3a4b
    %mig_stamp base --purge
    %mig_stamp head --sql

Only the version table is written; ``--purge`` also removes revisions whose files are missing.
"""

from __future__ import annotations

import argparse

from ..running.execution import stamp
from ..session import Session
from ..views.report import RunReport


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("revisions", nargs="+", metavar="REV", help="the revisions to mark as current")
    parser.add_argument("--sql", action="store_true", help="return the SQL, write nothing")
    parser.add_argument("--purge", action="store_true", help="empty the version table first")


def run(session: Session, args: argparse.Namespace) -> RunReport:
    """Return what was written."""
    revisions = [args.revisions] if isinstance(args.revisions, str) else args.revisions
    return stamp(session.workspace(), revisions, purge=args.purge, sql=args.sql)
