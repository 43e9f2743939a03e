"""Finish a revision that was stopped half-way, on a database that could not roll it back.

    %mig_resume
    %mig_resume --executed
    %mig_resume --not-executed
    %mig_resume --edited

The statements that were executed are left out. Whether the last one was executed is read from the database; where that
cannot be known, nothing is run, and you say it with ``--executed`` or ``--not-executed``. ``--edited`` runs a version
file that was edited since.
"""

from __future__ import annotations

import argparse

from ..running.half_done import resume
from ..running.progress import shown_progress
from ..session import Session
from ..views.report import RunReport


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    answer = parser.add_mutually_exclusive_group()
    answer.add_argument("--executed", action="store_true", help="the statement that was running has been executed")
    answer.add_argument("--not-executed", action="store_true", help="that statement has not been executed")
    parser.add_argument("--edited", action="store_true", help="run the version file although it was edited since")


def run(session: Session, args: argparse.Namespace) -> RunReport:
    """Return the report; one without steps if no revision is unfinished."""
    answer = True if args.executed else False if args.not_executed else None
    shows = session.settings.progress
    with shown_progress(
        in_place=shows and session.has_front_end, line_by_line=shows and session.has_terminal
    ) as on_step:
        return resume(session.workspace(), was_executed=answer, accepts_edits=args.edited, on_step=on_step)
