"""The graph in its three languages, and as a tree of text."""

from __future__ import annotations

import base64
import re
import shutil

import pytest
from contrasts import contrast
from IPython.core.formatters import DisplayFormatter

from kernel_core.util import drawing
from kernel_core.util.exc import CommandError
from mig_ipython.views import dot as dot_module
from mig_ipython.views.boxes import fold
from mig_ipython.views.graph import RevisionGraph
from mig_ipython.views.revisions import Broken, Entry
from mig_ipython.views.tree import tree

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


def test_a_dependency_on_a_label_is_a_dashed_edge_and_said_in_the_box():
    dot = RevisionGraph(DIAMOND).dot
    assert len(re.findall(r"n\d -> n\d \[.*style=dashed", dot)) == 1
    assert "depends on reports" in dot
    assert "-. depends on .->" in RevisionGraph(DIAMOND).mermaid


def test_a_merge_says_what_it_merges():
    assert "merges b and c" in RevisionGraph(DIAMOND).dot


def test_time_runs_upwards_or_to_the_right():
    graph = RevisionGraph(DIAMOND)
    assert "rankdir=BT" in graph.dot
    assert graph.mermaid.startswith("flowchart BT")
    assert "rankdir=LR" in graph.turned().dot
    assert graph.turned().mermaid.startswith("flowchart LR")
    assert graph.turned().turned().dot == graph.dot


def test_a_range_shows_that_something_comes_before():
    graph = RevisionGraph(DIAMOND[:3])
    assert graph.dot.count('"…"') == graph.dot.count("…") == 2
    assert "…" not in RevisionGraph(DIAMOND).dot
    assert graph.mermaid.count("[…]") == 2


@pytest.mark.parametrize("look", ["APPLIED", "CURRENT", "PENDING", "PLAIN", "BROKEN"])
def test_words_stand_out_from_their_box_and_its_border_too(look):
    fill, border = getattr(dot_module, look)
    assert contrast(dot_module.INK, fill) >= 4.5
    assert contrast(border, fill) >= 3


@pytest.mark.parametrize("ground", ["#ffffff", "#111111", "#212121"])
def test_lines_stand_out_from_a_light_and_from_a_dark_ground(ground):
    assert contrast(dot_module.LINE, ground) >= 3
    assert contrast(dot_module.CURRENT[1], ground) >= 3  # its double border encloses the ground


def test_every_word_of_the_drawing_stands_in_a_box():
    """The ground is the theme's, so that words beside a box could not be read on one of the two."""
    graph = RevisionGraph(chain(400), (Broken("/x/bad.py", 3, "no revision"),))
    assert "label=" not in "".join(line for line in graph.dot.splitlines() if "->" in line)
    assert all("filled" in line for line in graph.dot.splitlines() if re.match(r"\s*[nbe]\d+ \[", line))
    assert 'fill="white"' not in graph.svg


@pytest.mark.slow
@pytest.mark.parametrize("draw", [lambda dot: (drawing.by_program(dot, "svg") or b"").decode(), drawing.in_process])
def test_both_renderers_draw_names_literally(draw):
    graph = RevisionGraph(DIAMOND, (Broken("/x/bad<.py", 3, "no revision"),))
    drawn = draw(graph.dot)
    if not drawn:
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
    monkeypatch.setattr(drawing, "by_program", lambda dot, kind: None)
    monkeypatch.setattr(drawing, "in_process", lambda dot: None)
    bundle = RevisionGraph(DIAMOND)._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/vnd.mermaid"}
    assert bundle["text/vnd.mermaid"].startswith("flowchart BT")
    assert "<b>" not in bundle["text/vnd.mermaid"]


def test_without_a_renderer_ipython_shows_no_html_either_which_would_hide_the_mermaid(monkeypatch):
    monkeypatch.setattr(drawing, "by_program", lambda dot, kind: None)
    monkeypatch.setattr(drawing, "in_process", lambda dot: None)
    formatter = DisplayFormatter()
    formatter.active_types = [*formatter.format_types]
    shown, _ = formatter.format(RevisionGraph(DIAMOND))
    assert set(shown) == {"text/plain", "text/vnd.mermaid"}
    assert "text/html" in formatter.format(RevisionGraph(()))[0]


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
    graph = RevisionGraph(DIAMOND)
    assert (tmp_path / "g.svg").samefile(graph.save(tmp_path / "g.svg"))
    graph.save(tmp_path / "g.mmd")
    if shutil.which("dot"):
        graph.save(tmp_path / "g.png")
        assert (tmp_path / "g.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(CommandError, match="ending"):
        graph.save(tmp_path / "g.pdf")


def test_a_png_without_the_program_is_refused_with_the_way_on(tmp_path, monkeypatch):
    monkeypatch.setattr("mig_ipython.views.graph.by_program", lambda dot, kind: None)
    with pytest.raises(CommandError, match=r"needs the program dot. Install graphviz, or save the graph as \.svg"):
        RevisionGraph(DIAMOND).save(tmp_path / "g.png")
    assert list(tmp_path.iterdir()) == []


def test_no_revisions_is_said():
    assert "No revisions yet." in repr(RevisionGraph(()))
