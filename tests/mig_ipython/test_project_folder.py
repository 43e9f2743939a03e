"""A project whose notebook is in another folder: paths, imports, ``.env`` and SQLite files as from the project's root."""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path

import pytest
from sampling import sampled

from kernel_core.config import CommandLine

ENV = """
import os
from sqlalchemy import create_engine, pool
from alembic import context
from PACKAGE.models import Base

config = context.config
assert os.path.isfile(".env"), os.getcwd()
if config.config_file_name is not None:
    assert os.path.isfile(config.config_file_name), config.config_file_name
url = config.get_main_option("sqlalchemy.url")
if context.is_offline_mode():
    context.configure(url=url, target_metadata=Base.metadata)
    context.run_migrations()
else:
    with create_engine(url, poolclass=pool.NullPool).connect() as connection:
        context.configure(connection=connection, target_metadata=Base.metadata)
        with context.begin_transaction():
            context.run_migrations()
"""
MODELS = """
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
class Base(DeclarativeBase): pass
class Cat(Base):
    __tablename__ = "cats"
    id: Mapped[int] = mapped_column(primary_key=True)
"""
MAKO = '''"""${message}"""
from alembic import op
import sqlalchemy as sa
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
def upgrade():
    ${upgrades if upgrades else "pass"}
def downgrade():
    ${downgrades if downgrades else "pass"}
'''
INI = "[alembic]\nscript_location = {}\nprepend_sys_path = {}\nsqlalchemy.url = sqlite:///app.db\n"
TOML = '[tool.alembic]\nscript_location = "migrations"\nprepend_sys_path = ["src"]\n'
LAYOUTS = {
    "relative": ({"alembic.ini": INI.format("migrations", ".")}, ".", ("../alembic.ini", "../migrations", "..")),
    "here": ({"alembic.ini": INI.format("%(here)s/migrations", ".")}, ".", ("../alembic.ini", "../migrations")),
    "src": ({"alembic.ini": INI.format("migrations", "src")}, "src", ("../alembic.ini", "..")),
    "pyproject": (
        {"pyproject.toml": TOML, "alembic.ini": "[alembic]\nsqlalchemy.url = sqlite:///app.db\n"},
        "src",
        ("../pyproject.toml", "../alembic.ini", "../migrations", ".."),
    ),
    "file in the environment": (
        {"migrations/alembic.ini": INI.format("%(here)s", ".")}, ".", ("../migrations", "../migrations/alembic.ini"),
    ),
    "no location": (
        {"migrations/alembic.ini": "[alembic]\nprepend_sys_path = .\nsqlalchemy.url = sqlite:///app.db\n"},
        ".",
        ("../migrations", "../migrations/alembic.ini"),
    ),
    "version locations": (
        {"alembic.ini": INI.format("%(here)s/migrations", ".") + "version_locations = migrations/versions\n"},
        ".",
        ("../alembic.ini",),
    ),
}  # fmt: skip


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Make a project of a layout, and go to its folder ``notebooks``; return its folder and its package's name."""
    made = []

    def make(layout: str) -> tuple[Path, str]:
        files, source, _ = LAYOUTS[layout]
        package = f"app_{layout.replace(' ', '_')}"
        folder = tmp_path / "project"
        for name in ("migrations/versions", "notebooks", f"{source}/{package}"):
            (folder / name).mkdir(parents=True)
        (folder / source / package / "__init__.py").write_text("")
        (folder / source / package / "models.py").write_text(MODELS)
        (folder / "migrations/env.py").write_text(ENV.replace("PACKAGE", package))
        (folder / "migrations/script.py.mako").write_text(MAKO)
        (folder / ".env").write_text("A=1")
        for name, text in files.items():
            (folder / name).write_text(text)
        made.append(package)
        monkeypatch.chdir(folder / "notebooks")
        return folder, package

    yield make
    for name in [name for name in sys.modules if name.partition(".")[0] in made]:
        del sys.modules[name]


def tables(folder):
    with sqlite3.connect(folder / "app.db") as connection:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}


