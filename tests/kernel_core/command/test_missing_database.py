"""A command that only reads does not create the file of a SQLite database, and reads an empty one instead."""

from __future__ import annotations

import os
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


@pytest.mark.parametrize("name", READS)
def test_no_file_is_created_by_a_command_that_reads(project, name, caplog):
    project.write("a1", None, BODY)
    caplog.set_level("INFO")
    with suppress(CommandError):
        READS[name](project.config())
    assert not os.path.exists(sa.make_url(project.url).database)
    if name not in ("rehearse", "upgrade as SQL"):
        assert "does not exist yet: an empty database was read instead" in caplog.text


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
