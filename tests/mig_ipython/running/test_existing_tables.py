"""``create_all()`` came first: the status, the failing upgrade and autogenerate say so, and how to go on."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from kernel_core.config import CommandLine

DOGS = "class Dog(Base):\n    __tablename__ = 'dogs'\n    id: Mapped[int] = mapped_column(primary_key=True)\n"


def create(notebook, *statements):
    with notebook.run("%mig_connect dev").engine.begin() as live:
        for statement in statements:
            live.execute(sa.text(statement))


def create_all(notebook):
    notebook["Base"].metadata.create_all(notebook.run("%mig_connect dev").engine)


def write(notebook, *ids):
    """Write a revision for users, then one for dogs, on an empty database."""
    notebook.run("%mig_connect sqlite:// --as empty")
    for number, name in enumerate(ids):
        if number:
            notebook.run(DOGS)
        notebook.run(f"%mig_autogenerate Base -m {name} --id {name} --write")
        notebook.run("%mig_upgrade")
    notebook.run("%mig_connect dev")


def test_all_tables_exist_and_a_stamp_is_the_next_step(ready):
    write(ready, "a1", "b2")
    create_all(ready)
    status = ready.run("%mig")
    assert status.next == "%mig_stamp head"
    assert "users and dogs exist already (create_all()?)" in repr(status)
    shown = ready.fail("%mig_upgrade")
    assert "table users already exists" in shown
    assert shown.endswith("%mig_upgrade fails at revision a1. Mark it as applied: %mig_stamp head")
    ready.run(status.next)
    assert ready.run("%mig").next == "nothing: the database is up to date"


@pytest.mark.slow
def test_the_tables_of_the_first_revision_alone_lead_to_a_stamp_of_that_one(ready):
    write(ready, "a1", "b2")
    create(ready, "CREATE TABLE users (id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL)")
    status = ready.run("%mig")
    assert status.next == "%mig_stamp a1"
    assert "Mark it as applied: %mig_stamp a1, then %mig_upgrade" in repr(status)
    ready.run(status.next)
    assert ready.run("%mig_upgrade").after == ("b2",)
    assert ready.run("%mig").drift == 0


@pytest.mark.parametrize(
    ("statement", "difference"),
    [
        ("CREATE TABLE users (id INTEGER PRIMARY KEY, name VARCHAR(40))", "dogs does not exist"),
        ("CREATE TABLE users (id INTEGER PRIMARY KEY)", "dogs does not exist; users lacks name"),
        ("CREATE TABLE dogs (id INTEGER PRIMARY KEY, age INT)", "dogs has also age; users does not exist"),
    ],
)
@pytest.mark.costly
def test_a_part_of_a_revision_is_not_called_applied(ready, statement, difference):
    ready.run(DOGS)
    write(ready, "a1")
    create(ready, statement)
    status = ready.run("%mig")
    assert status.next == "drop or complete the existing tables (see note)"
    assert f"already (create_all()?), but {difference}: %mig_upgrade fails at revision a1." in " ".join(
        repr(status).split()
    )
    assert "Drop the tables without data" in ready.fail("%mig_upgrade")


def test_what_a_later_revision_changes_counts(ready):
    write(ready, "a1")
    ready.declare("age: Mapped[int | None]")
    ready.run("%mig_connect empty")
    ready.run("%mig_autogenerate Base -m b2 --id b2 --write")
    ready.run("%mig_connect dev")
    create_all(ready)
    assert ready.run("%mig").next == "%mig_stamp head"


def test_other_tables_are_no_reason(ready):
    write(ready, "a1")
    create(ready, "CREATE TABLE other (id INTEGER PRIMARY KEY)")
    assert ready.run("%mig").next == "%mig_upgrade"
    assert ready.run("%mig_upgrade").after == ("a1",)


def test_a_first_revision_comes_from_an_empty_database(ready):
    create_all(ready)
    status = ready.run("%mig")
    for shown in (ready.run("%mig_autogenerate Base -m first --write"), status, ready.run("%mig_diff")):
        assert "users exists already, but no revision creates it (create_all()?)" in repr(shown)
    for command in (
        "%mig_connect sqlite:// --as empty",
        "%mig_autogenerate -m first --id a1 --write",
        "%mig_connect dev",
    ):
        ready.run(command)
    ready.run("%mig_stamp head")
    assert ready.run("%mig").next == "nothing: the database is up to date"


def test_a_first_revision_that_leaves_out_existing_tables_reports_it(ready):
    create_all(ready)
    ready.run(DOGS)
    proposal = ready.run("%mig_autogenerate Base -m first")
    assert len(proposal) == 1
    assert "users exists already, but no revision creates it" in repr(proposal)


def test_the_command_line_reports_how_to_stamp(ready, monkeypatch, capsys):
    write(ready, "a1")
    create_all(ready)
    monkeypatch.setenv("DATABASE_URL", "sqlite:///dev.db")
    with pytest.raises(SystemExit):
        CommandLine().main(["-c", "migrations/alembic.ini", "upgrade", "head"])
    assert "mark it as applied: mig stamp a1" in capsys.readouterr().err


def test_schemas_are_named(ready, postgresql_url):
    ready.run(
        "class Order(Base):\n    __tablename__ = 'orders'\n    __table_args__ = {'schema': 'sales'}\n"
        "    id: Mapped[int] = mapped_column(primary_key=True)\n"
    )
    ready["url"] = postgresql_url
    engine = ready.run("%mig_connect url --as dev").engine
    with engine.begin() as live:
        live.execute(sa.text("CREATE SCHEMA sales"))
    ready.run("%mig_autogenerate Base -m a1 --id a1 --write")
    create_all(ready)
    assert "sales.orders" in repr(ready.run("%mig"))
    assert "sales.orders" in ready.fail("%mig_upgrade")
    assert ready.run("%mig").next == "%mig_stamp head"