@pytest.mark.parametrize("layout", sampled(LAYOUTS, 3))
@pytest.mark.costly
def test_it_works_from_a_folder_below(notebook, project, layout):
    folder, _ = project(layout)
    notebook.run(f"%mig_open {LAYOUTS[layout][2][0]}")
    assert "%mig_connect takes sqlite ../app.db (sqlalchemy.url in ../" in repr(notebook.run("%mig"))
    assert notebook.run("%mig").next == "%mig_connect"
    assert "%mig_connect takes sqlite ../app.db" in notebook.fail("%mig_upgrade")
    assert notebook.run("%mig_connect").target == "sqlite ../app.db"
    for number, place in enumerate(LAYOUTS[layout][2]):
        assert notebook.run(f"%mig_open {place}").shown == "../migrations", place
        if not number:
            assert (
                notebook.run("%mig_autogenerate -m first --id a1 --write").path.parent == folder / "migrations/versions"
            )
        assert notebook.run("%mig_upgrade").after == ("a1",), place
        assert not notebook.run("%mig_diff")
        assert "CREATE TABLE cats" in notebook.run("%mig_upgrade base:head --sql").sql
        assert "cats" in tables(folder)
        notebook.run("%mig_downgrade base --yes")
    assert not list((folder / "notebooks").glob("*.db"))
    notebook.run("%cd -q ..")
    assert notebook.run("%mig_upgrade").after == ("a1",)
    assert notebook.run("%mig").environment == "migrations"


def test_a_file_below_the_working_folder_leaves_the_root_there(notebook, project, monkeypatch):
    folder, _ = project("relative")
    (folder / "config").mkdir()
    (folder / "alembic.ini").unlink()
    (folder / "config/alembic.ini").write_text(INI.format("%(here)s/../migrations", "."))
    monkeypatch.chdir(folder)
    notebook.run("%mig_connect sqlite:///app.db")
    notebook.run("%mig_open config/alembic.ini")
    notebook.run("%mig_autogenerate -m first --id a1 --write")
    assert notebook.run("%mig_upgrade").after == ("a1",)


def test_an_environment_in_the_working_folder_wins(notebook, project):
    folder, _ = project("relative")
    (folder / "notebooks/migrations/versions").mkdir(parents=True)
    assert notebook.run("%mig_open ../alembic.ini").shown == "migrations"
    assert notebook.run("%mig_open ../migrations").shown == "../migrations"


def test_a_borrowed_engine_keeps_the_file_of_its_folder(notebook, project):
    project("relative")
    notebook.run("import sqlalchemy\nengine = sqlalchemy.create_engine('sqlite:///../app.db')")
    notebook.run("%mig_connect engine\n%mig_open ../alembic.ini")
    notebook.run("%mig_autogenerate -m first --id a1 --write")
    assert notebook.run("%mig_upgrade").after == ("a1",)
    notebook.run("engine.dispose()")
    notebook.run("%cd -q ../migrations")
    assert notebook.run("%mig").database == "sqlite ../app.db"


def test_without_an_environment_here_the_one_above_is_named(notebook, project):
    project("relative")
    assert "%mig_open ../alembic.ini" in notebook.fail("%mig_history")


@pytest.mark.parametrize(
    ("layout", "file", "database"),
    [
        ("relative", "../alembic.ini", "app.db"),
        ("pyproject", "../alembic.ini", "app.db"),
        ("pyproject", "../pyproject.toml", None),
        ("here", "../alembic.ini", "notebooks/app.db"),
        ("no location", "../migrations/alembic.ini", "notebooks/app.db"),
    ],
)
@pytest.mark.costly
def test_in_a_terminal_a_file_above_is_found_too(project, capsys, layout, file, database):
    """Where Alembic works, so does this, on the same database: a location found from everywhere leaves the rest as it is."""
    folder, _ = project(layout)
    (folder / "notebooks/.env").write_text("A=1")
    (folder / "migrations/versions/a1.py").write_text("revision = 'a1'\ndown_revision = None\ndef upgrade(): pass\n")
    CommandLine().main(["-c", file, "heads"])
    assert capsys.readouterr().out == "a1 (head)\n"
    if database is None:
        return
    if layout == "no location":
        (folder / "notebooks/app_no_location").symlink_to(folder / "app_no_location")
    CommandLine().main(["-c", file, "upgrade", "head"])
    CommandLine().main(["-c", file, "current"])
    assert capsys.readouterr().out.endswith("a1 (head)\n")
    assert [path.relative_to(folder).as_posix() for path in folder.rglob("app.db")] == [database]
    assert Path.cwd() == folder / "notebooks"


def test_an_ini_file_without_a_location_and_without_env_py_does_not_name_itself(project, capsys, monkeypatch):
    folder, _ = project("relative")
    (folder / "notebooks/alembic.ini").write_text("[alembic]\n")
    monkeypatch.chdir(folder)
    with pytest.raises(SystemExit):
        CommandLine().main(["-c", "notebooks/alembic.ini", "heads"])
    assert "Make one: mig init migrations" in capsys.readouterr().err


def test_in_a_terminal_the_ini_file_above_is_named(project, capsys):
    project("relative")
    with pytest.raises(SystemExit):
        CommandLine().main(["heads"])
    assert "There is one in a folder: mig -c ../alembic.ini ..." in capsys.readouterr().err
