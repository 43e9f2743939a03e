"""Step the database back. What the undone revisions added, with its rows, is gone afterwards.

    %mig_downgrade -1 --yes
    %mig_downgrade 1f2e --yes
    %mig_downgrade base --sql

Without ``--yes`` nothing is done, and the steps that would be are named.
"""

from __future__ import annotations

import argparse

from kernel_core.script.steps import downgrade_steps
from kernel_core.util.exc import CommandError

from ..session import Session
from ..views.report import RunReport
from ..views.text import count, short


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what may be typed."""
    parser.add_argument("revision", metavar="REV", help="the revision to go back to: -1, an id, base")
    parser.add_argument("--sql", action="store_true", help="return the SQL, run nothing")
    parser.add_argument("--yes", action="store_true", help="do it")


def run(session: Session, args: argparse.Namespace) -> RunReport:
    """Return what was done."""
    revision = str(args.revision)
    if not (args.yes or args.sql):
        _refuse(session, revision)
    return session.downgrade(revision, sql=args.sql)


def _refuse(session: Session, revision: str) -> None:
    """Raise CommandError with the plan, unless there is nothing to undo."""
    scripts = session.scripts()
    steps = downgrade_steps(scripts.map, frozenset(session.heads_of_database()), revision)
    if not steps:
        return
    undone = []
    for step in steps:
        script = scripts.get_revision(step.revision_id)
        undone.append(f"{step.revision_id} ({short(script.doc, 40) if script else ''})")
    raise CommandError(
        f"{session.connection.target}: this would undo {count(len(steps), 'revision')}: {', '.join(undone)}. "
        f"Nothing was done; to do it: %mig_downgrade {revision} --yes"
    )
