"""Every command where nobody can click: plain IPython, ``jupyter execute``, and the page that nbconvert makes of it."""

from __future__ import annotations

import builtins
import getpass
import re
import subprocess
import sys
from pathlib import Path
from xml.etree.ElementTree import Element

import html5lib
import nbformat
import pytest
from nbclient import NotebookClient
from sampling import sampled

from mig_ipython.magics import find_commands
from mig_ipython.shell.command_line import LineParser

ROOT = Path(__file__).parents[2]

MODELS = """
import sqlalchemy as sa
models = sa.MetaData()
"""

CLASSES = """%%mig_models models
users = sa.Table("users", models, sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(40)))
"""

ROAD: tuple[tuple[str, str], ...] = (
    ("%mig_connect sqlite:///dev.db", "Connected to sqlite dev.db as 'dev'"),
    ("%mig_connect sqlite:///other.db --as other", "sqlite other.db"),
    ("%mig_connections", "other (current)"),
    ("%mig_close other", "Current: dev"),
    ("%mig_init migrations", "Made the environment migrations"),
    ("%mig_open migrations", "0 revisions"),
    (MODELS, ""),
    (CLASSES, "declared here"),
    ("%mig_diff models", "Create table users with 2 columns"),
    ("%mig_autogenerate models -m 'Add users' --id a1", "Create table users with 2 columns"),
    ("%mig_autogenerate models -m 'Add users' --id a1 --accept all --write", "a1_add_users.py"),
    ("%mig_upgrade --plan", "a1 Add users"),
    ("%mig_upgrade --sql", "CREATE TABLE users"),
    ("%mig_upgrade", "from base to a1"),
    ("%mig_check models", "No difference"),
    ("%mig_current", "a1"),
    ("%mig_status", "up to date"),
    ("%mig_revision -m 'By hand' --id b2", "b2_by_hand.py"),
    ("%mig_undo", "b2_by_hand.py"),
    (
        "%%migration 'Fill names' --id c3 --write\ndef upgrade():\n    op.execute(\"UPDATE users SET name = ''\")\ndef downgrade():\n    pass",
        "UPDATE users SET name",
    ),
    ("%mig_squash a1:c3 --show", "Not written (--show)"),
    ("%mig_revision -m 'Elsewhere' --id d4 --head a1 --splice", "d4_elsewhere.py"),
    ("%mig_heads", "c3"),
    ("%mig_branches", "a1"),
    ("%mig_merge -m 'Join' --id e5", "e5_join.py"),
    ("%mig_resume", "nothing to do"),
    ("%mig_abandon", "no revision is unfinished"),
    ("%mig_history", "Fill names"),
    ("%mig_graph", "Fill names"),
    ("%mig_schema a1", "+ users (added)"),
    ("%mig_show c3 --sql", "UPDATE users SET name"),
    ("%mig_rehearse", "every statement ran"),
    ("%mig_stamp e5", "stamped"),
    ("%mig_downgrade a1 --yes", "downgraded"),
    ("%mig_locate", "which it cannot tell apart"),
    ("%mig_export --sql all.sql", "all.sql"),
    ("%mig_export --html all.html", "all.html"),
    ("%mig_help", "%%migration"),
    ("%mig_connect sqlite:///old.db --as old", "old.db"),
    ("import sqlite3; sqlite3.connect('old.db').execute('CREATE TABLE old (id INTEGER PRIMARY KEY)').close()", ""),
    ("%mig_init adopted", "adopted"),
    ("%mig_adopt", "Create table old with 1 column"),
    ("%mig_lab progress", "exercises solved"),
)
"""The commands of a session, in their order, each with a part of its output."""

APPLIED = tuple(
    cell
    for cell, _ in ROAD[:14]
    if re.match(r"%mig_(connect .*dev.db|init|upgrade$|autogenerate .*--write)|%%mig_models|\nimport", cell)
)
"""The commands among them after which a first revision is applied."""

UNDONE: dict[str, tuple[str, str]] = {
    "downgrade": ("", "%mig_downgrade base"),
    "upgrade": ("", "%mig_upgrade"),
    "export": ("__import__('pathlib').Path('mine.sql').write_text('SELECT 1');", "%mig_export --sql mine.sql"),
}
"""Commands with ``--yes``: what must be done before, and what then is refused without it."""

