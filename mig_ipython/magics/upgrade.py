"""Upgrade the database.

    %mig_upgrade
    %mig_upgrade +1
    %mig_upgrade --plan
    %mig_upgrade --try
    plan = %mig_upgrade --sql

Each revision runs in a separate transaction; one that fails is rolled back, and the error names the current revision of
the database. A run that loses existing data must be confirmed, or needs ``--yes``. ``--plan``, ``--sql`` run nothing.
``--try`` is the short form of ``%mig_rehearse --no-reverse``: it runs on a clone, and shows everything that it does.
"""

from __future__ import annotations

import argparse

from ..running.confirmation import Confirmation
from ..running.execution import run as execute
from ..running.plan_changes import PlanChanges
from ..running.planning import announce
from ..running.planning import plan as plan_of
from ..running.progress import shown_progress
from ..running.rehearsing import rehearsed
from ..session import Session
from ..views.plan import Plan
from ..views.rehearsal import RehearsalReport
from ..views.report import RunReport


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("revision", nargs="?", default="head", metavar="REV", help="the target (default: head)")
    add_options(parser, yes="run without confirmation, also where data is lost")


def add_options(parser: argparse.ArgumentParser, *, yes: str) -> None:
    """Declare the options of ``%mig_upgrade`` and ``%mig_downgrade``."""
    parser.add_argument("--plan", action="store_true", help="show the plan, run nothing")
    parser.add_argument("--sql", action="store_true", help="return the SQL, run nothing")
    parser.add_argument("--try", dest="trial", action="store_true", help="rehearse on a clone: keep no change")
    parser.add_argument("--yes", action="store_true", help=yes)


def run(session: Session, args: argparse.Namespace) -> RunReport | Plan | Confirmation | RehearsalReport:
    """Return the report, or the plan; with a live front end the question where data would be lost."""
    return run_or_ask(session, "upgrade", args)


def run_or_ask(
    session: Session, verb: str, args: argparse.Namespace
) -> RunReport | Plan | Confirmation | RehearsalReport:
    """Upgrade or downgrade, or ask first; raises CommandError with the plan in an unattended run without ``--yes``."""
    workspace, revision = session.workspace(), str(args.revision)
    if args.sql:
        return execute(workspace, verb, revision, sql=True)
    if args.trial:
        return rehearsed(workspace, "upgrade" if verb == "upgrade" else "downgrade", revision, and_back=False)
    plan = plan_of(workspace, verb, revision)
    if args.plan:
        return plan
    if plan and not args.yes and (plan.losses or verb == "downgrade"):
        return _confirmation(session, plan)
    return _run_plan(session, plan)


def _run_plan(session: Session, plan: Plan) -> RunReport:
    announce(plan)
    shows = session.settings.progress
    with shown_progress(
        in_place=shows and session.has_front_end, line_by_line=shows and session.has_terminal
    ) as on_step:
        return execute(session.workspace(), plan.verb, plan.target, on_step=on_step, plan=plan)


def _confirmation(session: Session, plan: Plan) -> Confirmation:
    """Return the question, with its panel displayed; raises CommandError in an unattended run."""
    command = f"%mig_{plan.verb} {plan.target} --yes"
    question = Confirmation(
        plan,
        command,
        lambda: _run_plan(session, plan),
        PlanChanges(session, plan),
        lambda: rehearsed(session.workspace(), "upgrade" if plan.verb == "upgrade" else "downgrade", plan.target),
    )
    if not session.has_front_end:
        raise question.refusal()
    if not session.can_show_panels():
        return question
    from IPython.display import display

    from ..widgets.confirm import ConfirmPanel

    panel = ConfirmPanel(question)
    session.keep_current(panel)
    display(panel)  # type: ignore[no-untyped-call]
    question.folded = True
    return question
