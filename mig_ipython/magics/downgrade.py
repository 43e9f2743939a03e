"""Downgrade the database. What the undone revisions added is deleted, with its rows.

    %mig_downgrade -1 --yes
    %mig_downgrade 1f2e --yes
    %mig_downgrade base --plan
    %mig_downgrade base --sql

Without ``--yes`` a downgrade must be confirmed; an unattended run fails and lists the steps. ``--try`` rehearses it on
a clone.
"""

from __future__ import annotations

import argparse

from ..running.confirmation import Confirmation
from ..session import Session
from ..views.plan import Plan
from ..views.rehearsal import RehearsalReport
from ..views.report import RunReport
from .upgrade import add_options, run_or_ask


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("revision", metavar="REV", help="the target: -1, an id, base")
    add_options(parser, yes="run without confirmation")


def run(session: Session, args: argparse.Namespace) -> RunReport | Plan | Confirmation | RehearsalReport:
    """Return the report, or the plan; with a live front end the question."""
    return run_or_ask(session, "downgrade", args)
