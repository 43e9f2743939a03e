"""Flask-Migrate: ``flask db`` and its functions; how it prints is compared in test_switching.py."""

import re

import pytest

pytestmark = pytest.mark.peer

APP = """
import os

from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["DATABASE_URL"]
app.config["SQLALCHEMY_BINDS"] = {"logs": os.environ["DATABASE_URL"].replace("project.db", "logs.db")}
db = SQLAlchemy(app)
migrate = Migrate(app, db, render_as_batch=True)


@migrate.configure
def configure_alembic(config):
    config.set_main_option("file_template", "%%(rev)s_of_flask")
    return config


class User(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(128))


class Entry(db.Model):
    __bind_key__ = "logs"
    id = db.Column(db.Integer, primary_key=True)
"""
FUNCTIONS = """
from app import app
from flask_migrate import current, downgrade, history, stamp, upgrade

with app.app_context():
    upgrade()
    current()
    history(indicate_current=True)
    downgrade(revision="base")
    stamp(revision="head")
"""


@pytest.mark.parametrize("options", [(), ("--multidb",)], ids=["one database", "several databases"])
def test_an_application_is_migrated_by_its_commands_and_functions(project, needs, options):
    needs("flask_migrate", "flask_sqlalchemy")
    project.write(app=APP)
    flask = ("-m", "flask", "db")
    project.run(*flask, "init", *options)
    project.run(*flask, "migrate", "-m", "Initial", "--rev-id", "a1")
    source = project.source("a1_of_flask")
    assert re.search(r"op\.create_table\(\s*['\"]user['\"]", source)
    assert ("upgrade_logs" in source) == bool(options)
    assert "a1 (head)" not in project.run(*flask, "current")
    project.run(*flask, "upgrade")
    assert "a1 (head)" in project.run(*flask, "current")
    project.run(*flask, "check")
    project.write(app=APP.replace("String(128))", "String(128), index=True)\n    age = db.Column(db.Integer)"))
    assert "age" in project.run(*flask, "check", code=1)
    project.run(*flask, "migrate", "-m", "Age", "--rev-id", "b2")
    assert "batch_alter_table" in project.source("b2_of_flask")
    project.run(*flask, "upgrade")
    project.run(*flask, "check")
    project.run(*flask, "downgrade")
    assert "a1\n" in project.run(*flask, "current")
    said = project.run("-c", FUNCTIONS)
    assert "b2 (head)" in said
    assert "a1 -> b2 (head) (current), Age" in said
