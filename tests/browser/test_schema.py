"""The slider over a history: moving it shows the diagram and the changes of another revision."""

from __future__ import annotations

import re

from playwright.sync_api import expect

HISTORY = """\
%mig_connect sqlite:///slider.db
%mig_init migrations
metadata = sa.MetaData()
sa.Table("person", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("mail", sa.String(80)))
%mig_autogenerate metadata -m "first" --id a1 --accept all --write
%mig_upgrade --yes
sa.Table("pet", metadata, sa.Column("id", sa.Integer, sa.ForeignKey("person.id"), primary_key=True))
%mig_autogenerate metadata -m "second" --id b2 --accept all --write
"""


def test_the_slider_shows_each_revision(notebook_of):
    notebook = notebook_of(HISTORY, "%mig_schema --slider")
    panel = notebook.run_until("--slider").locator(".mig-review")
    expect(panel).to_contain_text("2 of 2: b2 second")
    picture = panel.get_by_role("img")
    expect(picture).to_have_attribute("alt", re.compile("2 tables, 1 foreign key; pet added"))
    assert picture.evaluate("image => image.complete && image.naturalWidth > 0")

    panel.get_by_role("slider").press("ArrowLeft")
    expect(panel).to_contain_text("1 of 2: a1 first")
    expect(picture).to_have_attribute("alt", re.compile("1 table, 0 foreign keys; person added"))
    expect(panel.get_by_role("button", name="◀ Earlier")).to_be_disabled()

    panel.get_by_role("button", name="Later ▶").press("Enter")
    expect(panel).to_contain_text("2 of 2: b2 second")
    panel.get_by_label("Tables").fill("pers*")
    panel.get_by_label("Tables").press("Enter")
    expect(picture).to_have_attribute("alt", re.compile("1 table, 0 foreign keys$"))
    assert notebook.errors == []
