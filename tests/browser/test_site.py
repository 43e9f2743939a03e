"""The workshop's site: built offline, served by a plain file server, run by the kernel in the browser."""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from site_pages import SiteNotebook, build_offline, served

from mig_ipython.lab.site import downloads

WORKSHOP = sorted((Path(__file__).parents[2] / "notebooks" / "workshop").glob("[0-9]_*.ipynb"))

WRITES = (
    "%load_ext mig_ipython",
    "%mig_connect sqlite:///shop.db\n%mig_init migrations",
    (
        "%%mig_models\nimport sqlalchemy as sa\nfrom sqlalchemy.orm import DeclarativeBase\n"
        "class Base(DeclarativeBase): pass\n"
        "class Customer(Base):\n    __tablename__ = 'customer'\n    id = sa.Column(sa.Integer, primary_key=True)"
    ),
    '%mig_autogenerate Base -m "customers"',
    '%mig_autogenerate Base -m "customers" --accept all --write',
    "%mig_rehearse",
    "%mig_upgrade --yes",
    "%mig_downgrade -1 --yes\n%mig_upgrade --yes",
    "%mig_graph",
    "%mig_schema head",
    # Of two connections to one database each sees and keeps what the other commits; the last one is never closed.
    (
        "import sqlite3\nfirst, second = sqlite3.connect('two.db'), sqlite3.connect('two.db')\n"
        "first.execute('CREATE TABLE t (a)')\nsecond.execute('INSERT INTO t VALUES (1)')\nsecond.commit()\nsecond.close()\n"
        "print('seen', first.execute('SELECT count(*) FROM t').fetchone())\nfirst.close()\n"
        "third = sqlite3.connect('two.db')\nthird.execute('INSERT INTO t VALUES (2)')\nthird.commit()"
    ),
)
READS = (
    "%load_ext mig_ipython\n%mig_open migrations\n%mig_connect sqlite:///shop.db\n%mig_history",
    (
        "import os, sqlite3\nprint('kept', sqlite3.connect('two.db').execute('SELECT count(*) FROM t').fetchone())\n"
        "print('left', [name for name in os.listdir() if name.endswith(('.lock', '-journal'))])"
    ),
    (
        "import sqlalchemy as sa\nmetadata = sa.MetaData()\n"
        "sa.Table('customer', metadata, sa.Column('id', sa.Integer, primary_key=True), sa.Column('email', sa.String(80)))\n"
        '%mig_autogenerate metadata -m "email"'
    ),
)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, write_notebook: Callable[..., None]) -> Iterator[str]:
    """The address of a site with the two notebooks above and those of the workshop, built without a network."""
    if importlib.util.find_spec("jupyterlite_core") is None:
        reason = "JupyterLite is not installed: pip install -e '.[lite]'."
        pytest.fail(reason) if os.environ.get("MIG_TEST_NO_SKIP") == "1" else pytest.skip(reason)
    folder, cache = tmp_path_factory.mktemp("site"), downloads.default_cache()
    downloads.wheels(cache)
    downloads.pyodide(cache)
    write_notebook(folder / "own" / "1_writes.ipynb", *WRITES)
    write_notebook(folder / "own" / "2_reads.ipynb", *READS)
    build_offline(folder / "out", cache, [folder / "own", *WORKSHOP])
    with served(folder / "out") as address:
        yield address


@pytest.fixture
def opened(site, new_page) -> Callable[[str], SiteNotebook]:
    """What opens a notebook in a new browser, whose storage is empty."""
    return lambda name: SiteNotebook(new_page(), site, name)


def test_the_extension_runs_in_the_browser_and_the_work_is_kept(site, opened):
    notebook = opened("1_writes.ipynb")
    notebook.run_all()
    shown = notebook.outputs()
    assert notebook.errors() == []
    assert "Accept & write" in shown[3]  # the review is a widget
    assert "Written to migrations/versions/" in shown[4]
    assert "the downgrade brings back the schema and its rows" in shown[5]
    assert "upgraded by 1 revision" in shown[6]
    assert "downgraded by 1 revision" in shown[7]
    images = notebook.page.locator("img.mig-graph")
    assert [images.nth(each).evaluate("image => image.naturalWidth > 0") for each in range(2)] == [True, True]
    assert shown[10].strip() == "seen (1,)"
    notebook.save()

    notebook.page.reload()
    notebook.wait_for_cells()
    assert notebook.outputs()[10].strip() == "seen (1,)"

    notebook.open_other("2_reads.ipynb")
    notebook.run_all()
    history, kept, review = notebook.outputs()
    assert "current" in history
    assert "customers" in history
    assert "kept (2,)" in kept
    assert "left []" in kept
    assert "Add column email" in review
    notebook.page.get_by_role("button", name="Accept & write").last.click()
    written = notebook.page.get_by_role("status").filter(has_text="Written to").last
    written.wait_for(timeout=180_000)
    assert notebook.hosts == {site.removeprefix("http://")}


def test_the_first_page_leads_to_a_notebook(site, new_page):
    page = new_page()
    page.goto(site)
    page.get_by_role("link", name="1_writes.ipynb").click()
    page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=180_000)
    assert page.title().startswith("1_writes")


@pytest.mark.sweep
@pytest.mark.parametrize("lesson", WORKSHOP, ids=lambda path: path.stem)
def test_each_lesson_runs_whole_and_run_all_twice_gives_the_same(opened, site, lesson):
    notebook = opened(lesson.name)
    notebook.run_all()
    first = notebook.outputs()
    assert notebook.errors() == []
    notebook.restart_and_run_all()
    assert notebook.broken_pictures() == 0
    assert list(map(without_times, notebook.outputs())) == list(map(without_times, first))
    assert notebook.hosts == {site.removeprefix("http://")}


def without_times(output: str) -> str:
    """An output without execution counts, times and ids of revisions that were written in this run."""
    volatile = (r"^\[\d+\]:$", r"\b\d+(\.\d+)? (ms|s)\b", r"\b\d\d:\d\d(:\d\d)?\b", r"\b[0-9a-f]{12}\b")
    return re.sub("|".join(volatile), "·", output, flags=re.MULTILINE)
