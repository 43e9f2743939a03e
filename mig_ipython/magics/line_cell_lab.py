"""Learn migrations by exercises: start a lesson, answer in a cell, and have the state of the database checked.

    %mig_lab start 3
    %mig_lab check 3.2
    %mig_lab hint 3.2
    %mig_lab solution 3.2
    %mig_lab reset 3.2
    %mig_lab progress
    %mig_lab begin 3.2
    %mig_lab fault crash
    %mig_lab report submissions --csv results.csv

    %%mig_lab 3.2
    %mig_autogenerate Base -m "engines" --accept all --write
    %mig_upgrade

The cell form runs its body in the notebook from the state in which the exercise begins, and checks the tables, rows,
current revision and history; the text of an answer is never compared. The body may contain other cell magics: each ends
before the next line that begins with ``%`` or ``#%%``. ``check`` does the same for work in other cells. ``hint`` shows
one more of three hints each time. ``reset`` makes the working folder as it is at the beginning of a lesson or of an
exercise; results are kept, in ``workshop/progress.json``. ``begin`` makes it as an exercise begins, with
what others have done meanwhile; ``%%mig_lab after 3.2`` runs its body if 3.2 is solved. ``fault`` causes what goes
wrong in real life: ``crash`` (in the next upgrade; with ``--now`` in one that it runs), ``teammate`` (who pushes a
revision), ``production`` (altered by hand), ``lock`` (held by another connection); ``off`` ends them; alone it shows
buttons. ``report`` shows what students handed in, a folder or a file for each; their files are read, never run.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from kernel_core.util.exc import CommandError

from ..lab.views.faults import FaultsPanel
from ..lab.views.outcome import Checked
from ..lab.views.progress import ProgressView
from ..lab.views.report import ReportView
from ..lab.views.sentences import Sentences
from ..session import Session

if TYPE_CHECKING:
    from ..lab.workshop import Workshop

_ON_EXERCISE = ("begin", "check", "hint", "solution", "reset")
ACTIONS = ("start", *_ON_EXERCISE, "fault", "report", "progress")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "action",
        nargs="?",
        default="progress",
        metavar="ACTION|N.M",
        help="start, begin, check, hint, solution, reset, fault, report, progress (default); as a cell 3.2, after 3.2",
    )
    parser.add_argument("what", nargs="?", default=None, metavar="N|N.M", help="lesson, exercise, fault or folder")
    parser.add_argument("--on", default="", metavar="REV", help="fault teammate: the revision it comes after, or head")
    parser.add_argument("--database", default="", metavar="FILE", help="fault: another database of the folder")
    parser.add_argument("--now", action="store_true", help="fault crash: run an upgrade now, and stop it in the middle")
    parser.add_argument("--html", default="", metavar="FILE", help="report: write it as HTML too")
    parser.add_argument("--csv", default="", metavar="FILE", help="report: write the results as CSV too")
    parser.add_argument("--yes", action="store_true", help="show the solution before three tries or all hints")


Shown = Checked | FaultsPanel | ProgressView | ReportView | Sentences


def run(session: Session, args: argparse.Namespace) -> Shown | None:
    """Return what the action displays."""
    from ..lab.workshop import workshop_of

    workshop = workshop_of(session)
    action = str(args.action)
    what = "" if args.what is None else str(args.what)
    if args.cell is not None:
        return workshop.after(what, str(args.cell)) if action == "after" else workshop.answer(action, str(args.cell))
    if action[:1].isdigit():
        raise CommandError(f"%mig_lab {action} needs the body of a cell. Type %%mig_lab {action}, or check {action}.")
    if action == "progress":
        return workshop.show_progress()
    if action == "start":
        if not what.isdigit():
            raise CommandError("%mig_lab start needs the number of a lesson, such as %mig_lab start 1.")
        return workshop.start(int(what))
    if action == "report":
        return _report(what, args)
    if action == "fault":
        return workshop.fault(what, on=args.on, database=args.database, now=args.now)
    if action not in _ON_EXERCISE:
        raise CommandError(f"%mig_lab has no action {action!r}. Actions: {', '.join(ACTIONS)}.")
    if not what:
        raise CommandError(f"%mig_lab {action} needs an exercise, such as %mig_lab {action} 3.2.")
    return _of_exercise(workshop, action, what, confirmed=args.yes)


def _report(folder: str, args: argparse.Namespace) -> ReportView:
    """Return the report on a folder, and write the files that are asked for."""
    from ..lab.report import report_on, write_report

    if not folder:
        raise CommandError("%mig_lab report needs the folder with what students handed in: %mig_lab report submissions")
    found = report_on(folder)
    write_report(found, args.html, args.csv)
    return found


def _of_exercise(workshop: Workshop, action: str, number: str, *, confirmed: bool) -> Checked | Sentences:
    """Return what an action on one exercise displays."""
    if action == "solution":
        return workshop.solution(number, confirmed=confirmed)
    if action == "check":
        return workshop.check(number)
    return {"begin": workshop.begin, "hint": workshop.hint, "reset": workshop.reset}[action](number)
