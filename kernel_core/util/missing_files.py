"""SQLite files that do not exist: connecting creates them, which a command that only reads must not do.

Inside of `without_new_files`, each new connection of this context (its thread, and tasks that copy its context) to such
a file is one to an empty database in memory.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.engine import Dialect

_active: ContextVar[MissingFiles | None] = ContextVar("active_missing_files", default=None)


@dataclass(slots=True)
class MissingFiles:
    """The files that do not exist, and the places in pools of the connections to an empty database."""

    paths: list[str] = field(default_factory=list)
    records: list[Any] = field(default_factory=list)


@contextmanager
def without_new_files() -> Iterator[MissingFiles]:
    """Read an empty database in place of a SQLite file that does not exist, inside the block.

    The paths of such files are listed::

        with without_new_files() as missing, engine.connect() as connection:
            ...
        missing.paths

    Connections that are open at the end of the outermost block are closed: they are not to the file.
    """
    outer = _active.get()
    if outer is not None:
        yield outer
        return
    missing = MissingFiles()
    token = _active.set(missing)
    event.listen(Engine, "do_connect", _connect)
    try:
        yield missing
    finally:
        event.remove(Engine, "do_connect", _connect)
        _active.reset(token)
        for record in missing.records:
            record.invalidate()


def file_of(database: str) -> str:
    """Return the real path of a SQLite database, "" for one in memory."""
    path, _, query = (
        database.removeprefix("file:").partition("?") if database.startswith("file:") else (database, "", "")
    )
    if path in ("", ":memory:") or "mode=memory" in query:
        return ""
    return os.path.realpath(path)


def _connect(dialect: Dialect, record: Any, cargs: Any, cparams: Any) -> Any:
    """Return a connection to an empty database in place of a missing file; None to connect as always."""
    missing = _active.get()
    if missing is None or dialect.name != "sqlite":
        return None
    database = str(cargs[0]) if cargs else str(cparams.get("database") or "")
    path = file_of(database)
    if not path or os.path.exists(path) or not os.path.isdir(os.path.dirname(path)) or _only_existing(database):
        return None
    if path not in missing.paths:
        missing.paths.append(path)
    missing.records.append(record)
    options = {name: value for name, value in cparams.items() if name not in ("uri", "database")}
    return dialect.connect(":memory:", *cargs[1:], **options)


def _only_existing(database: str) -> bool:
    """Return whether a ``file:`` URI opens no file that does not exist: https://sqlite.org/uri.html."""
    return database.startswith("file:") and re.search(r"[?&]mode=(ro|rw)(&|$)", database) is not None