TRIED_ALONE = frozenset({"autogenerate", "lab", "migration"})
"""Of these the first only writes a file, and the others have separate tests."""


def verbs(cells: tuple[tuple[str, str], ...]) -> set[str]:
    return {found[1] for cell, _ in cells if (found := re.match(r"%%?(?:mig_)?(\w+)", cell))}


@pytest.fixture
def asked(monkeypatch) -> None:
    """Let every call of input() fail."""

    def refuse(*_: object, **__: object) -> str:
        raise AssertionError("somebody was asked")

    for module, name in ((builtins, "input"), (getpass, "getpass"), (sys.stdin, "read")):
        monkeypatch.setattr(module, name, refuse, raising=False)


def words(text: str) -> set[str]:
    return set(re.findall(r"\w{2,}", text))


def parsed(html: str) -> Element:
    return html5lib.parse(html, namespaceHTMLElements=False)


def visible(element: Element, *without: str) -> str:
    """Return the text that a reader without scripts has: all but style sheets, scripts and the tags named."""
    if element.tag in ("style", "script", *without):
        return ""
    return " ".join([element.text or "", *(f"{visible(child, *without)} {child.tail or ''}" for child in element)])


def test_every_command_is_on_the_road():
    assert verbs(ROAD) == set(find_commands())


@pytest.mark.slow
def test_plain_ipython_shows_as_text_all_that_a_page_shows_unfolded(notebook, asked):
    for cell, expected in ROAD:
        result = notebook.run(cell)
        if not expected:
            continue
        text, bundle = repr(result), result._repr_mimebundle_()
        assert expected in text, cell
        assert bundle["text/plain"] == text
        assert words(visible(parsed(bundle["text/html"]), "details", "caption")) - words(text) == set(), cell


@pytest.mark.slow
@pytest.mark.parametrize("count", sampled([14, len(ROAD)], 1), ids=["up to an upgrade", "whole"])
def test_what_is_executed_and_made_a_page_is_there_without_a_script(tmp_path, monkeypatch, count):
    from nbconvert import HTMLExporter

    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    cells = ["%load_ext mig_ipython", *(cell for cell, _ in ROAD[:count])]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(book, timeout=60, resources={"metadata": {"path": str(tmp_path)}}).execute()
    page = parsed(HTMLExporter().from_notebook_node(book)[0])
    areas = iter([one for one in page.iter("div") if "jp-OutputArea-output" in one.get("class", "")])
    for cell, (_, expected) in zip(book.cells[1:], ROAD[:count], strict=True):
        shown = [next(areas) for _ in cell.outputs]
        assert words(expected.lower()) <= words(" ".join(map(visible, shown)).lower()), cell.source
        assert not [tag for area in shown for tag in area.iter("script")], cell.source
        for out in cell.outputs:
            assert {"text/plain", "text/html"} <= set(out.data), cell.source
    assert not any("widget-view" in kind for cell in book.cells for out in cell.outputs for kind in out.get("data", ()))


def test_every_command_with_yes_is_tried_without_it():
    with_yes = {verb for verb, command in find_commands().items() if "--yes" in LineParser(command).options()}
    assert with_yes == set(UNDONE) | TRIED_ALONE


@pytest.mark.parametrize("verb", UNDONE)
@pytest.mark.costly
def test_without_yes_nothing_is_done_and_the_way_on_is_named(verb, notebook, asked, tmp_path):
    for cell in APPLIED:
        notebook.run(cell)
    notebook.run(
        "from mig_ipython import mig\nwith mig.session.connection.engine.begin() as c: c.execute(users.insert(), {'name': 'Ada'})"
    )
    notebook.run(
        "%%migration 'No names' --id z9 --write\ndef upgrade():\n    op.drop_column('users', 'name')\ndef downgrade():\n    pass"
    )
    before, cell = UNDONE[verb]
    notebook.run(before)
    files = {
        path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    }
    shown = notebook.fail(cell)
    assert "--yes" in shown
    assert files == {
        path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    }
    assert notebook.run(f"{cell} --yes") is not None


