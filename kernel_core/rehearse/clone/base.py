"""A clone: a copy of a database as it was, and one on which a run may do what it does."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from sqlalchemy import Engine

from ...util.exc import CommandError
from .source import Source


@dataclass(frozen=True, slots=True)
class CloneOptions:
    """What is copied: ``sample`` rows of each table at most (None: all), or with ``schema_only`` none.

    ``on_progress`` receives a sentence whenever a further part is copied.
    """

    sample: int | None = None
    schema_only: bool = False
    on_progress: Callable[[str], object] = field(default=lambda _: None)

    @property
    def takes_all(self) -> bool:
        """Whether every row is copied."""
        return self.sample is None and not self.schema_only


Method = Literal["backup", "template", "pg_dump", "catalog", "copied tables"]

SLOW = 20_000_000
"""From this size in bytes on, it is said what is being copied."""


@dataclass(frozen=True, slots=True)
class Clone:
    """A clone of ``source``: ``before`` keeps the original data, ``after`` is what the run changes.

    ``notes`` are sentences about what was not copied. ``method`` says how it was copied. ``full_rows`` has the number
    of rows of each table of the source where a sample was taken, by (schema, table). ``copied_at`` is the number of a
    transaction of PostgreSQL that comes after the copying and before the run, modulo 2**32. ``other_databases`` are the
    names of the databases of a MariaDB server that a statement on the clone can name: all but the clone.
    """

    source: Source
    before: Engine
    after: Engine
    method: Method
    notes: tuple[str, ...] = ()
    full_rows: dict[tuple[str, str], int] = field(default_factory=dict)
    copied_at: int | None = None
    other_databases: frozenset[str] = frozenset()

    @property
    def kind(self) -> str:
        """The kind of database."""
        return self.source.kind

    @property
    def database(self) -> str:
        """The name or the file of the database on which the run happens."""
        return str(self.after.url.database)


def refuse_without_room(folder: str, size: int) -> None:
    """Raise CommandError where a folder on this machine has no room for two copies of ``size`` bytes."""
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        return
    if 2 * size > free:
        raise CommandError(
            f"A rehearsal needs {2 * size // 1_000_000} MB on the server, which has {free // 1_000_000} MB. "
            "Take a sample: --sample 1000 (sample=1000). Nothing was run."
        )
