"""A text that comes from a database, a file or a person is never HTML: many hostile ones, in every place of every view."""

from __future__ import annotations

import html
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from kernel_core.adoption import Candidate, Located, ScratchUse
from kernel_core.commuting import Commutation
from kernel_core.rehearse import Blocker as Found
from kernel_core.rehearse import Rehearsal
from kernel_core.schema import Incomplete, RevisionSchema, SchemaAt
from kernel_core.squash import Squashed
from kernel_core.util.drawing import by_program, in_process
from mig_ipython.lab.desk import Absent, Rows
from mig_ipython.lab.findings import Finding
from mig_ipython.lab.views.outcome import Checked
from mig_ipython.lab.views.progress import ProgressView, Row
from mig_ipython.lab.views.report import ExerciseSummary, ReportView, Result
from mig_ipython.lab.views.sentences import Sentences
from mig_ipython.running.confirmation import Confirmation
from mig_ipython.running.export import Exported
from mig_ipython.running.progress import Progress
from mig_ipython.views.connections import Connections
from mig_ipython.views.declared import Declared
from mig_ipython.views.diff import Diff
from mig_ipython.views.graph import RevisionGraph
from mig_ipython.views.help import Help, Wish
from mig_ipython.views.history import History
from mig_ipython.views.located import LocatedView
from mig_ipython.views.merge_check import MergeCheck
from mig_ipython.views.operations import Line
from mig_ipython.views.plan import Blocker, Loss, Plan, PlannedStep
from mig_ipython.views.rehearsal import RehearsalReport
from mig_ipython.views.report import RunReport, Said, WrittenPath
from mig_ipython.views.revisions import Broken, Entry
from mig_ipython.views.schema import SchemaView
from mig_ipython.views.schema_history import SchemaHistory
from mig_ipython.views.script import Revision
from mig_ipython.views.squash import SquashedRevision
from mig_ipython.views.status import Status
from mig_ipython.views.view import View
from mig_ipython.workspace.connection import Connection
from mig_ipython.workspace.environment import Environment


def lines(texts):
    return tuple(
        Line("+", text, table=text, hints=((text, text), ("loses data", text)), sql=text, python=text) for text in texts
    )


def entries(texts):
    return tuple(
        Entry(f"{text}{at}", (f"{texts[at - 1]}{at - 1}",) if at else (), text, (text,), (text,), "pending", True, True)
        for at, text in reversed(list(enumerate(texts)))
    )


def broken(texts):
    return tuple(Broken(f"/x/{text}", 1, text) for text in texts)


def plan(texts):
    steps = tuple(PlannedStep(text, text, lambda text=text: lines([text])) for text in texts)
    losses = tuple(Loss(text, text, text, 3) for text in texts)
    blockers = tuple(Blocker(text, text, text) for text in texts)
    return Plan("upgrade", texts[0], steps, losses, texts[0], "sqlite", lambda: "".join(texts), blockers)


def report(texts, sql=None):
    steps = tuple(SimpleNamespace(revision=text, direction="upgrade", doc=text) for text in texts)
    return RunReport("upgrade", steps, tuple(texts), tuple(texts), "".join(texts), sql, plan(texts))


def rehearsal(texts):
    text, several = "".join(texts), tuple(texts)
    blockers = tuple(Found("error", each, each, each, each, 1, each, ({each: each},), each) for each in several)
    found = Rehearsal(text, text, several, several, several, (), blockers, (), (), None, 1.0, text)
    return RehearsalReport((found,), text)


def located(texts):
    found = Candidate(tuple(texts), 3, tuple(texts), same=tuple((text,) for text in texts))
    use = ScratchUse("".join(texts), tuple(texts), tuple(texts))
    return LocatedView((Located("".join(texts), tuple(texts), (found,), 3, scratch=use),), "".join(texts))


