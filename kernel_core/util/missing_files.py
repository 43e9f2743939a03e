"""SQLite files that do not exist: connecting creates them, which a command that changes nothing must not do.

Inside of `without_new_files`, each new connection of this context (its thread, and tasks that copy its context) to such
a file is one to an empty database in memory. The listener for it stays: SQLAlchemy's lists of listeners must not
change while another thread connects.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import URL, Engine, event
from sqlalchemy.engine import Dialect

Creates = bool | Callable[[], bool]
"""Whether files are created, or a function that returns it."""

_active: ContextVar[MissingFiles | None] = ContextVar("active_missing_files", default=None)


@dataclass(slots=True)
class MissingFiles:
    """The files that do not exist, and the places in pools of the connections to an empty database.

    They are created all the same where each of ``creates`` is true, or returns it, and ``only``, if it is not None,
    contains them.
    """

    creates: tuple[Creates, ...] = ()
    only: Collection[str] | None = None
    paths: list[str] = field(default_factory=list)
    records: list[Any] = field(default_factory=list)

    def may_be_created(self, path: str) -> bool:
        """Return whether the file with this real path is created."""
        return (self.only is None or path in self.only) and all(
            each() if callable(each) else each for each in self.creates
        )


@contextmanager
def without_new_files(creates: Creates = False, only: Collection[str] | None = None) -> Iterator[MissingFiles]:
    """Read an empty database in place of a SQLite file that does not exist, inside the block.

    A file is created where ``creates`` is true; a function is not called unless one is missing. Inside of another such
    block, both must be. ``only`` are the real paths of the files that may be created, None for any.

    The paths of such files are listed::

        with without_new_files() as missing, engine.connect() as connection:
            ...
        missing.paths

    Connections that are open at the end of the outermost block are closed: they are not to the file.
    """
    outer = _active.get()
    missing = MissingFiles((creates,), only)
    if outer is not None:
        both = outer.only if only is None else only if outer.only is None else set(only) & set(outer.only)
        missing = replace(outer, creates=(*outer.creates, creates), only=both)
    token = _active.set(missing)
    try:
        yield missing
    finally:
        _active.reset(token)
        for record in missing.records if outer is None else ():
            record.invalidate()


def file_of(database: str) -> str:
    """Return the real path of a SQLite database, "" for one in memory."""
    path, _, query = (
        database.removeprefix("file:").partition("?") if database.startswith("file:") else (database, "", "")
    )
    if path in ("", ":memory:") or "mode=memory" in query:
        return ""
    return os.path.realpath(path)


def is_missing_file(url: URL) -> bool:
    """Return whether a connection to this URL would create a SQLite file."""
    return url.get_backend_name() == "sqlite" and bool(_path_to_create(url.database or ""))


def _path_to_create(database: str) -> str:
    """Return the path of the file that SQLite would create for a database; "" where there is one, or it cannot."""
    path = file_of(database)
    if not path or os.path.exists(path) or not os.path.isdir(os.path.dirname(path)) or _only_existing(database):
        return ""
    return path


def _connect(dialect: Dialect, record: Any, cargs: Any, cparams: Any) -> Any:
    """Return a connection to an empty database in place of a missing file; None to connect as always."""
    missing = _active.get()
    if missing is None or dialect.name != "sqlite":
        return None
    database = str(cargs[0]) if cargs else str(cparams.get("database") or "")
    path = _path_to_create(database)
    if not path or missing.may_be_created(path):
        return None
    if path not in missing.paths:
        missing.paths.append(path)
    missing.records.append(record)
    options = {name: value for name, value in cparams.items() if name not in ("uri", "database")}
    return dialect.connect(":memory:", *cargs[1:], **options)


def _only_existing(database: str) -> bool:
    """Return whether a ``file:`` URI opens no file that does not exist: https://sqlite.org/uri.html."""
    return database.startswith("file:") and re.search(r"[?&]mode=(ro|rw)(&|$)", database) is not None


event.listen(Engine, "do_connect", _connect)
