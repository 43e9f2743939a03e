"""Take the README's pictures from a real run of the quick start and of lesson 1; and pictures of large and dark reviews, to be reviewed by a person.

    pytest -m browser tests/browser/take_pictures.py [--basetemp DIR]

The README's go to ``notebooks/images/``, the others to the test's temporary folder. No test of the suite: its name says so.
"""

import re
import shutil
from pathlib import Path

import nbformat
import pytest
from site_pages import PANEL, SiteNotebook, build_offline, served

from mig_ipython.lab.site import downloads

FOLDER = Path(__file__).parents[2] / "notebooks"
QUICKSTART = "00_quickstart.ipynb"
SOLVED = """%%mig_lab 1.1
desk.sql("ALTER TABLE airlines ADD COLUMN country VARCHAR(30)")
desk.show("airlines", 3)"""
THEMES = ("JupyterLab Light", "JupyterLab Dark")

MANY = """\
%load_ext mig_ipython
%mig_connect sqlite:///many.db
import sqlalchemy as sa
metadata = sa.MetaData()
for number in range({tables}):
    sa.Table(f"table_{{number:03}}", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(50)))
%mig_autogenerate metadata -m "many tables"
"""

REHEARSED = """\
from kernel_core.rehearse import Blocker, Lock, Rehearsal, RowChange, Statement, TableRows, Undone
from mig_ipython.views.rehearsal import RehearsalReport
def report(number):
    query = "SELECT " + ", ".join(f"users.column_{{each:02}}" for each in range(30)) + " FROM users WHERE users.email IS NULL"
    rows = tuple({{"id": each, "email": None, "name": "Ada Lovelace " * each}} for each in range(1, 6))
    blockers = [Blocker("null", "b2", f"Alter column email of users_{{each}}", "users", "email is NULL in 70 rows", 70, query, rows) for each in range(number)]
    statements = [Statement("b2", "", f"UPDATE users_{{each}} SET name = " + "'long' || " * 30 + "''", each, 0.1, (Lock("AccessExclusiveLock", "users"),), ("users",)) for each in range(number)]
    schema = [("+", f"users_{{each}}", "column email VARCHAR(80)") for each in range(number)]
    changed = TableRows("users", 9, 8, 0, 1, 5, ("id",), {{"name": 5}}, sample=(RowChange({{"id": 1}}, {{"name": ("a", "b")}}),))
    found = Rehearsal("shop", "sqlite", ("b2",), ("a1",), ("b2",), tuple(statements), tuple(blockers), tuple(schema), (changed,), Undone(rows=(changed,)), 1.0, "")
    return RehearsalReport((found,))
report({number})
"""


def test_a_picture_of_the_workshop_for_the_readme(new_page, tmp_path):
    lesson, cache = FOLDER / "workshop" / "1_why_migrations.ipynb", downloads.default_cache()
    build_offline(tmp_path / "site", cache, [lesson])
    page = new_page(device_scale_factor=1.5, viewport={"width": 1180, "height": 760})
    with served(tmp_path / "site") as address:
        notebook = SiteNotebook(page, address, lesson.name)
        notebook.run_all()
        cell = page.locator(f"{PANEL} .jp-CodeCell", has_text="%%mig_lab 1.1").first
        cell.locator(".cm-content").click()
        page.keyboard.press("Control+a")
        page.keyboard.insert_text(SOLVED)
        page.keyboard.press("Control+Enter")
        cell.get_by_text("Exercise 1.1 is solved").wait_for(timeout=60_000)
        cell.locator(".jp-Cell-outputArea").scroll_into_view_if_needed()
        page.mouse.move(700, 400)
        page.mouse.wheel(0, 120)
        page.wait_for_timeout(500)
        page.screenshot(path=FOLDER / "images" / "workshop.png")


def test_pictures_for_the_readme(lab, open_notebook):
    shutil.copy(FOLDER / QUICKSTART, lab.folder)
    opened = open_notebook(QUICKSTART, device_scale_factor=1.5, viewport={"width": 1280, "height": 1600})
    review = opened.run_until('-m "cancelled flights"')
    review.get_by_role("button", name=re.compile("Add column cancelled")).click()
    opened.page.wait_for_timeout(1000)
    review.locator(".mig-review").screenshot(path=FOLDER / "images" / "review.png")
    review.locator(".mig-renames").get_by_role("button", name="Rename").click()
    for text in (
        "import false",
        "path = proposal",
        "%mig_upgrade --yes",
        '%%migration "mark',
        "%mig_downgrade -1",
    ):
        opened.run(opened.cell(text))
    graph = opened.run(opened.cell("%mig_graph"))
    graph.locator("img[src^='data:image/svg']").screenshot(path=FOLDER / "images" / "graph.png")


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("tables", [2, 200])
def test_pictures_to_be_looked_at(lab, open_notebook, theme, tables, tmp_path_factory):
    lab.theme(theme)
    name = f"{tables}-{theme.split()[-1].lower()}/many.ipynb"  # a separate folder, with a separate database
    (lab.folder / name).parent.mkdir()
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(MANY.format(tables=tables))])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, lab.folder / name)
    opened = open_notebook(name)
    opened.run_until("many tables").locator(".mig-review").wait_for()
    panel = opened.page.locator(".mig-review")
    panel.get_by_role("button", name="Script").click()
    panel.get_by_role("checkbox").nth(1).uncheck()
    opened.page.wait_for_timeout(1500)
    opened.page.screenshot(path=tmp_path_factory.getbasetemp() / f"review-{Path(name).parent}.png")


