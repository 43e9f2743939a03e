"""Close a connection; an engine that came from the notebook is only forgotten.

    %mig_close dev

Without a name it is the current one; the connection opened before it becomes current.
"""

from __future__ import annotations

import argparse

from ..session import Session
from ..views.report import Said


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what may be typed."""
    parser.add_argument(
        "name", nargs="?", default=None, metavar="NAME", help="the connection; the current one if omitted"
    )


def run(session: Session, args: argparse.Namespace) -> Said:
    """Return what was closed, and what is current now."""
    closed = session.close(args.name or session.connection.name)
    now = f"Current: {session.current_name}." if session.current_name else "No connection is open."
    return Said(f"Closed {closed.name} ({closed.target}). {now}")
