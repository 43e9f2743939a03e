"""``%mig_diff`` twice in one kernel: whatever has changed meanwhile counts, wherever ``env.py`` takes it from."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

ENV = """
import json, os
from pathlib import Path
from kernel_core import context

config = context.config
left_out = {os.environ.get("LEFT_OUT"), config.get_main_option("left_out"), *json.loads(Path("left_out.json").read_text())}

def include_name(name, kind, parents):
    return kind != "table" or name not in left_out

connection = config.attributes["connection"]
context.configure(
    connection=connection, target_metadata=config.attributes["target_metadata"], include_name=include_name,
    include_object=lambda thing, name, kind, reflected, other: kind != "table" or name not in left_out,
)
with context.begin_transaction():
    context.run_migrations()
"""
INI = "[alembic]\nscript_location = migrations\n"


@pytest.fixture
def project(notebook):
    """A database that matches its models, and an ``env.py`` that reads a variable, an ini option and a file."""
    Path("migrations/versions").mkdir(parents=True)
    Path("migrations/env.py").write_text(ENV)
    Path("alembic.ini").write_text(INI)
    Path("left_out.json").write_text("[]")
    notebook.run("import sqlalchemy as sa\nmetadata = sa.MetaData()")
    notebook.run('cats = sa.Table("cats", metadata, sa.Column("id", sa.Integer, primary_key=True))')
    notebook.run("%mig_connect sqlite:///dev.db\n%mig_open alembic.ini")
    execute("CREATE TABLE cats (id INTEGER NOT NULL PRIMARY KEY)")
    return notebook


def execute(*statements: str) -> None:
    """Change the database in another session."""
    with sqlite3.connect("dev.db") as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def replace_database() -> None:
    """Replace the connected database file by another one, with the same schema version."""
    (version,) = sqlite3.connect("dev.db").execute("PRAGMA schema_version").fetchone()
    with sqlite3.connect("other.db") as other:
        other.execute("CREATE TABLE cats (id INTEGER NOT NULL PRIMARY KEY, age INTEGER)")
        other.execute(f"PRAGMA schema_version = {version}")
    other.close()
    os.replace("other.db", "dev.db")


CHANGES: dict[str, str | Callable[[], object]] = {
    "a table of a cell got a column": 'cats.append_column(sa.Column("age", sa.Integer))',
    "a column of a cell got another type": "cats.c.id.type = sa.String(3)",
    "a cell defined another table": 'dogs = sa.Table("dogs", metadata, sa.Column("id", sa.Integer))',
    "a cell replaced the metadata": "metadata = sa.MetaData(); cats = sa.Table('fish', metadata, sa.Column('id', sa.Integer))",
    "DDL ran in another session": lambda: execute("ALTER TABLE cats ADD COLUMN age INTEGER"),
    "DDL ran and was reversed otherwise": lambda: execute("DROP TABLE cats", "CREATE TABLE cats (id TEXT)"),
    "the database file was replaced": replace_database,
    "an environment variable is set": lambda: os.environ.update(LEFT_OUT="strays"),
    "the ini file was edited": lambda: Path("alembic.ini").write_text(INI + "left_out = strays\n"),
    "env.py was edited": lambda: Path("migrations/env.py").write_text(
        ENV.replace("{os.environ", '{"strays", os.environ')
    ),
    "a file that env.py reads was edited": lambda: Path("left_out.json").write_text(json.dumps(["strays"])),
}


@pytest.mark.parametrize("what", CHANGES)
def test_the_second_diff_sees_that(project, what, monkeypatch):
    monkeypatch.setenv("LEFT_OUT", "nothing")
    execute("CREATE TABLE strays (id INTEGER)")
    first = repr(project.run("%mig_diff"))
    assert "strays" in first
    assert first.startswith("1 change")
    assert repr(project.run("%mig_diff")) == first
    change = CHANGES[what]
    if isinstance(change, str):
        project.run(change)
    else:
        change()
    assert repr(project.run("%mig_diff")) != first
