"""A folder of Flask-Migrate: its ini file names no ``script_location``, its ``env.py`` needs an application context."""

from __future__ import annotations

import contextvars
import sys
from importlib.util import find_spec

import pytest

from kernel_core.config import CommandLine

# They are not imported here: each worker would import Flask.
pytestmark = pytest.mark.skipif(
    not (find_spec("flask_migrate") and find_spec("flask_sqlalchemy")),
    reason="Flask-Migrate or Flask-SQLAlchemy is not installed (extra projects)",
)

APP = """
import os
from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite:///" + os.path.join(os.path.dirname(__file__), "app.db")
db = SQLAlchemy(app)
Migrate(app, db)
class Cat(db.Model):
    id = db.Column(db.Integer, primary_key=True)
"""
NEEDS = "env.py needs your Flask application: from app import app; app.app_context().push()"


@pytest.fixture
def folder(notebook, tmp_path, monkeypatch):
    """Make a project by Flask-Migrate's own files, and go there."""
    import flask_migrate

    template = f"{flask_migrate.__path__[0]}/templates/flask/"
    (tmp_path / "migrations" / "versions").mkdir(parents=True)
    for name, source in (
        ("env.py", "env.py"),
        ("script.py.mako", "script.py.mako"),
        ("alembic.ini", "alembic.ini.mako"),
    ):
        with open(template + source) as stream:
            (tmp_path / "migrations" / name).write_text(stream.read())
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "notebooks").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    sys.modules.pop("app", None)


@pytest.mark.filterwarnings("ignore:'get_engine' is deprecated:DeprecationWarning")
@pytest.mark.parametrize(("here", "place"), [(".", "migrations"), ("notebooks", "../migrations")])
@pytest.mark.costly
def test_it_works_with_a_context_and_reports_how_to_push_one(notebook, folder, capsys, monkeypatch, here, place):
    monkeypatch.chdir(folder / here)
    contextvars.copy_context().run(_run, notebook, folder, capsys, place)


def _run(notebook, folder, capsys, place):
    assert notebook.run(f"%mig_open {place}").shown == place
    assert "SQLALCHEMY_DATABASE_URI" in notebook.run("%mig_status --no-drift").next
    assert "SQLALCHEMY_DATABASE_URI" in notebook.fail("%mig_upgrade")
    notebook.run(f"%mig_connect sqlite:///{folder}/app.db")
    for command in ("%mig_upgrade", "%mig_diff", "%mig_autogenerate -m x"):
        assert NEEDS in notebook.fail(command), command
    assert NEEDS in repr(notebook.run("%mig"))
    notebook.run("from app import app; app.app_context().push()")
    path = notebook.run("%mig_autogenerate -m first --id a1 --write").path
    assert path.parent == folder / "migrations" / "versions"
    assert notebook.run("%mig_upgrade").after == ("a1",)
    assert not notebook.run("%mig_diff")
    assert notebook.run("%mig").next == "nothing: the database is up to date"
    CommandLine().main(["-c", f"{place}/alembic.ini", "heads"])
    assert "a1 (head), first" in capsys.readouterr().out
    notebook.run("from app import db; db.engine.dispose()")


@pytest.mark.filterwarnings("ignore:'get_engine' is deprecated:DeprecationWarning")
def test_the_database_of_a_pushed_application_is_the_default(notebook, folder):
    def run() -> None:
        notebook.run("%mig_open migrations\nfrom app import app, db; app.app_context().push()")
        shown = notebook.run("%mig_status --no-drift")
        assert shown.next == "%mig_connect"
        assert "app.db (SQLALCHEMY_DATABASE_URI of the Flask application)" in repr(shown)
        assert "sqlite app.db" in repr(notebook.run("%mig_connect"))
        notebook.run("db.engine.dispose()")

    contextvars.copy_context().run(run)
