"""Create a migration environment: a folder with env.py, a template and the versions.

    %mig_init
    %mig_init migrations
    %mig_init migrations --template generic
    %mig_init migrations --alembic

An existing environment in the folder is opened and stays unchanged.
"""

from __future__ import annotations

import argparse

from ..session import Session
from ..workspace.environment import Environment, refuse_url


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "directory", nargs="?", default="migrations", metavar="DIR", help="the folder (default: migrations)"
    )
    parser.add_argument("--template", default=None, metavar="T", help="which template to copy (default: generic)")
    parser.add_argument(
        "--alembic", action="store_true", help="import alembic in the files, so that they run with plain Alembic too"
    )


def run(session: Session, args: argparse.Namespace) -> Environment:
    """Return the environment, with the files that were created."""
    refuse_url(args.directory)
    return session.init(args.directory, args.template or session.settings.template, args.alembic)
