"""The contents of a student's working folder: files as text, SQLite databases as statements and rows.

Contents are read before each exercise and can be written again, also over an open database.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import cast

from kernel_core.util.exc import CommandError
from kernel_core.util.sql import in_quotes

from .sealed import Json, canonical
from .writing import writing

_MAGIC = b"SQLite format 3\0"
_SKIPPED = frozenset({"__pycache__", ".ipynb_checkpoints"})
_BESIDE_DATABASE = ("-journal", "-wal", "-shm", ".lock")
_WAIT = 1.0
"""Seconds to wait for a database that is locked."""


@dataclass(frozen=True, slots=True)
class Contents:
    """The files of a folder by their path with slashes: a text, or the JSON of a database."""

    files: Mapping[str, Json]

    @classmethod
    def read(cls, folder: str) -> Contents:
        """Return the contents of a folder; raises CommandError where a database is locked.

        Compiled modules, damaged databases and files that are not UTF-8 text are left out.
        """
        found: dict[str, Json] = {}
        for path in sorted(_paths(folder)):
            content = _content(os.path.join(folder, path))
            if content is not None:
                found[path.replace(os.sep, "/")] = content
        return cls(found)

    @writing()
    def write(self, folder: str, found: Contents | None = None) -> None:
        """Make the folder have these contents and no other files; raises CommandError where a database is locked.

        ``found`` is what the folder contains now, if that is known: only files that differ are written.
        """
        os.makedirs(folder, exist_ok=True)
        found = found or Contents.read(folder)
        for path, content in self.files.items():  # before any file is changed
            _refuse_locked(os.path.join(folder, *path.split("/")), content)
        for path in list(_paths(folder)):
            if path.replace(os.sep, "/") not in self.files:
                os.unlink(os.path.join(folder, path))
        for path, content in self.files.items():
            target = os.path.join(folder, *path.split("/"))
            if found.files.get(path) == content:
                continue
            os.makedirs(os.path.dirname(target), exist_ok=True)
            if isinstance(content, str):
                with open(target, "w", encoding="utf-8", newline="\n") as stream:
                    stream.write(content)
            else:
                _remove_damaged(target)
                _write_database(target, cast("dict[str, Json]", content))
        if found.files != self.files:
            _remove_caches(folder)
        _remove_empty_folders(folder)

    def digest(self) -> str:
        """Return a hash of the contents."""
        return hashlib.sha256(canonical(dict(self.files)).encode()).hexdigest()[:32]

    def packed(self, blobs: MutableMapping[str, Json]) -> Json:
        """Return the contents as JSON; each text and the rows of each table are put into ``blobs`` by their hash."""
        packed: dict[str, Json] = {}
        for path, content in self.files.items():
            if isinstance(content, str):
                packed[path] = _put(blobs, content)
            else:
                database = cast("dict[str, Json]", content)
                rows = cast("dict[str, Json]", database["rows"])
                packed[path] = {**database, "rows": {table: _put(blobs, one) for table, one in rows.items()}}
        return packed

    @classmethod
    def unpacked(cls, packed: Json, blobs: Mapping[str, Json]) -> Contents:
        """Return what `packed` has written."""
        files: dict[str, Json] = {}
        for path, content in cast("dict[str, Json]", packed).items():
            if isinstance(content, str):
                files[path] = blobs[content]
            else:
                database = cast("dict[str, Json]", content)
                rows = cast("dict[str, str]", database["rows"])
                files[path] = {**database, "rows": {table: blobs[key] for table, key in rows.items()}}
        return cls(files)


def _put(blobs: MutableMapping[str, Json], value: Json) -> str:
    key = hashlib.sha256(canonical(value).encode()).hexdigest()[:16]
    blobs[key] = value
    return key


def _paths(folder: str) -> Iterator[str]:
    """Yield the paths of the files in a folder, relative to it."""
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in _SKIPPED]
        for name in names:
            path = os.path.join(place, name)
            if not name.endswith(_BESIDE_DATABASE) and os.path.isfile(path):
                yield os.path.relpath(path, folder)


def _content(path: str) -> Json:
    with open(path, "rb") as stream:
        first = stream.read(len(_MAGIC))
        if first == _MAGIC:
            try:
                return _read_database(path)
            except sqlite3.DatabaseError as error:
                if is_damaged(error):
                    return None
                raise _not_available(path, "read", error) from error
        try:
            return (first + stream.read()).decode("utf-8").replace("\r\n", "\n")
        except UnicodeDecodeError:
            return None


def _remove_caches(folder: str) -> None:
    """Remove compiled modules: Python takes one for valid within the second in which its source is written again."""
    for place, folders, _ in os.walk(folder):
        for name in folders:
            if name == "__pycache__":
                shutil.rmtree(os.path.join(place, name), ignore_errors=True)


def _remove_empty_folders(folder: str) -> None:
    """Remove the folders inside of a folder that have no files: %mig_init refuses one with an empty ``versions``."""
    for place, _, _ in os.walk(folder, topdown=False):
        if place != folder and not os.listdir(place):
            os.rmdir(place)


# ---- databases -------------------------------------------------------------------------------------------------------


def _read_database(path: str) -> Json:
    """Return the statements that create a database, and its rows by table."""
    with closing(sqlite3.connect(path, timeout=_WAIT)) as connection:
        connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
        schema = connection.execute("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
        tables = [name for kind, name, _ in schema if kind == "table" and not name.startswith("sqlite_")]
        if any(name == "sqlite_sequence" for _, name, _ in schema):
            tables.append("sqlite_sequence")
        rows = {name: [list(map(_to_json, row)) for row in _rows(connection, name)] for name in tables}
        version = connection.execute("PRAGMA user_version").fetchone()[0]
    statements = [[kind, sql] for kind, name, sql in schema if not name.startswith("sqlite_")]
    return cast("Json", {"schema": statements, "rows": rows, "user_version": version})


def _rows(connection: sqlite3.Connection, table: str) -> sqlite3.Cursor:
    return connection.execute(f"SELECT * FROM {in_quotes(table)}")


def _to_json(value: object) -> Json:
    return {"hex": value.hex()} if isinstance(value, bytes) else cast("Json", value)


def _from_json(value: Json) -> object:
    return bytes.fromhex(cast("str", value["hex"])) if isinstance(value, dict) else value


def _write_database(path: str, database: Mapping[str, Json]) -> None:
    """Replace the contents of a database file in place, so that open connections see the new ones."""
    with closing(sqlite3.connect(":memory:")) as source:
        schema = cast("list[list[str]]", database["schema"])
        for statement in (sql for kind, sql in schema if kind == "table"):
            source.execute(statement)
        for table, rows in cast("dict[str, list[list[Json]]]", database["rows"]).items():
            if table == "sqlite_sequence":
                source.execute("DELETE FROM sqlite_sequence")
            for row in rows:
                marks = ", ".join("?" * len(row))
                source.execute(f"INSERT INTO {in_quotes(table)} VALUES ({marks})", [*map(_from_json, row)])
        for statement in (sql for kind, sql in schema if kind != "table"):
            source.execute(statement)
        source.execute(f"PRAGMA user_version = {int(cast('int', database['user_version']))}")
        source.commit()
        with _locked(path) as target:
            target.rollback()
            source.backup(target)


def _refuse_locked(path: str, content: Json) -> None:
    """Raise CommandError where the content is a database that is locked."""
    if isinstance(content, str) or not os.path.isfile(path):
        return
    try:
        with _locked(path) as target:
            target.rollback()
    except CommandError as error:
        if not is_damaged(error.__cause__):
            raise


@contextmanager
def _locked(path: str) -> Iterator[sqlite3.Connection]:
    """Yield a connection that holds the write lock; raises CommandError where another one does.

    A backup into a locked database would wait without end.
    """
    try:
        with closing(sqlite3.connect(path, timeout=_WAIT)) as target:
            target.execute("BEGIN IMMEDIATE")
            yield target
    except sqlite3.Error as error:
        raise _not_available(path, "reset", error) from error


def _not_available(path: str, action: str, error: sqlite3.Error) -> CommandError:
    return CommandError(
        f"{os.path.basename(path)} cannot be {action}: {error}. Close the connections and open transactions of your "
        "own, or restart the kernel, and run the cell again."
    )


def lesson_of(folder: str) -> str:
    """Return the number of the lesson of a folder such as ``workshop/lesson_2``, N for another folder."""
    number = os.path.basename(folder).removeprefix("lesson_")
    return number if number.isdigit() else "N"


def is_damaged(error: BaseException | None) -> bool:
    """Return whether SQLite says that a file is damaged, or not a database."""
    return getattr(error, "sqlite_errorname", "") in ("SQLITE_NOTADB", "SQLITE_CORRUPT")


def _remove_damaged(path: str) -> None:
    """Remove a file that SQLite cannot open as a database, with what it keeps beside it."""
    if not os.path.isfile(path):
        return
    try:
        with closing(sqlite3.connect(path, timeout=_WAIT)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error as error:
        if is_damaged(error):
            for each in (path, *(f"{path}{ending}" for ending in _BESIDE_DATABASE)):
                with suppress(FileNotFoundError):
                    os.unlink(each)
