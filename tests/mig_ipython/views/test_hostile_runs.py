"""Hostile names in plans, confirmations, reports, trials, declarations and lists of connections: text, never markup."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from kernel_core.rehearse import Blocker, Lock, Rehearsal, RowChange, Statement, TableRows, Undone
from kernel_core.runtime.report import AppliedStep
from mig_ipython.running.confirmation import Confirmation
from mig_ipython.running.export import Exported
from mig_ipython.running.progress import Progress
from mig_ipython.views.connections import Connections
from mig_ipython.views.declared import Declared
from mig_ipython.views.operations import Line
from mig_ipython.views.plan import Loss, Plan, PlannedStep
from mig_ipython.views.rehearsal import RehearsalReport
from mig_ipython.views.report import RunReport


def views(text: str):
    step = PlannedStep(text, text, lambda: (Line("+", text, text),))
    plan = Plan("upgrade", text, (step,), (Loss(text, text, text, 2),), text, "sqlite", lambda: text)
    blocker = Blocker("error", text, text, text, text, 1, text, ({text: text},), text)
    statement = Statement(text, text, text, 1, 0.1, (Lock(text, text),), (text,), text, failed=True)
    rows = TableRows(text, 1, 1, 0, 0, 1, (text,), {text: 1}, sample=(RowChange({text: text}, {text: (text, text)}),))
    undone = Undone((("+", text, text),), (rows,))
    heads = ((text,), (text,), (text,))
    found = Rehearsal(text, text, *heads, (statement,), (blocker,), (("+", text, text),), (rows,), undone, 1.0, text)
    question = Confirmation(plan, text, lambda: None)
    folded = Confirmation(plan, text, lambda: None)
    folded.folded = True
    progress = Progress(lambda _: None)
    progress.now = SimpleNamespace(kind="start", revision=text, doc=text)
    report = RunReport("upgrade", (AppliedStep(text, "upgrade", text, 0.1),), (text,), (text,), text, plan=plan)
    yield from (plan, question, folded, progress, report, RehearsalReport((found,), text))
    yield Declared(text, 1, (text,), (("+", text, text),), (text,), (text,), (text,))
    yield Connections((), ((text, text, text),))
    yield Exported("/" + text.replace("\0", ""), 3, text)


@pytest.mark.slow
def test_no_view_of_a_run_lets_a_hostile_text_become_markup(some_hostile, active_nodes):
    for text in some_hostile:
        for view in views(text):
            assert list(active_nodes(view._repr_html_())) == [], (type(view).__name__, text)


@pytest.mark.parametrize("text", ["<script>x</script>", "a & b"])
def test_text_shows_a_hostile_text_as_it_is(text):
    for view in views(text):
        assert text.splitlines()[0] in repr(view), type(view).__name__