SCHEMA = """\
%load_ext mig_ipython
%mig_connect sqlite:///schema.db
%mig_init migrations
import sqlalchemy as sa
metadata = sa.MetaData()
for number in range({tables}):
    up = [sa.Column("up", sa.Integer, sa.ForeignKey(f"table_{{number // 3:03}}.id"))] if number else []
    columns = [sa.Column(name, sa.String(50)) for name in ("name", "kind", "about")]
    sa.Table(f"table_{{number:03}}", metadata, sa.Column("id", sa.Integer, primary_key=True), *columns, *up)
%mig_autogenerate metadata -m "first" --id a1 --accept all --write ;
%mig_upgrade --yes
metadata.tables["table_000"].append_column(sa.Column("added", sa.Date))
%mig_autogenerate metadata -m "second" --id b2 --accept all --write ;
"""


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("tables", [2, 300])
def test_pictures_of_a_schema(lab, notebook_of, theme, tables, tmp_path_factory):
    lab.theme(theme)
    opened = notebook_of(
        SCHEMA.format(tables=tables), "%mig_schema", "%mig_schema --slider", viewport={"width": 1280, "height": 1400}
    )
    folder = tmp_path_factory.mktemp(f"schema-{tables}-{theme.split()[-1].lower()}")
    view = opened.run_until("%mig_schema")
    view.locator("img[src^='data:image/svg']").wait_for()
    view.screenshot(path=folder / "view.png")
    panel = opened.run_until("--slider").locator(".mig-review")
    panel.locator("img").wait_for()
    panel.screenshot(path=folder / "slider.png")


HEADS = """\
%mig_connect sqlite:///heads.db
%mig_init migrations
metadata = sa.MetaData()
users = sa.Table("users", metadata, sa.Column("id", sa.Integer, primary_key=True))
%mig_autogenerate metadata -m "users" --id a1 --accept all --write ;
%mig_revision -m "city" --id b2
%mig_revision -m "zip" --id c3 --head a1 --splice
"""
EDIT = """\
from pathlib import Path
for name, kind in (("b2_city", "String(50)"), ("c3_zip", "Integer")):
    path = Path(f"migrations/versions/{name}.py")
    added = f"op.add_column('users', sa.Column('city', sa.{kind}))"
    path.write_text(path.read_text().replace("\\n    pass", f"\\n    {added}", 1))
"""


@pytest.mark.parametrize("theme", THEMES)
def test_pictures_of_heads_to_be_looked_at(lab, notebook_of, theme, tmp_path_factory):
    lab.theme(theme)
    opened = notebook_of(
        HEADS,
        EDIT,
        "%mig_merge --check",
        "%mig_merge --rebase c3",
        "%mig_squash a1:b2 -m 'First release'",
        viewport={"width": 1280, "height": 2400},
    )
    opened.run_until("%mig_squash")
    opened.page.wait_for_timeout(1500)
    opened.page.screenshot(path=tmp_path_factory.getbasetemp() / f"merge-{theme.split()[-1].lower()}.png")


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("number", "width"), [(3, 1400), (300, 1400), (3, 640)])
def test_pictures_of_rehearsals_to_be_looked_at(lab, open_notebook, theme, number, width, tmp_path_factory):
    lab.theme(theme)
    name = f"rehearsed-{number}-{width}-{theme.split()[-1].lower()}.ipynb"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(REHEARSED.format(number=number))])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, lab.folder / name)
    opened = open_notebook(name, viewport={"width": width, "height": 1500})
    view = opened.run_until("RehearsalReport").locator(".mig-view")
    view.locator("summary").first.click()
    view.locator("summary", has_text="Statements").click()
    view.locator(".mig-lead").first.scroll_into_view_if_needed()
    opened.page.wait_for_timeout(500)
    opened.page.screenshot(path=tmp_path_factory.getbasetemp() / f"{Path(name).stem}.png")


