"""Connect to a database; every other command works on it.

    %mig_connect sqlite:///dev.db
    %mig_connect postgresql://ada@localhost/flights
    %mig_connect $DATABASE_URL --as production
    %mig_connect engine

A relative SQLite path is relative to the notebook's folder. ``$NAME`` is an environment variable or a variable of the
notebook; a bare name is an engine or a URL of the notebook, or an open connection. Without an argument the current
connection is shown.
"""

from __future__ import annotations

import argparse

from ..connection import Connection
from ..session import Session


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what may be typed."""
    parser.add_argument("target", nargs="?", default=None, metavar="URL|$NAME|engine", help="what to connect to")
    parser.add_argument("--as", dest="name", default=None, metavar="NAME", help="how the connection is called")


def run(session: Session, args: argparse.Namespace) -> Connection:
    """Return the connection."""
    if args.target is None:
        return session.connection
    return session.connect(args.target, args.name)
