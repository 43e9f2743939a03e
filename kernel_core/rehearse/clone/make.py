"""Make the clone of a database of any kind."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

from ...util.exc import CommandError
from ...util.missing_files import file_of
from .base import Clone, CloneOptions
from .mariadb import mariadb_clone
from .postgresql import postgresql_clone
from .source import Source
from .sqlite import sqlite_clone


def clone_of(source: Source, live: Any, options: CloneOptions) -> AbstractContextManager[Clone]:
    """Yield a clone of a database, which is removed at the end of the block.

    ``live`` is a driver's connection to the database, or None to open one. Raises CommandError where the database is of
    a kind that cannot be cloned, or a right or room is missing, with the remedy.
    """
    if options.sample is not None and options.sample < 1:
        raise CommandError(
            f"--sample {options.sample} takes no row. Give a number from 1, or --schema-only (schema_only=True)."
        )
    if source.kind == "sqlite":
        return _of_sqlite(source, live, options)
    if source.kind == "postgresql":
        return postgresql_clone(source, options)
    if source.kind == "mariadb":
        return mariadb_clone(source, options)
    raise CommandError(
        f"A database of {source.dialect.name} cannot be cloned here, so nothing was run. "
        "Restore a backup of it into a second database, and upgrade that one."
    )


@contextmanager
def _of_sqlite(source: Source, live: Any, options: CloneOptions) -> Iterator[Clone]:
    with ExitStack() as stack:
        opened = live
        if opened is None:
            opened = _opened(source)
            stack.callback(opened.close)
        yield stack.enter_context(sqlite_clone(source, opened, options))


def _opened(source: Source) -> Any:
    """Return a connection to a SQLite file; an empty database for one that does not exist: none is created."""
    path = file_of(source.database)
    if not os.path.exists(path):
        return sqlite3.connect(":memory:")
    if source.dialect.is_async:
        return sqlite3.connect(path)
    return source.dialect.connect(*source.args, **source.options)
