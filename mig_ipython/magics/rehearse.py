"""Run an upgrade on a clone of the database, and see everything it does; the database itself is only read.

    %mig_rehearse
    %mig_rehearse 1f2e
    %mig_rehearse --sample 1000
    %mig_rehearse --schema-only
    %mig_rehearse --downgrade -1

Shown are every blocker with its rows (not only the first), the changes of the schema, the rows that are added, removed
and changed, each statement with its time and its locks, and whether the downgrade brings schema and rows back.

The clone is made on the same server (SQLite: in a temporary folder) and removed afterwards. ``--sample`` copies so many
rows of each table, with the rows that they refer to. ``--mask`` hides the values of text in the shown rows.
"""

from __future__ import annotations

import argparse

from ..running.rehearsing import rehearsed
from ..session import Session
from ..views.rehearsal import RehearsalReport


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "revision", nargs="?", default="", metavar="REV", help="the target (default: head, with --downgrade -1)"
    )
    parser.add_argument("--downgrade", action="store_true", help="rehearse a downgrade, and the upgrade back")
    parser.add_argument("--sample", type=int, default=None, metavar="N", help="copy at most N rows of each table")
    parser.add_argument("--schema-only", action="store_true", help="copy no rows")
    parser.add_argument("--mask", action="store_true", help="hide the values of text in the shown rows")
    parser.add_argument("--no-reverse", action="store_true", help="leave out the downgrade after the upgrade")


def run(session: Session, args: argparse.Namespace) -> RehearsalReport:
    """Return the report; nothing is run on the database itself."""
    return rehearsed(
        session.workspace(),
        "downgrade" if args.downgrade else "upgrade",
        str(args.revision),
        sample=args.sample,
        schema_only=args.schema_only,
        mask=args.mask,
        and_back=not args.no_reverse,
    )
