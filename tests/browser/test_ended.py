"""A panel whose kernel was restarted: one sentence, no icon of a broken chain, nothing that looks clickable."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

MODELS = """\
%mig_connect sqlite:///ended.db
%mig_init migrations
metadata = sa.MetaData()
sa.Table("users", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("note", sa.Text))
p = %mig_autogenerate metadata -m "kept" --id a1
p
"""
ENDED = "The kernel of this review has ended. Run the cell again."


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_a_restarted_kernel_leaves_one_sentence(lab, notebook_of, theme):
    lab.theme(theme)
    notebook = notebook_of(MODELS)
    outputs = notebook.run_until('-m "kept"')
    panel = outputs.locator(".mig-review")
    expect(panel.locator(".mig-row")).to_have_count(1)
    expect(outputs.locator(".jp-OutputArea-child:visible").filter(has_text="Create table users")).to_have_count(1)
    expect(outputs.get_by_text(ENDED)).to_be_hidden()
    notebook.page.get_by_role("menuitem", name="Kernel", exact=True).click()
    notebook.page.get_by_role("menuitem", name="Restart Kernel", exact=False).first.click()
    notebook.page.locator(".jp-Dialog button.jp-mod-accept").click()
    expect(outputs.get_by_text(ENDED)).to_be_visible()
    assert outputs.locator("button:visible, input:visible").count() == 0
    broken = "e => e.checkVisibility() && getComputedStyle(e, '::before').content.includes('\\uf127')"
    icons = f"one => [...one.querySelectorAll('*')].filter({broken}).length"
    assert outputs.evaluate(icons) == 0
