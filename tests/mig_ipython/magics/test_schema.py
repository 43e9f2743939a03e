"""``%mig_schema``: forms, ranges, selections, the slider, and the page of the export."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import sqlalchemy as sa

from mig_ipython.views.schema import SchemaView
from mig_ipython.widgets.schema_slider import SchemaSlider

A1 = """%%migration "Add users" --id a1 --write
op.create_table("users", sa.Column("id", sa.Integer, primary_key=True), sa.Column("nick", sa.String(20)))
"""
B2 = """%%migration "Add orders" --id b2 --write
op.create_table("orders", sa.Column("id", sa.Integer, sa.ForeignKey("users.id"), primary_key=True), schema="shop")
op.alter_column("users", "nick", new_column_name="name", existing_type=sa.String(20))
"""


@pytest.fixture
def history(notebook: Any) -> Any:
    for cell in ("%mig_init migrations", "%mig_connect sqlite:///dev.db", A1, B2):
        notebook.run(cell)
    return notebook


def test_the_head_is_shown_with_what_it_changed(history: Any) -> None:
    view = history.run("%mig_schema")
    assert isinstance(view, SchemaView)
    assert [(each.sign, each.sentence) for each in view.changes] == [
        ("+", "Create table shop.orders with 1 column"),
        ("~", "Rename column nick of users to name"),
    ]
    assert isinstance(view.metadata, sa.MetaData)
    assert view.svg is not None


@pytest.mark.slow
def test_a_range_and_a_revision(history: Any) -> None:
    assert [each.sentence for each in history.run("%mig_schema base:a1").changes] == [
        "Create table users with 2 columns"
    ]
    assert [each.key for each in history.run("%mig_schema a1").tables] == ["users"]
    history.run("%mig_stamp a1")
    assert [each.key for each in history.run("%mig_schema current").tables] == ["users"]


def test_other_forms(history: Any, tmp_path: Any) -> None:
    assert repr(history.run("%mig_schema a1 --sql")).startswith("CREATE TABLE users")
    assert json.loads(repr(history.run("%mig_schema a1 --json")))["revision"] == "revision a1"
    history.run("s = %mig_schema a1")
    history.run(f"s.save({str(tmp_path / 's.mmd')!r})")
    assert (tmp_path / "s.mmd").read_text().startswith("erDiagram")


def test_two_forms_and_the_classes_of_a_range_are_refused(history: Any) -> None:
    assert "--sql and --json are two outputs" in history.fail("%mig_schema --sql --json")
    assert "Name one instead of a range" in history.fail("%mig_schema a1:b2 --models")
    assert "--sql and --slider are two outputs" in history.fail("%mig_schema --sql --slider")


def test_tables_are_selected_and_schemas_folded(history: Any) -> None:
    assert [each.key for each in history.run("%mig_schema --only shop").tables] == ["shop.orders"]
    assert [each.key for each in history.run("%mig_schema --exclude shop.*").tables] == ["users"]
    assert "schema shop: 1 table" in history.run("%mig_schema --fold shop").mermaid.replace("#58;", ":")


def test_without_a_front_end_the_slider_is_a_list_of_revisions(history: Any) -> None:
    shown = repr(history.run("%mig_schema --slider"))
    assert "1 of 2: a1 Add users\n  + Create table users with 2 columns\n" in shown
    assert "2 of 2: b2 Add orders\n  + Create table shop.orders with 1 column\n" in shown
    assert [title for title, _ in history.run("%mig_schema a1:b2 --slider").revisions] == ["b2"]


@pytest.mark.slow
def test_the_slider_shows_the_chosen_revision(history: Any) -> None:
    slider = SchemaSlider(history.run("%mig_schema --slider"))
    assert "2 of 2: b2 Add orders" in slider._title.value
    assert "t0 changed" not in slider._shown.value
    assert "shop.orders added" in slider._shown.value
    slider.back.click()
    assert "1 of 2: a1 Add users" in slider._title.value
    assert "users added" in slider._shown.value
    assert slider.back.disabled
    assert (slider.number.value, slider.slider.value) == (1, 0)
    slider.number.value = 2
    assert (slider.slider.value, slider.next.disabled) == (1, True)
    slider.slider.value = 0
    assert slider.number.value == 1
    slider.slider.value = 1
    (default, shop) = slider.folds.children
    assert default.description == "Fold the default schema"
    shop.value = True
    assert "schema shop: 1 table added" not in slider._shown.value
    assert "1 table, 1 foreign key; users changed, schema shop: 1 table changed" in slider._shown.value
    slider.only.value = "users"
    assert "Entity-relationship diagram: 1 table, 0 foreign keys" in slider._shown.value
    slider.close()


@pytest.mark.slow
def test_the_exported_page_has_one_diagram_for_each_revision(history: Any, tmp_path: Any) -> None:
    history.run(f"%mig_export --html {tmp_path / 'page.html'}")
    text = (tmp_path / "page.html").read_text()
    section = text[text.index("<h2>Schema</h2>") : text.index("<h2>Sources</h2>")]
    assert re.findall(r"<code>(\w+)</code> (Add \w+)", section) == [("a1", "Add users"), ("b2", "Add orders")]
    assert section.count('alt="Entity-relationship diagram') == 2
