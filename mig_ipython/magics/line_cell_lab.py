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
import difflib
import errno
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
        default="",
        metavar="ACTION|N.M",
        help="start, begin, check, hint, solution, reset, fault, report, progress (default); as a cell 3.2, after 3.2",
    )
    parser.add_argument("what", nargs="?", default=None, metavar="N|N.M", help="lesson, exercise, fault or folder")
    parser.add_argument("--on", default="", metavar="REV", help="fault teammate: the revision it comes after, or head")
    parser.add_argument("--database", default="", metavar="FILE", help="fault: another database of the folder")
    parser.add_argument("--now", action="store_true", help="fault crash: run an upgrade now, and stop it in the middle")
    parser.add_argument("--html", default="", metavar="FILE", help="report: write it as HTML too")
    parser.add_argument("--csv", default="", metavar="FILE", help="report: write the results as CSV too")
    parser.add_argument(
        "--yes",
        action="store_true",
        help="solution: before three tries or all hints; start: although another notebook works in the folder",
    )


Shown = Checked | FaultsPanel | ProgressView | ReportView | Sentences


def run(session: Session, args: argparse.Namespace) -> Shown | None:
    """Return what the action displays."""
    from ..lab.workshop import workshop_of

    try:
        return _run(workshop_of(session), args)
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC):
            raise
        raise CommandError(
            f"{error.filename or 'The folder'} cannot be written: {error.strerror}. Copy the notebook into a folder "
            "that you may write to, and open it there."
        ) from error


def _run(workshop: Workshop, args: argparse.Namespace) -> Shown | None:
    action = str(args.action or "")
    what = "" if args.what is None else str(args.what)
    if args.cell is not None:
        return _cell(workshop, action, what, str(args.cell))
    if action[:1].isdigit():
        raise CommandError(_number_alone(action))
    if action in ("", "progress"):
        return workshop.show_progress()
    if action == "start":
        if not what.isdigit():
            lesson = what.partition(".")[0] if what[:1].isdigit() else "1"
            raise CommandError(f"%mig_lab start needs the number of a lesson, such as %mig_lab start {lesson}.")
        return workshop.start(int(what), confirmed=args.yes)
    if action == "report":
        return _report(what, args)
    if action == "fault":
        return workshop.fault(what, on=args.on, database=args.database, now=args.now)
    if action not in _ON_EXERCISE:
        raise CommandError(f"%mig_lab has no action {action!r}.{_nearest(action, what)} Actions: {', '.join(ACTIONS)}.")
    if not what:
        of_lesson = " or a lesson" if action == "reset" else ""
        raise CommandError(f"%mig_lab {action} needs an exercise{of_lesson}, such as %mig_lab {action} 3.2.")
    return _of_exercise(workshop, action, what, confirmed=args.yes)


def _cell(workshop: Workshop, action: str, what: str, body: str) -> Checked | Sentences | None:
    """Run the body of a cell: the answer of an exercise, or what follows once it is solved."""
    if action == "after":
        if not what:
            raise CommandError("%%mig_lab after needs an exercise, such as %%mig_lab after 3.2.")
        return workshop.after(what, body)
    if action[:1].isdigit():
        return workshop.answer(action, body)
    if action in ACTIONS:
        typed = f"%mig_lab {action} {what}".strip()
        raise CommandError(
            f"%{typed} on the first line of a cell takes the number of an exercise, such as %%mig_lab 3.2. "
            f"To run {typed}, type it with one % in a separate cell."
        )
    if not action:
        raise CommandError("%%mig_lab needs the number of the exercise that the cell answers, such as %%mig_lab 3.2.")
    raise CommandError(
        f"{action!r} is not an exercise. A cell with an answer begins with its number, such as %%mig_lab 3.2."
    )


def _number_alone(number: str) -> str:
    """Return what to type in place of a number without an action."""
    if "." in number:
        return (
            f"%mig_lab {number} has no answer to check. An answer is a cell that begins with %%mig_lab {number}; "
            f"after work in other cells: %mig_lab check {number}."
        )
    return f"%mig_lab {number} has no action. To begin the lesson: %mig_lab start {number}."


def _nearest(action: str, what: str) -> str:
    """Return which action the typed one is like, as it would be typed; "" where none is."""
    near = difflib.get_close_matches(action.lower(), ACTIONS, 1)
    return f" The nearest is {f'%mig_lab {near[0]} {what}'.strip()}." if near else ""


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
