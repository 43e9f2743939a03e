"""Open an existing environment without changing it.

    %mig_open migrations
    %mig_open alembic.ini --name production
    %mig_open pyproject.toml

Without an argument the only environment in the notebook's folder is opened.
"""

from __future__ import annotations

import argparse

from ..session import Session
from ..workspace.environment import Environment, refuse_url


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "place", nargs="?", default="", metavar="DIR|FILE", help="the folder, alembic.ini or pyproject.toml"
    )
    parser.add_argument("--name", default=None, metavar="SECTION", help="section of the ini file (default: alembic)")


def run(session: Session, args: argparse.Namespace) -> Environment:
    """Return the environment."""
    refuse_url(args.place)
    return session.open(args.place or session.settings.environment, args.name or session.settings.section)
