"""The contents of a folder are read, and written again as they were."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

from kernel_core.util.exc import CommandError
from mig_ipython.lab.folder import Contents

SCRIPT = """
CREATE TABLE "odd ""name" (id INTEGER PRIMARY KEY AUTOINCREMENT, value BLOB, ratio REAL, note TEXT DEFAULT 'x');
CREATE TABLE parents (id INTEGER PRIMARY KEY);
CREATE TABLE children (parent_id INTEGER REFERENCES parents (id), PRIMARY KEY (parent_id)) WITHOUT ROWID;
CREATE INDEX ix_note ON "odd ""name" (note) WHERE note IS NOT NULL;
CREATE VIEW notes AS SELECT note FROM "odd ""name";
CREATE TRIGGER tr AFTER INSERT ON parents BEGIN DELETE FROM children; END;
INSERT INTO "odd ""name" (id, value, ratio, note) VALUES (7, x'00ff', 0.1, 'ü'), (9, NULL, 1e300, NULL);
INSERT INTO parents VALUES (1);
INSERT INTO children VALUES (1);
PRAGMA user_version = 5;
"""


def dump(path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [*connection.iterdump(), str(connection.execute("PRAGMA user_version").fetchone())]


@pytest.fixture
def folder(tmp_path):
    """A folder with a database, a text in a separate folder, bytecode and a picture."""
    found = tmp_path / "folder"
    (found / "migrations" / "__pycache__").mkdir(parents=True)
    (found / "migrations" / "env.py").write_text("x = 'ü'\n", encoding="utf-8")
    (found / "migrations" / "__pycache__" / "env.pyc").write_bytes(b"\x00")
    (found / "picture.png").write_bytes(b"\x89PNG\xff")
    with closing(sqlite3.connect(found / "flights.db")) as connection:
        connection.executescript(SCRIPT)
    return found


def test_a_database_is_written_as_it_was_read(folder, tmp_path):
    contents = Contents.read(str(folder))
    contents.write(str(tmp_path / "copy"))
    assert dump(tmp_path / "copy" / "flights.db") == dump(folder / "flights.db")
    assert Contents.read(str(tmp_path / "copy")).digest() == contents.digest()


def test_contents_survive_json_with_each_text_once(folder, tmp_path):
    contents = Contents.read(str(folder))
    blobs: dict = {}
    packed = [contents.packed(blobs) for _ in range(2)]
    assert packed[0] == packed[1]
    texts = json.loads(json.dumps([packed[0], blobs]))
    assert Contents.unpacked(*texts).digest() == contents.digest()


def test_other_files_are_removed_and_bytecode_too(folder):
    contents = Contents.read(str(folder))
    (folder / "models.py").write_text("x = 1\n")
    (folder / "migrations" / "env.py").write_text("x = 2\n")
    contents.write(str(folder))
    assert not (folder / "models.py").exists()
    assert (folder / "migrations" / "env.py").read_text(encoding="utf-8") == "x = 'ü'\n"
    assert not (folder / "migrations" / "__pycache__").exists()


def test_folders_without_files_are_removed(folder):
    (folder / "empty" / "inside").mkdir(parents=True)
    Contents.read(str(folder)).write(str(folder))
    assert not (folder / "empty").exists()


def test_a_database_is_replaced_under_an_open_connection(folder):
    contents = Contents.read(str(folder))
    with closing(sqlite3.connect(folder / "flights.db")) as connection:
        connection.execute("DELETE FROM parents")
        connection.commit()
        contents.write(str(folder))
        assert connection.execute("SELECT count(*) FROM parents").fetchone() == (1,)


@pytest.mark.slow
def test_a_locked_database_is_named_and_left_as_it_is(folder):
    contents = Contents.read(str(folder))
    with closing(sqlite3.connect(folder / "flights.db")) as connection:
        connection.execute("DELETE FROM parents")
        with pytest.raises(CommandError, match=r"flights\.db cannot be reset: database is locked"):
            contents.write(str(folder))
        connection.rollback()
    assert dump(folder / "flights.db")
