"""Say that the database stands at a revision, without running anything.

    %mig_stamp head
    %mig_stamp 1f2e 3a4b
    %mig_stamp base --purge
    %mig_stamp head --sql

Only the version table is written; ``--purge`` also forgets revisions that no file has any more.
"""

from __future__ import annotations

import argparse

from ..session import Session
from ..views.report import RunReport


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what may be typed."""
    parser.add_argument("revisions", nargs="+", metavar="REV", help="where the database is said to stand")
    parser.add_argument("--sql", action="store_true", help="return the SQL, write nothing")
    parser.add_argument("--purge", action="store_true", help="empty the version table first")


def run(session: Session, args: argparse.Namespace) -> RunReport:
    """Return what was written."""
    revisions = [args.revisions] if isinstance(args.revisions, str) else args.revisions
    return session.stamp(revisions, purge=args.purge, sql=args.sql)
