"""Hostile text in a database does nothing in a real page."""

from __future__ import annotations

HOSTILE = """\
hostile = ["<script>window.canary=1</script>", "<img src=x onerror=window.canary=1>", '"><svg onload=window.canary=1>',
    "</style><script>window.canary=1</script>", "<iframe srcdoc='<script>parent.canary=1</script>'>",
    "$\\\\href{javascript:window.canary=1}{x}$", "$$canary$$", "<a href='javascript:window.canary=1'>x</a>"]
%mig_connect sqlite:///hostile.db
%mig_init migrations
metadata = sa.MetaData()
for text in hostile:
    sa.Table(text, metadata, sa.Column(text, sa.Integer, primary_key=True, comment=text),
        sa.Column("e", sa.Enum(text, name=text), server_default=text), comment=text)
from mig_ipython import mig
mig.autogenerate(metadata, message="".join(hostile[:3]), id="a1")
"""
REST = (
    "%mig_diff metadata",
    "p = mig.session.proposal; p.write(); p",
    "%mig_graph",
    "%mig_show a1",
    "%mig_upgrade --yes",
    "%mig_history",
)


def test_nothing_runs(notebook_of):
    notebook = notebook_of(HOSTILE, *REST)
    panel = notebook.run_until("mig.autogenerate").locator(".mig-review")
    panel.get_by_role("button", name="▸ Script").click()
    rows = panel.locator(".mig-row")
    assert rows.count() == 8
    for number in range(rows.count()):
        rows.nth(number).click()
        for tab in ("SQL", "Python", "Downgrade"):
            panel.get_by_role("tab", name=tab).click()
    for cell in REST:
        outputs = notebook.run(notebook.cells.filter(has_text=cell).last)
        for summary in outputs.locator("summary").all():
            summary.click()
    notebook.page.wait_for_timeout(500)
    assert notebook.page.evaluate("window.canary") is None
    outputs = notebook.page.locator(".jp-Cell-outputArea")
    for active in ("script", "iframe", "a[href^=javascript]", "[onerror]", "[onload]", "mjx-container", ".MathJax"):
        assert outputs.locator(active).count() == 0, active
    assert notebook.errors == []