def merge_check(texts):
    text = "".join(texts)
    found = Commutation((text, text), "conflict", text, None, (), tuple(texts), tuple(texts), tuple(texts))
    return MergeCheck((found,), text)


def squashed(texts):
    text = "".join(texts)
    steps = tuple(SimpleNamespace(revision=each, doc=each, path=each) for each in texts)
    place = SimpleNamespace(first=steps[0], last=steps[-1], scripts=steps, revisions=tuple(texts), ids=tuple(texts))
    proof = SimpleNamespace(compared=tuple(texts), not_compared=tuple(texts), lines=lambda: tuple(texts))
    return SquashedRevision(Squashed(place, text, 3, 2, tuple(texts), proof, {}, tuple(texts)), "")


def progress(texts):
    shown = Progress(lambda _: None)
    shown.now = SimpleNamespace(kind="start", revision="".join(texts), doc="".join(texts), index=1, total=1)
    shown.statement = "".join(texts)
    return shown


def schema_of(texts):
    """Return a schema in which every text is a table, a column, a default, a comment and a reason."""
    metadata = sa.MetaData()
    for number, text in enumerate(texts):
        column = sa.Column(f"{text}c", sa.String, server_default=text, comment=text)
        sa.Table(
            f"{text}{number}", metadata, column, sa.UniqueConstraint(column, name=f"{text}u{number}"), comment=text
        )
    missing = tuple(Incomplete(text, 1, text) for text in texts)
    return RevisionSchema("".join(texts), SchemaAt("a", metadata, missing), SchemaAt("b", sa.MetaData()))


EVERY_VIEW = {
    "Declared": lambda texts: Declared(
        "".join(texts), 1, texts, tuple((text, text, text) for text in texts), texts, texts, texts
    ),
    "Diff": lambda texts: Diff(texts, lines(texts), "".join(texts)),
    "Diff without differences": lambda texts: Diff((), (), "".join(texts)),
    "Help": lambda texts: Help(tuple(Wish(text, tuple(texts)) for text in texts)),
    "History": lambda texts: History(entries(texts), broken(texts), "".join(texts), "".join(texts)),
    "RevisionGraph": lambda texts: RevisionGraph(entries(texts), broken(texts), "".join(texts)),
    "RevisionGraph, folded": lambda texts: RevisionGraph(entries(texts), broken(texts), "".join(texts), fold_above=3),
    "Revision": lambda texts: Revision(
        Entry("a", tuple(texts), "".join(texts), tuple(texts), path="".join(texts)),
        *["".join(texts)] * 2,
        lines(texts),
        *["".join(texts)] * 3,
        RevisionGraph(entries(texts)),
    ),
    "SchemaView": lambda texts: SchemaView(schema_of(texts), "".join(texts)),
    "SchemaView of JSON": lambda texts: SchemaView(schema_of(texts), form="json"),
    "SchemaHistory": lambda texts: SchemaHistory(
        tuple((text, text) for text in texts), lambda _: schema_of(texts), "".join(texts)
    ),
    "Status": lambda texts: Status(
        *["".join(texts)] * 3, tuple(texts), tuple(texts), 1, 1, "".join(texts), broken(texts)
    ),
    "RunReport": report,
    "RunReport of SQL": lambda texts: report(texts, sql="".join(texts)),
    "Plan": plan,
    "RehearsalReport": rehearsal,
    "LocatedView": located,
    "MergeCheck": merge_check,
    "SquashedRevision": squashed,
    "WrittenPath": lambda texts: WrittenPath(Path("".join(texts).replace("\0", "")), "".join(texts)),
    "Said": lambda texts: Said("".join(texts), tuple(texts), (tuple(texts),)),
    "Confirmation": lambda texts: Confirmation(plan(texts), "".join(texts), lambda: report(texts)),
    "Progress": progress,
    "Checked": lambda texts: Checked(
        *["".join(texts)] * 2, False, tuple(Finding(False, text, text) for text in texts), *["".join(texts)] * 2
    ),
    "ProgressView": lambda texts: ProgressView(
        tuple((text, (Row(text, text, passed=False, tries=1, hints=1, solution_shown=True),)) for text in texts),
        texts[0],
    ),
    "ReportView": lambda texts: ReportView(
        tuple(texts),
        tuple(ExerciseSummary(text, text, 1, 1, 1, mistakes=((text, 1, text),)) for text in texts),
        tuple(Result(text, text, text, passed=True, when=text, mistakes=(text,)) for text in texts),
        tuple((text, text) for text in texts),
    ),
    "Rows": lambda texts: Rows(tuple(texts), (tuple(texts),), 1),
    "Absent": lambda texts: Absent("".join(texts)),
    "Sentences": lambda texts: Sentences(tuple(texts), "".join(texts)),
    "Connection": lambda texts: Connection("".join(texts), sa.create_engine("sqlite://"), "".join(texts)),
    "Connections": lambda texts: Connections(tuple(texts), tuple((text,) * 3 for text in texts)),
    "Environment": lambda texts: Environment("x", files=tuple(texts), note="".join(texts)),
    "Exported": lambda texts: Exported("".join(texts).replace("\0", ""), 1, "".join(texts)),
}


