"""A command that only reads does not create the file of a SQLite database, and reads an empty one instead."""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import suppress

import pytest
import sqlalchemy as sa

from kernel_core import command
from kernel_core.util.exc import CommandError
from kernel_core.util.missing_files import without_new_files

BODY = "op.create_table('t', sa.Column('id', sa.Integer, primary_key=True))"
READS = {
    "current": command.current,
    "current, check": lambda config: command.current(config, check_heads=True),
    "check": command.check,
    "history": lambda config: command.history(config, indicate_current=True),
    "locate": command.locate,
    "locate by running": lambda config: command.locate(config, by_running=True),
    "preview of adopt": lambda config: command.adopt(config, preview=True),
    "autogenerate": lambda config: command.revision(config, "x", autogenerate=True),
    "upgrade as SQL": lambda config: command.upgrade(config, "head", sql=True),
    "rehearse": lambda config: command.rehearse(config, "head"),
}
CHANGES_NOTHING = {
    "resume": command.resume,
    "abandon": command.abandon,
    "upgrade to base": lambda config: command.upgrade(config, "base"),
    "upgrade to an unknown revision": lambda config: command.upgrade(config, "unknown"),
    "downgrade": lambda config: command.downgrade(config, "base"),
    "downgrade by one": lambda config: command.downgrade(config, "-1"),
    "stamp base": lambda config: command.stamp(config, "base"),
    "stamp base, purge": lambda config: command.stamp(config, "base", purge=True),
    "stamp an unknown revision": lambda config: command.stamp(config, "unknown"),
    "locate and stamp": lambda config: command.locate(config, stamp=True),
    "locate and stamp a revision that deviates": lambda config: command.locate(config, stamp="a1"),
    "the same, by running": lambda config: command.locate(config, stamp="a1", by_running=True),
    "locate and stamp an unknown revision": lambda config: command.locate(config, stamp="unknown"),
    "adopt": command.adopt,
}
CHANGES = {
    "upgrade": lambda config: command.upgrade(config, "head"),
    "stamp": lambda config: command.stamp(config, "a1"),
    "locate and stamp despite drift": lambda config: command.locate(config, stamp="a1", despite_drift=True),
    "stamp, purge": lambda config: command.stamp(config, "head", purge=True),
    "ensure_version": command.ensure_version,
}


@pytest.mark.parametrize("name", READS)
def test_no_file_is_created_by_a_command_that_reads(project, name, caplog):
    project.write("a1", None, BODY)
    caplog.set_level("INFO")
    with suppress(CommandError):
        READS[name](project.config())
    assert not os.path.exists(sa.make_url(project.url).database)
    if name not in ("rehearse", "upgrade as SQL"):
        assert "does not exist yet: an empty database was read instead" in caplog.text


@pytest.mark.parametrize("name", CHANGES_NOTHING)
def test_no_file_is_created_by_a_command_that_changes_nothing(project, name):
    project.write("a1", None, BODY)
    with suppress(CommandError):
        CHANGES_NOTHING[name](project.config())
    assert not os.path.exists(sa.make_url(project.url).database)
    for change in CHANGES.values():
        change(project.config())
    assert command.current_heads(project.config()) == ("a1",)


@pytest.mark.parametrize("name", CHANGES)
def test_a_command_that_changes_an_empty_database_creates_its_file(project, name):
    project.write("a1", None, BODY)
    CHANGES[name](project.config())
    engine = sa.create_engine(project.url)
    with engine.connect() as live:
        assert "alembic_version" in sa.inspect(live).get_table_names()
        found = live.exec_driver_sql("SELECT version_num FROM alembic_version").scalars().all()
    assert found == ([] if name == "ensure_version" else ["a1"])


def test_a_revision_that_an_empty_database_fits_is_located_and_stamped_in_a_new_file(project):
    project.write("a1", None, "pass")
    (found,) = command.locate(project.config(), stamp="a1")
    assert found.marked == ("a1",)
    assert command.current_heads(project.config()) == ("a1",)
    assert os.path.getsize(sa.make_url(project.url).database)


def test_an_upgrade_without_revisions_creates_no_file(project):
    assert not command.upgrade(project.config(), "head").steps
    assert not os.path.exists(sa.make_url(project.url).database)


def test_a_command_that_reads_inside_of_one_that_changes_creates_no_other_file(tmp_path):
    one, other = (sa.create_engine(f"sqlite:///{tmp_path / name}") for name in ("one.db", "other.db"))
    with without_new_files(lambda: True):
        with without_new_files() as missing, other.connect():
            assert missing.paths == [str(tmp_path / "other.db")]
        one.connect().close()
    with without_new_files(), without_new_files(creates=True), other.connect():
        pass
    assert {path.name for path in tmp_path.iterdir()} == {"one.db"}


def test_other_threads_connect_meanwhile(tmp_path):
    """SQLAlchemy's lists of listeners are not changed while another thread reads them."""
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'x.db'}", poolclass=sa.NullPool)
    before, errors, done = sys.getswitchinterval(), [], threading.Event()

    def work(act):
        try:
            while not done.is_set():
                act()
        except Exception as error:  # noqa: BLE001 - any
            errors.append(error)

    def read():
        with without_new_files():
            pass

    threads = [threading.Thread(target=work, args=(act,)) for act in (lambda: engine.connect().close(), read, read)]
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        time.sleep(0.25)
    finally:
        done.set()
        for thread in threads:
            thread.join()
        sys.setswitchinterval(before)
    assert errors == []


def test_a_database_that_does_not_exist_is_rehearsed_as_an_empty_one(project):
    project.write("a1", None, BODY)
    engine = sa.create_engine(project.url)
    for database in (None, engine):
        (found,) = command.rehearse(project.config(), "head", database=database)
        assert found.is_clean
        assert any("does not exist yet" in note for note in found.not_compared)
        assert not os.path.exists(engine.url.database)
    assert command.upgrade(project.config(), "head")
    with engine.connect() as live:  # the pool has no connection to anything else
        assert sa.inspect(live).get_table_names() == ["alembic_version", "t"]


@pytest.mark.parametrize("path", ["{}", "file:{}?uri=true"])
def test_a_pool_connects_to_the_file_once_it_may_be_created(tmp_path, path):
    file = tmp_path / "new.db"
    engine = sa.create_engine(f"sqlite:///{path.format(file)}", poolclass=sa.QueuePool)
    with without_new_files() as missing, without_new_files(), engine.connect() as connection:
        assert sa.inspect(connection).get_table_names() == []
    assert missing.paths == [str(file)]
    assert not file.exists()
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (id INTEGER)")
    assert file.stat().st_size
    with without_new_files() as missing, engine.connect() as connection:
        assert sa.inspect(connection).get_table_names() == ["t"]
    assert missing.paths == []
    engine.dispose()
