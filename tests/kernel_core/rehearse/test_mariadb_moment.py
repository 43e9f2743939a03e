"""A clone on MariaDB while others write: of one moment, or the report names the tables that are not."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from kernel_core import command

pytestmark = pytest.mark.sweep

ORPHANS = """
found = op.get_bind().exec_driver_sql(
    "SELECT count(*) FROM children c LEFT JOIN parents p ON p.id = c.parent WHERE p.id IS NULL").scalar()
missing = op.get_bind().exec_driver_sql(
    "SELECT count(*) FROM parents p LEFT JOIN children c ON p.id = c.parent WHERE c.id IS NULL").scalar()
op.create_table("counted", sa.Column(f"orphans_{found}", sa.Integer), sa.Column(f"childless_{missing}", sa.Integer))
"""


@contextmanager
def writing(url: str, seconds: float) -> Iterator[None]:
    """Insert pairs of rows, a transaction each, in another thread for some seconds."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    ended = threading.Event()

    def write() -> None:
        until, number = time.monotonic() + seconds, 0
        with engine.connect() as live:
            while not ended.is_set() and time.monotonic() < until:
                number += 1
                live.exec_driver_sql(f"INSERT INTO children VALUES ({number}, {number})")
                live.exec_driver_sql(f"INSERT INTO parents VALUES ({number})")
                live.commit()
                time.sleep(0.01)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@pytest.fixture
def related(mariadb_project):
    """Two empty tables that belong together, and a large one between them by name."""
    mariadb_project.run(
        "CREATE TABLE parents (id INTEGER NOT NULL PRIMARY KEY)",
        "CREATE TABLE children (id INTEGER NOT NULL PRIMARY KEY, parent INTEGER)",
        "CREATE TABLE large (id INTEGER NOT NULL PRIMARY KEY, v VARCHAR(80))",
        "INSERT INTO large SELECT seq, repeat('x', 80) FROM seq_1_to_300000",
    )
    mariadb_project.write("a1", None, ORPHANS.strip())
    return mariadb_project


def test_tables_that_were_written_to_are_copied_again(related):
    with writing(related.url, 2.5):
        time.sleep(0.1)
        (found,) = command.rehearse(related.config(), "head", and_back=False)
    columns = " ".join(text for _, _, text in found.schema)
    assert "orphans_0" in columns
    assert "childless_0" in columns
    assert not any("not of one moment" in note for note in found.not_compared)


def test_what_is_never_at_rest_is_named(related):
    related.run("INSERT INTO children SELECT -seq, -seq FROM seq_1_to_200000")  # no copy ends between two writes
    with writing(related.url, float("inf")):
        time.sleep(0.1)
        (found,) = command.rehearse(related.config(), "head", and_back=False)
    (note,) = [note for note in found.not_compared if "not of one moment" in note]
    assert "children, parents" in note
    assert "large" not in note
