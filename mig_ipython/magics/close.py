"""Close a connection; an engine of the notebook is not disposed.

    %mig_close dev

Without a name the current connection is closed; the one opened before it becomes current. Nothing happens where it is
closed already.
"""

from __future__ import annotations

import argparse

from ..session import Session
from ..views.report import Said


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "name", nargs="?", default=None, metavar="NAME", help="the connection; the current one if omitted"
    )


def run(session: Session, args: argparse.Namespace) -> Said:
    """Return what was closed, and what is current now."""
    name = args.name or session.current_name
    if name is None and session.closed:
        return Said("No connection is open; nothing was closed.")
    if name in session.closed and name not in session.connections:
        return Said(f"{name} is closed already; nothing was done. {_current(session)}")
    closed = session.close(name or session.connection.name)
    return Said(f"Closed {closed.name} ({closed.target}). {_current(session)}")


def _current(session: Session) -> str:
    return f"Current: {session.current_name}." if session.current_name else "No connection is open."