def test_a_migration_cell_that_loses_data_is_written_and_not_run(notebook, asked):
    for cell in APPLIED:
        notebook.run(cell)
    notebook.run(
        "from mig_ipython import mig\nwith mig.session.connection.engine.begin() as c: c.execute(users.insert(), {'name': 'Ada'})"
    )
    cell = "%%migration 'No names' --id z9 --up{}\ndef upgrade():\n    op.drop_column('users', 'name')\ndef downgrade():\n    pass"
    shown = notebook.fail(cell.format(""))
    assert "z9_no_names.py is written, nothing was run; to run it: %mig_upgrade z9 --yes" in shown
    assert "users.name is lost (1 row)" in shown
    assert [entry.revision for entry in notebook.run("%mig_current")] == ["a1"]
    assert "from a1 to z9" in repr(notebook.run(cell.format(" --yes")))


PANELS = {
    "%mig_autogenerate models -m 'More' --id b2": "Review of 1 change between `models` (2 tables) and sqlite dev.db",
    "%mig_downgrade base": "sqlite dev.db, environment migrations: this would undo 1 revision",
    "%mig_schema --slider": "Schema over 1 revision",
    "%%migration 'More' --id b2\nop.create_table('more', sa.Column('id', sa.Integer))": "Rehearse More: %%migration",
}


@pytest.mark.parametrize("cell", PANELS)
def test_a_front_end_that_shows_no_widgets_has_each_panel_as_text_and_html(notebook, asked, monkeypatch, cell):
    """Such as ``jupyter console``: its kernel could be asked, so that the panel is sent, and its content below."""
    for each in APPLIED:
        notebook.run(each)
    monkeypatch.setattr(notebook.shell, "kernel", object(), raising=False)
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda value, **_: shown.append(value))
    notebook.run("more = sa.Table('more', models, sa.Column('id', sa.Integer, primary_key=True))")
    result = notebook.run(cell)
    bundle = next(one for one in shown if hasattr(one, "widget"))._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert bundle["text/plain"].startswith(PANELS[cell])
    assert words(PANELS[cell]) <= words(visible(parsed(bundle["text/html"])))
    text = repr(result)
    assert "Box(" not in text + bundle["text/plain"]
    assert re.search(r"Nothing (is written yet|was done)|a1", text)


@pytest.mark.parametrize("cell", PANELS)
def test_without_ipywidgets_each_panel_is_text_and_the_reason_is_said_once(notebook, asked, monkeypatch, cell):
    for each in APPLIED:
        notebook.run(each)
    monkeypatch.setattr(notebook.shell, "kernel", object(), raising=False)
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda value, **_: shown.append(value))
    notebook.run("more = sa.Table('more', models, sa.Column('id', sa.Integer, primary_key=True))")
    result = notebook.run(cell)
    assert shown == []
    said = "Shown as text, without a panel: import of ipywidgets halted; None in sys.modules. Panels need ipywidgets: "
    assert f"{said}%pip install ipywidgets" in notebook.printed.splitlines()
    assert re.search(r"Nothing (is written yet|was done)|a1", repr(result))
    notebook.run(cell)
    assert said not in notebook.printed


REMEDIES = {
    "q = %mig_downgrade base": "Without it: %mig_downgrade base --yes",
    "q = %mig_autogenerate models -m 'More'": "Without it: print() what the command returns; its .write() writes the file",
    "q = %mig_schema --slider": "Without it: print() what the command returns",
}


@pytest.mark.parametrize("cell", REMEDIES)
def test_the_text_of_a_panel_whose_result_is_not_displayed_says_what_to_do(notebook, asked, monkeypatch, cell):
    for each in APPLIED:
        notebook.run(each)
    monkeypatch.setattr(notebook.shell, "kernel", object(), raising=False)
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda value, **_: shown.append(value))
    notebook.run("more = sa.Table('more', models, sa.Column('id', sa.Integer, primary_key=True))")
    notebook.run(cell)
    (panel,) = shown
    bundle = panel._repr_mimebundle_()
    assert bundle["text/plain"].endswith(REMEDIES[cell])
    assert words(REMEDIES[cell]) <= words(visible(parsed(bundle["text/html"])))


@pytest.mark.sweep  # the quick run has nbclient itself, in magics/test_errors.py
def test_an_error_stops_jupyter_execute(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    cells = ["%load_ext mig_ipython", "%mig_upgrade", "open('went_on', 'w')"]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbformat.write(book, tmp_path / "book.ipynb")
    done = subprocess.run(
        [sys.executable, "-m", "jupyter", "execute", "book.ipynb"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode != 0
    assert "MigError: No migration environment was found here" in done.stderr
    assert not (tmp_path / "went_on").exists()
