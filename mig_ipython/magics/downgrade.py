"""Step the database back. What the undone revisions added, with its rows, is gone afterwards.

    %mig_downgrade -1 --yes
    %mig_downgrade 1f2e --yes
    %mig_downgrade base --plan
    %mig_downgrade base --sql

Without ``--yes`` nothing is done before it is confirmed; where nobody can be asked, the steps are named. ``--try`` runs
it on a copy (SQLite) or in a transaction on the live database that is rolled back at the end (PostgreSQL).
"""

from __future__ import annotations

import argparse

from ..running.confirmation import Confirmation
from ..session import Session
from ..views.plan import Plan
from ..views.report import RunReport
from .carry import carry_out


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what may be typed."""
    parser.add_argument("revision", metavar="REV", help="the revision to go back to: -1, an id, base")
    parser.add_argument("--plan", action="store_true", help="show what would be done, run nothing")
    parser.add_argument("--sql", action="store_true", help="return the SQL, run nothing")
    parser.add_argument("--try", dest="trial", action="store_true", help="run it where nothing stays, show the schema")
    parser.add_argument("--yes", action="store_true", help="do it")


def run(session: Session, args: argparse.Namespace) -> RunReport | Plan | Confirmation:
    """Return what was done, or would be; with a live front end the question whether to."""
    return carry_out(session, "downgrade", args)
