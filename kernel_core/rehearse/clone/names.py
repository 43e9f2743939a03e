"""The names of clones, names in quotes, and which tables a sample leaves whole."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable

from ...util.process_names import Maker, process_name
from ...util.process_names import maker_of as maker_in

PREFIX = "mig_rehearsal"


def new_names() -> tuple[str, str]:
    """Return the names of a new pair: the copy of the data as it was, and the clone on which the run happens.

    Both are at most 63 characters long, the limit of PostgreSQL; MariaDB allows 64.
    """
    number = secrets.token_hex(2)
    return process_name(PREFIX, f"{number}_before"), process_name(PREFIX, f"{number}_clone")


def maker_of(name: str) -> Maker | None:
    """Return the process that made a clone, None for a name that is not a clone's."""
    return maker_in(name, PREFIX)


def leftovers(names: Iterable[str]) -> tuple[str, ...]:
    """Return those of the names whose clones were left by killed processes of this host."""
    return tuple(name for name in names if (maker := maker_of(name)) is not None and maker.has_ended)


def is_kept_whole(table: str, columns: Collection[str]) -> bool:
    """Return whether a table belongs to the runs themselves: a version table, or its journal. No sample is taken."""
    return "version_num" in columns or table.endswith("_journal")
