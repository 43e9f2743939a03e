"""Learn migrations by exercises: start a lesson, answer in a cell, and have the state of the database checked.

    %mig_lab start 3
    %mig_lab check 3.2
    %mig_lab hint 3.2
    %mig_lab solution 3.2
    %mig_lab reset 3.2
    %mig_lab progress

    %%mig_lab 3.2
    %mig_autogenerate Base -m "engines" --accept all --write
    %mig_upgrade

The cell form runs its body in the notebook from the state in which the exercise begins, and checks the tables, rows,
current revision and history; the text of an answer is never compared. The body may contain other cell magics: each ends
before the next line that begins with ``%`` or ``#%%``. ``check`` does the same for work in other cells. ``hint`` shows
one more of three hints each time. ``reset`` makes the working folder as it is at the beginning of a lesson or of an
exercise; results are kept, in ``workshop/progress.json``.
"""

from __future__ import annotations

import argparse

from kernel_core.util.exc import CommandError

from ..lab.views.outcome import Checked
from ..lab.views.progress import ProgressView
from ..lab.views.sentences import Sentences
from ..session import Session

_ON_EXERCISE = ("check", "hint", "solution", "reset")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "action",
        nargs="?",
        default="progress",
        metavar="ACTION|N.M",
        help="start, check, hint, solution, reset, progress (default); in the cell form the exercise, such as 3.2",
    )
    parser.add_argument("what", nargs="?", default=None, metavar="N|N.M", help="the lesson, or the exercise")
    parser.add_argument("--yes", action="store_true", help="show the solution before three tries or all hints")


def run(session: Session, args: argparse.Namespace) -> Checked | ProgressView | Sentences:
    """Return what the action displays."""
    from ..lab.workshop import workshop_of

    workshop = workshop_of(session)
    action = str(args.action)
    what = "" if args.what is None else str(args.what)
    if args.cell is not None or action[:1].isdigit():
        if args.cell is None:
            raise CommandError(
                f"%mig_lab {action} needs the body of a cell. Type %%mig_lab {action}, or check {action}."
            )
        return workshop.answer(action, str(args.cell))
    if action == "progress":
        return workshop.show_progress()
    if action == "start":
        if not what.isdigit():
            raise CommandError("%mig_lab start needs the number of a lesson, such as %mig_lab start 1.")
        return workshop.start(int(what))
    if action not in _ON_EXERCISE:
        raise CommandError(f"%mig_lab has no action {action!r}. Actions: start, {', '.join(_ON_EXERCISE)}, progress.")
    if not what:
        raise CommandError(f"%mig_lab {action} needs an exercise, such as %mig_lab {action} 3.2.")
    if action == "solution":
        return workshop.solution(what, confirmed=args.yes)
    return {"check": workshop.check, "hint": workshop.hint, "reset": workshop.reset}[action](what)
