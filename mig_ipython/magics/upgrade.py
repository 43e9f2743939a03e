"""Upgrade the database.

    %mig_upgrade
    %mig_upgrade +1
    %mig_upgrade --plan
    %mig_upgrade --try
    plan = %mig_upgrade --sql

Each revision runs in a transaction of its own; one that fails is rolled back, and the error says where the database
stands. What would lose data that is there now is asked for, or needs ``--yes``. ``--plan`` and ``--sql`` run nothing.
``--try`` runs on a copy (SQLite) or in a transaction on the live database that is rolled back at the end (PostgreSQL;
what it changes is locked until then), and shows what the schema becomes.
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
    parser.add_argument("revision", nargs="?", default="head", metavar="REV", help="how far (default: head)")
    parser.add_argument("--plan", action="store_true", help="show what would be done, run nothing")
    parser.add_argument("--sql", action="store_true", help="return the SQL, run nothing")
    parser.add_argument("--try", dest="trial", action="store_true", help="run it where nothing stays, show the schema")
    parser.add_argument("--yes", action="store_true", help="do it, also where data is lost")


def run(session: Session, args: argparse.Namespace) -> RunReport | Plan | Confirmation:
    """Return what was done, or would be; with a live front end the question about data that would be lost."""
    return carry_out(session, "upgrade", args)
