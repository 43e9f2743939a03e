"""Upgrade the database.

    %mig_upgrade
    %mig_upgrade head
    %mig_upgrade +1
    plan = %mig_upgrade --sql

Each revision runs in a transaction of its own; one that fails is rolled back, and the error says where the database
stands. ``--sql`` runs nothing and returns the SQL.
"""

from __future__ import annotations

import argparse

from ..session import Session
from ..views.report import RunReport


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what may be typed."""
    parser.add_argument("revision", nargs="?", default="head", metavar="REV", help="how far (default: head)")
    parser.add_argument("--sql", action="store_true", help="return the SQL, run nothing")
    parser.add_argument("--yes", action="store_true", help="ask nothing")


def run(session: Session, args: argparse.Namespace) -> RunReport:
    """Return what was done."""
    return session.upgrade(args.revision, sql=args.sql)
