"""Measure a long review in the browser: milliseconds for a key in search, and seconds until its rows are on screen.

    pytest -m browser tests/browser/measure_reviews.py -s

A key is compared with one in a bare text field of ipywidgets in the same page. No test of the suite: its name says so.
"""

from __future__ import annotations

from pathlib import Path
from statistics import median

from test_long_lists import MODELS

ROUNDS = 3
WORD = "table_249"
FIELD = """\
import ipywidgets, os
bare = ipywidgets.Text(description="Bare", continuous_update=True)
bare.observe(lambda change: None, "value")
print("process", os.getpid())
display(bare)
"""
APPEARED = """() => {
  const [begun, known] = [performance.now(), document.querySelectorAll(".mig-review").length];
  window.appeared = new Promise((done) => {
    const look = () => {
      const panels = document.querySelectorAll(".mig-review");
      const rows = panels.length > known ? panels[panels.length - 1].querySelectorAll(".mig-row").length : 0;
      rows >= 200 ? requestAnimationFrame(() => done(performance.now() - begun)) : requestAnimationFrame(look);
    };
    look();
  });
}"""


def test_a_key_in_search(notebook_of):
    notebook = notebook_of(MODELS.replace("show(2)\n", ""), FIELD, "show(500)")
    notebook.run_until("show(500)")
    page = notebook.page
    process = int(notebook.cell("getpid").locator(".jp-OutputArea-output pre").first.inner_text().split()[-1])
    tools = page.context.new_cdp_session(page)
    tools.send("Performance.enable", {"timeDomain": "threadTicks"})

    def spent():
        found = {each["name"]: each["value"] for each in tools.send("Performance.getMetrics")["metrics"]}
        times = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        return 1000 * found["TaskDuration"], 10 * (int(times[11]) + int(times[12]))

    def of_a_key(field):
        field.fill("")
        page.wait_for_timeout(2000)
        begun = spent()
        field.press_sequentially(WORD, delay=400)
        return [(end - begin) / len(WORD) for begin, end in zip(begun, spent(), strict=True)]

    fields = {"a bare text field": "Bare", "search in 500 rows": "Search in the rows"}
    keys = {name: [] for name in fields}
    for name, label in list(fields.items()) * ROUNDS:
        keys[name].append(of_a_key(page.get_by_label(label)))
    for name, rounds in keys.items():
        browser, kernel = (median(each[at] for each in rounds) for at in range(2))
        print(f"\na key in {name}: CPU of the page {browser:.0f} ms, of the kernel {kernel:.0f} ms", end="")  # noqa: T201


def test_until_the_rows_are_on_screen(notebook_of):
    shows = [f"show({rows}) # {round_}" for round_ in range(ROUNDS) for rows in (200, 500)]
    notebook = notebook_of(MODELS, *shows)
    notebook.run_until("show(2)")
    page, seconds = notebook.page, {200: [], 500: []}
    for cell in shows:
        notebook.cell(cell).locator(".cm-content").click()
        page.wait_for_timeout(1000)
        page.evaluate(APPEARED)
        page.keyboard.press("Control+Enter")
        seconds[200 if "(200)" in cell else 500].append(page.evaluate("window.appeared") / 1000)
        page.wait_for_timeout(2000)
    for rows, taken in seconds.items():
        print(f"\n{rows} rows on screen: {median(taken):.2f} s, least {min(taken):.2f} s", end="")  # noqa: T201
