"""Clone a SQLite database by its backup API, which reads a consistent state and locks nobody out while it waits.

https://sqlite.org/backup.html
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ...util.exc import CommandError
from ...util.folders import shown_path
from ...util.missing_files import file_of
from .base import SLOW, Clone, CloneOptions
from .names import leftovers, new_names
from .sampling import reduce_to_sample
from .source import Source

_SPARE = 1.1


@contextmanager
def sqlite_clone(source: Source, live: Any, options: CloneOptions) -> Iterator[Clone]:
    """Yield the clone of a database; ``live`` is the driver's connection to it, which is only read."""
    if not hasattr(live, "backup"):
        raise CommandError("This driver of SQLite cannot copy a database, so nothing was run.")
    remove_leftovers()
    name, _ = new_names()
    folder = os.path.join(tempfile.gettempdir(), name)
    os.mkdir(folder, 0o700)
    try:
        size = _size(live)
        _refuse_without_space(size, folder)
        if size > SLOW:
            options.on_progress(f"copying {os.path.basename(source.database)} ({size // 1_000_000} MB)")
        yield _made(source, live, folder, options)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _made(source: Source, live: Any, folder: str, options: CloneOptions) -> Clone:
    base = os.path.basename(file_of(source.database)) or "memory.db"
    before, after = (os.path.join(folder, part, base) for part in ("before", "clone"))
    for path in (before, after):
        os.mkdir(os.path.dirname(path), 0o700)
    engine = source.engine(before)
    with engine.connect() as copy:
        driver: Any = copy.connection.driver_connection
        live.backup(driver)
        driver.execute("PRAGMA journal_mode = DELETE").close()
        full_rows = reduce_to_sample(copy, options) if not options.takes_all else {}
    shutil.copyfile(before, after)
    path = file_of(source.database)
    is_missing = bool(path) and not os.path.exists(path)
    notes = (f"{shown_path(path)} does not exist yet: an empty one was copied instead",) if is_missing else ()
    return Clone(source, engine, source.engine(after), "backup", notes, full_rows)


def _size(live: Any) -> int:
    """Return the size of a database in bytes."""
    cursor = live.cursor()
    size = cursor.execute("PRAGMA page_count").fetchone()[0] * cursor.execute("PRAGMA page_size").fetchone()[0]
    cursor.close()
    return int(size)


def _refuse_without_space(size: int, folder: str) -> None:
    """Raise CommandError where the folder has no room for two copies."""
    free, needed = shutil.disk_usage(folder).free, int(2 * size * _SPARE)
    if needed > free:
        raise CommandError(
            f"A rehearsal needs {needed // 1_000_000} MB in {os.path.dirname(folder)}, "
            f"which has {free // 1_000_000} MB. Set TMPDIR to a folder with more room. Nothing was run."
        )


def remove_leftovers() -> tuple[str, ...]:
    """Delete the clones of processes that were killed, and return their names."""
    folder = tempfile.gettempdir()
    gone = leftovers(os.listdir(folder))
    for name in gone:
        shutil.rmtree(os.path.join(folder, name), ignore_errors=True)
    return gone