def text_of(shown: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", "", re.sub(r"<style>.*?</style>", "", shown)))


@pytest.mark.parametrize("name", EVERY_VIEW)
def test_no_view_makes_html_of_text(name, hostile, active_nodes):
    assert len(hostile) >= 40
    view = EVERY_VIEW[name](hostile)
    shown = view._repr_mimebundle_()["text/html"]
    assert active_nodes(shown) == []
    assert text_of(shown).count("canary") >= 40


def test_the_views_here_are_all_that_there_are():
    """A new view must come here; two are made by whole commands, and tried there."""
    import importlib
    import pkgutil

    import mig_ipython

    for module in pkgutil.walk_packages(mig_ipython.__path__, "mig_ipython."):
        importlib.import_module(module.name)
    known = {name.split(" ")[0].rstrip(",") for name in EVERY_VIEW} | {"Proposal", "Migration"}
    views = {each.__name__ for each in View.__subclasses__() if each.__module__.startswith("mig_ipython")}
    assert views == known, "Add the new view to EVERY_VIEW above."


def test_mermaid_source_holds_text_as_numbers_only(hostile):
    source = RevisionGraph(entries(hostile), broken(hostile)).mermaid
    for line in source.splitlines()[1:]:
        assert re.fullmatch(
            r"    \w+(\(\[|\[\[|\[|>)\"[^\"<>`{}\[\]$\\]*\"(\]\)|\]\]|\])|    \w+ (-->|-\. depends on \.->) \w+", line
        ), line


@pytest.mark.slow
@pytest.mark.parametrize("draw", ["by_program", "in_process"])
def test_every_text_is_shown_in_the_drawing_as_it_is(draw, hostile):
    dot = RevisionGraph(tuple(Entry(f"r{at}", (), f"{at} {text}"[:38]) for at, text in enumerate(hostile))).dot
    svg = by_program(dot, "svg") if draw == "by_program" else in_process(dot)
    if svg is None:
        pytest.skip("this renderer is not here")
    svg = svg.decode() if isinstance(svg, bytes) else svg
    drawn = html.unescape("".join(re.findall(r"<text[^>]*>(.*?)</text>", svg))).replace("\N{NO-BREAK SPACE}", " ")
    for at, text in enumerate(hostile):
        shown = "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text.splitlines()[0])
        assert f"{at} {shown}"[:38] in drawn, text


def test_what_finds_active_nodes_finds_them(hostile, active_nodes):
    """A check of the check: pasted raw, most of these texts are found."""
    found = [text for text in hostile if active_nodes(f"<p>{text}</p>")]
    assert len(found) >= 30
