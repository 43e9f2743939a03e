"""What ``%mig_upgrade`` and ``%mig_downgrade`` share: plan first, ask where data would be lost, then run."""

from __future__ import annotations

import argparse

from kernel_core.util.secrets import redact

from ..running.carrying import run, trial_notice, try_out
from ..running.confirmation import Confirmation
from ..running.planning import announce
from ..running.progress import shown
from ..session import Session
from ..views.plan import Plan
from ..views.report import RunReport


def carry_out(session: Session, verb: str, args: argparse.Namespace) -> RunReport | Plan | Confirmation:
    """Do what was asked; raises CommandError with the plan where it needs ``--yes`` and nobody can be asked."""
    revision = str(args.revision)
    if args.sql:
        return run(session, verb, revision, sql=True)
    plan = session.plan(verb, revision)
    if args.plan:
        return plan
    if args.trial:
        if plan:
            print(redact(trial_notice(session)))  # noqa: T201 - before the first lock is taken
        return try_out(session, verb, revision, plan=plan)
    if plan and not args.yes and (plan.losses or verb == "downgrade"):
        return _asked(session, plan)
    return _run(session, plan)


def _run(session: Session, plan: Plan) -> RunReport:
    announce(plan)
    with shown(session) as on_step:
        return run(session, plan.verb, plan.target, on_step=on_step, plan=plan)


def _asked(session: Session, plan: Plan) -> Confirmation:
    """Return the question, with its panel displayed; raises CommandError where nobody can answer."""
    again = f"%mig_{plan.verb} {plan.target} --yes"
    question = Confirmation(plan, again, lambda: _run(session, plan), session.heads_if_connected)
    if not session.has_front_end:
        raise question.refusal()
    from IPython.display import display

    from ..widgets.confirm import ConfirmPanel

    panel = ConfirmPanel(question)
    session.watch(panel)
    display(panel)  # type: ignore[no-untyped-call]
    question.folded = True
    return question