SAFER = """\
%load_ext mig_ipython
%mig_connect sqlite:///safer.db
%mig_init migrations
import sqlalchemy as sa
def models(strict):
    metadata = sa.MetaData()
    for number in range({tables}):
        email = sa.Column("email", sa.String(80), nullable=not strict)
        unique = [sa.Index(f"ux_email_{{number:03}}", "email", unique=True)] if strict else []
        sa.Table(f"customers_{{number:03}}", metadata, sa.Column("id", sa.Integer, primary_key=True), email, *unique)
    return metadata
plain, strict = models(False), models(True)
%mig_autogenerate plain -m "first" --id a1 --accept all --write ;
%mig_upgrade --yes
with sa.create_engine("sqlite:///safer.db").begin() as live:
    for table in plain.sorted_tables:
        live.execute(sa.insert(table), [dict(email=email) for email in ("a@x.org", "a@x.org", None)])
%mig_autogenerate strict -m "strict" --id b2
"""


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("tables", [1, 100])
def test_pictures_of_safer_ways_to_be_looked_at(lab, open_notebook, theme, tables, tmp_path_factory):
    lab.theme(theme)
    name = f"safer-{tables}-{theme.split()[-1].lower()}/safer.ipynb"
    (lab.folder / name).parent.mkdir()
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(SAFER.format(tables=tables))])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, lab.folder / name)
    opened = open_notebook(name, viewport={"width": 1280, "height": 1500})
    opened.run_until('-m "strict"').locator(".mig-review").wait_for()
    panel, folder = opened.page.locator(".mig-review"), tmp_path_factory.getbasetemp()
    panel.get_by_role("button", name=re.compile("unique index")).first.click()
    panel.get_by_role("button", name="Rehearse it").wait_for()
    opened.page.wait_for_timeout(800)
    opened.page.screenshot(path=folder / f"{Path(name).parent}-offered.png")
    panel.get_by_role("button", name="Rehearse it").click()
    panel.get_by_text("Rehearsed on a clone", exact=False).or_(
        panel.get_by_text("blocker", exact=False)
    ).first.wait_for(timeout=90_000)
    opened.page.wait_for_timeout(1500)
    opened.page.screenshot(path=folder / f"{Path(name).parent}-rehearsed.png")


LOCATED = """\
%mig_connect sqlite:///located.db
%mig_init migrations
metadata = sa.MetaData()
users = sa.Table("users", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(50)))
%mig_autogenerate metadata -m "users" --id a1 --accept all --write ;
%mig_upgrade --yes
%mig_revision -m "copy" --id b2
from pathlib import Path
path = Path("migrations/versions/b2_copy.py")
_ = path.write_text(path.read_text().replace("\\n    pass", "\\n    op.execute('CREATE TABLE other AS SELECT 1 AS n')", 1))
%mig_upgrade --yes
import sqlite3
connection = sqlite3.connect("located.db")
connection.execute("DELETE FROM alembic_version").connection.commit()
"""
DRIFT = """\
connection.execute("ALTER TABLE users ADD COLUMN nick VARCHAR(20)").connection.commit()
%mig_locate --by-running
"""


@pytest.mark.parametrize("theme", THEMES)
def test_pictures_of_a_located_database(lab, notebook_of, theme, tmp_path_factory):
    lab.theme(theme)
    opened = notebook_of(LOCATED, "%mig_locate", "%mig_locate --by-running", DRIFT)
    folder = tmp_path_factory.mktemp(f"located-{theme.split()[-1].lower()}")
    for name, text in (("locate", "%mig_locate"), ("by-running", "%mig_locate --by-running"), ("drift", "nick")):
        opened.run_until(text).screenshot(path=folder / f"{name}.png")


LOSING = """\
%mig_connect sqlite:///losing.db
%mig_init migrations
metadata = sa.MetaData()
for name in ("customers_of_the_shop", "orders_of_the_customers"):
    sa.Table(name, metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(50)))
%mig_autogenerate metadata -m "first" --id a1 --accept all --write ;
%mig_upgrade --yes ;
from mig_ipython import mig
with mig.session.connection.engine.begin() as live:
    for table in metadata.sorted_tables:
        live.execute(table.insert().values(id=1, name="Ada"))
metadata.clear()
"""


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", [1280, 560])
def test_pictures_of_questions_to_be_looked_at(lab, notebook_of, theme, width, tmp_path_factory):
    lab.theme(theme)
    cells = ("%mig_downgrade base", "%mig_autogenerate metadata -m second --id b2")
    opened = notebook_of(LOSING, *cells, viewport={"width": width, "height": 1900})
    opened.page.keyboard.press("Control+b")  # without the file browser
    asked = opened.run_until(cells[0]).locator(".mig-review")
    asked.get_by_label("Type it").fill("customers_of_the_shop, orders_of_the_customers")
    review = opened.run(opened.cell(cells[1])).locator(".mig-review")
    review.get_by_role("button", name="Write & upgrade").click()
    review.get_by_role("button", name="Upgrade, losing data").wait_for()
    opened.page.wait_for_timeout(800)
    folder = tmp_path_factory.getbasetemp()
    for name, panel in (("asked", asked), ("review", review)):
        panel.screenshot(path=folder / f"question-{name}-{width}-{theme.split()[-1].lower()}.png")
