"""An upgrade tells how it goes on while it does, and leaves its report."""

from __future__ import annotations

import re
import sqlite3

from playwright.sync_api import expect

SLOW = """\
%mig_connect sqlite:///progress.db
%mig_init migrations
from pathlib import Path
for down, rev in ((None, "a1"), ("a1", "b2"), ("b2", "c3")):
    Path(f"migrations/versions/{rev}_step.py").write_text(f'''\"""Step {rev}.\"""
import time
import sqlalchemy as sa
from alembic import op
revision, down_revision, branch_labels, depends_on = {rev!r}, {down!r}, None, None
def upgrade():
    op.create_table("t_{rev}", sa.Column("id", sa.Integer, primary_key=True))
    time.sleep(0.7)
    op.execute("INSERT INTO t_{rev} VALUES (1)")
def downgrade():
    op.drop_table("t_{rev}")
''')
"""
UPGRADE = "%mig_upgrade --yes"
MORE = """\
metadata = sa.MetaData()
for rev in ("a1", "b2", "c3", "d4"):
    sa.Table(f"t_{rev}", metadata, sa.Column("id", sa.Integer, primary_key=True))
%mig_autogenerate metadata -m "in the panel" --id d4
"""
WATCH = """() => {
  window.said = [];
  const look = () => document.querySelectorAll(".mig-where, .mig-status").forEach(one => {
    const bar = one.querySelector("progress"), text = (bar ? `${bar.value}/${bar.max} ` : "") + one.textContent.trim();
    if (!window.said.includes(text)) window.said.push(text);
  });
  new MutationObserver(look).observe(document.body, {childList: true, subtree: true, characterData: true});
}"""
"""Keeps every text that a progress line or the panel's status line has shown, in order."""


def test_each_revision_is_seen_running_and_the_report_stays(lab, notebook_of):
    notebook = notebook_of(SLOW, UPGRADE, MORE)
    notebook.page.evaluate(WATCH)
    outputs = notebook.run_until(UPGRADE)
    said = notebook.page.evaluate("window.said")

    running = r"(\d)/3 (\d) of 3 revisions, (\d+) statements?, (\d+\.\d) s: running (\w\w) Step \w\w"
    seen = [found.groups() for found in (re.search(running, text) for text in said) if found]
    firsts = {one[4]: one for one in reversed(seen)}
    assert [(rev, firsts[rev][0], firsts[rev][1]) for rev in sorted(firsts)] == [
        ("a1", "0", "0"),
        ("b2", "1", "1"),
        ("c3", "2", "2"),
    ], said
    a1, b2, c3 = (float(firsts[rev][3]) for rev in ("a1", "b2", "c3"))
    assert b2 - a1 >= 0.6  # what is shown is the time that passed: a revision sleeps for 0.7 s
    assert c3 - b2 >= 0.6
    assert int(firsts["a1"][2]) < int(firsts["b2"][2]) < int(firsts["c3"][2])

    def report_stays():
        expect(outputs).to_contain_text(re.compile(r"Ran 3 of 3 revisions, \d+ statements in \d\.\d s\."))
        expect(outputs.locator("progress")).to_have_count(0)
        expect(outputs).to_contain_text("upgraded by 3 revisions")
        for rev in ("a1", "b2", "c3"):
            expect(outputs).to_contain_text(f"Step {rev}")

    report_stays()

    panel = notebook.run(notebook.cell("in the panel")).locator(".mig-review")
    panel.get_by_role("button", name="Write & upgrade").click()
    expect(panel.locator(".mig-status")).to_contain_text("upgraded by 1 revision, from c3 to d4")
    assert any(
        re.search(r"Upgrading: 0 of 1 revision, .* running d4 in the panel", text)
        for text in notebook.page.evaluate("window.said")
    )
    report_stays()
    with sqlite3.connect(next(lab.folder.rglob("progress.db"))) as live:
        assert live.execute("SELECT version_num FROM alembic_version").fetchall() == [("d4",)]
    assert notebook.errors == []


LONG = """\
%mig_connect sqlite:///long.db
%mig_init migrations
from pathlib import Path
Path("migrations/versions/a1_long.py").write_text('''
import time
from pathlib import Path
from alembic import op
revision, down_revision, branch_labels, depends_on = "a1", None, None, None
def wait_for(name):
    while not Path(name).exists():
        time.sleep(0.05)
def upgrade():
    op.get_bind().connection.create_function("wait_for", 1, wait_for)
    op.execute("SELECT wait_for('go on')")
def downgrade():
    pass
''')
"""


def test_the_clock_goes_on_while_one_statement_keeps_the_kernel_busy(lab, notebook_of):
    notebook = notebook_of(LONG, UPGRADE)
    notebook.run_until("a1_long.py")
    cell = notebook.cell(UPGRADE)
    cell.locator(".cm-content").first.click()
    notebook.page.keyboard.press("Control+Enter")
    line = cell.locator(".mig-where", has_text="SELECT wait_for")
    expect(line).to_be_visible()
    clocks = line.locator(".mig-clock")
    assert clocks.count() == 2  # of the upgrade, and of the statement
    for clock in clocks.all():
        shown = clock.evaluate(NOW)
        deadline = 400
        while int(clock.evaluate(NOW)) < int(shown) + 2 and (deadline := deadline - 1):
            notebook.page.wait_for_timeout(100)
        assert int(clock.evaluate(NOW)) >= int(shown) + 2
    assert notebook.prompt(cell) == "[*]:"
    (next(lab.folder.rglob("long.db")).parent / "go on").touch()
    expect(cell.get_by_text(re.compile(r"Ran 1 of 1 revision, .* in [\d.]+ s\."))).to_be_visible()
    assert notebook.errors == []


NOW = "one => getComputedStyle(one, '::after').getPropertyValue('--mig-seconds')"
