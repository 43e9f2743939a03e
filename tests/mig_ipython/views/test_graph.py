"""The graph in its three languages, and as a tree of text."""

from __future__ import annotations

import base64
import re

import pytest

import mig_ipython.views.graph as graph_module
from mig_ipython.views.graph import RevisionGraph, fold, tree
from mig_ipython.views.revisions import Broken, Entry

DIAMOND = (
    Entry("d", ("b", "c"), "Merge", is_head=True, state="pending"),
    Entry("c", ("a",), "Add <b>c</b>", labels=("reports",), state="applied", is_current=True),
    Entry("b", ("a",), 'Say "b" \\n', state="applied", depends_on=("reports",)),
    Entry("a", (), "First", state="applied"),
)


def chain(length: int) -> tuple[Entry, ...]:
    return tuple(
        Entry(f"r{n}", (f"r{n - 1}",) if n else (), is_head=n == length - 1, state="applied")
        for n in range(length - 1, -1, -1)
    )


def test_the_tree_names_every_revision_newest_first():
    lines = tree(DIAMOND)
    assert lines[0] == "o d (head, pending) Merge <- b, c"
    assert [line for line in lines if " a " in line] == ["* a First"]
    assert any("@ c (current, branch reports)" in line for line in lines)


def test_a_long_tree_is_complete():
    text = repr(RevisionGraph(chain(400)))
    assert all(re.search(rf"\br{n}\b", text) for n in range(400))


def test_current_head_and_pending_differ_by_shape_and_by_word():
    dot = RevisionGraph(DIAMOND).dot
    head = next(line for line in dot.splitlines() if "Merge" in line)
    current = next(line for line in dot.splitlines() if "Add " in line)
    assert "octagon" in head
    assert "dashed" in head
    assert "pending" in head
    assert "peripheries=2" in current
    assert "current" in current


def test_a_dependency_on_a_label_is_a_dashed_edge():
    dot = RevisionGraph(DIAMOND).dot
    assert re.search(r'n\d -> n\d \[label="depends on" style=dashed\]', dot)
    assert "-. depends on .->" in RevisionGraph(DIAMOND).mermaid


@pytest.mark.parametrize("draw", ["_by_program", "_in_process"])
def test_both_renderers_draw_names_literally(draw):
    graph = RevisionGraph(DIAMOND, (Broken("/x/bad<.py", 3, "no revision"),))
    drawn = getattr(graph_module, draw)(graph.dot)
    if drawn is None:
        pytest.skip("this renderer is not here")
    assert "Add &lt;b&gt;c&lt;/b&gt;" in drawn
    assert "bad&lt;.py, line 3" in drawn


def test_a_message_that_looks_like_a_graphviz_label_stays_text():
    evil = Entry("x", (), "<<b>bold</b>>", is_head=True)
    svg = RevisionGraph((evil,)).svg
    assert svg is not None
    assert "&lt;&lt;b&gt;bold&lt;/b&gt;&gt;" in svg


def test_the_html_carries_the_drawing_as_an_image_with_words_beside():
    html = RevisionGraph(DIAMOND, where="sqlite dev.db")._repr_mimebundle_()["text/html"]
    data = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', html)
    assert data is not None
    assert base64.b64decode(data[1]).startswith(b"<svg")
    assert 'alt="Graph of 4 revisions; current: c; heads: d; 1 pending"' in html
    assert "Add &lt;b&gt;c" in html
    assert "<b>c" not in html


def test_without_a_renderer_it_is_mermaid_and_no_html(monkeypatch):
    monkeypatch.setattr(graph_module, "_by_program", lambda dot: None)
    monkeypatch.setattr(graph_module, "_in_process", lambda dot: None)
    bundle = RevisionGraph(DIAMOND)._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/vnd.mermaid"}
    assert bundle["text/vnd.mermaid"].startswith("flowchart BT")
    assert "<b>" not in bundle["text/vnd.mermaid"]


def test_long_runs_are_folded_above_300_revisions():
    graph = RevisionGraph(chain(400))
    assert [box.folded for box in graph.boxes] == [0, 398, 0]
    assert "… 398 revisions …" in graph.dot
    assert len(RevisionGraph(chain(300)).boxes) == 300


def test_folding_keeps_what_has_something_to_tell():
    entries = tuple(
        Entry(e.revision, e.down, is_current=e.revision == "r200", is_head=e.is_head, state=e.state) for e in chain(400)
    )
    assert [box.entry.revision for box in fold(entries) if not box.folded] == ["r399", "r200", "r0"]


def test_saving_writes_by_the_ending_and_refuses_others(tmp_path):
    from kernel_core.util.exc import CommandError

    graph = RevisionGraph(DIAMOND)
    assert (tmp_path / "g.svg").samefile(graph.save(tmp_path / "g.svg"))
    graph.save(tmp_path / "g.mmd")
    with pytest.raises(CommandError, match="ending"):
        graph.save(tmp_path / "g.pdf")


def test_no_revisions_is_said():
    assert "No revisions yet." in repr(RevisionGraph(()))
