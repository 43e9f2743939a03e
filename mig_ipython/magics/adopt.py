"""Adopt a database that has tables and no history: review its baseline, write it, and mark the database with it.

    %mig_adopt
    %mig_adopt --write --models models.py
    %mig_adopt --schema sales -m "Baseline of sales"
    a = %mig_adopt

The baseline is the revision that creates what the database has; in JupyterLab it is a panel to edit. Nothing is written
without ``--write`` or a click. File and stamp are written together, after the file was compared with the database.
Views, functions, triggers and the like are listed: a baseline does not create them.
"""

from __future__ import annotations

import argparse

from ..proposals.adoption import Adoption, adopted
from ..session import Session


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("-m", "--message", default=None, metavar="MSG", help="the message (default: baseline)")
    parser.add_argument("--id", default=None, metavar="ID", help="the revision's id (default: a new one)")
    parser.add_argument("--version-path", default=None, metavar="DIR", help="the version folder, if there are several")
    parser.add_argument("--schema", action="append", default=None, metavar="NAME", help="read only this schema")
    parser.add_argument("--models", default=None, metavar="FILE", help="write model classes for the tables as well")
    parser.add_argument("--write", action="store_true", help="write the version file and mark the database now")


def run(session: Session, args: argparse.Namespace) -> Adoption:
    """Return the review of the baseline; with a live front end its panel is displayed above."""
    workspace, message = session.workspace(), args.message or "baseline"
    found = adopted(
        workspace,
        message=message,
        rev_id=args.id,
        version_path=args.version_path,
        schemas=args.schema,
        models=args.models,
        preview=True,
    )
    proposal = Adoption(
        found,
        session,
        message=message,
        version_path=args.version_path,
        schemas=tuple(args.schema) if args.schema else None,
        models=args.models,
    )
    if args.write:
        proposal.write()
    elif not args.is_silent and session.settings.panel and session.can_show_panels():
        from ..widgets.review import ReviewPanel

        session.show_panel(ReviewPanel(proposal))
        proposal.folded = True
    return proposal
