"""Whether the order of two heads matters, as far as their files show it; nothing is run."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from sqlalchemy.engine import Dialect

from kernel_core.commuting import Commutation, check
from kernel_core.script import Script, ScriptDirectory
from kernel_core.util.exc import CommandError

LONGEST = 2000
"""In a history of more revisions the plan of an upgrade does not compare the sides of a merge."""


def checks_from_files(scripts: ScriptDirectory, heads: Sequence[str], dialect: Dialect) -> Iterator[Commutation]:
    """Yield the check of each pair of heads that is possible without running a file."""
    for pair in itertools.combinations(heads, 2):
        try:
            yield check(scripts, *pair, dialect=dialect, may_run=False)
        except CommandError:
            continue  # one is an ancestor of the other, or a file cannot be read, which the run reports


def merge_notes(scripts: ScriptDirectory, steps: Sequence[Script], dialect: Dialect) -> tuple[str, ...]:
    """Return a sentence for each merge in a plan whose sides do not commute."""
    if len(scripts.map) > LONGEST:
        return ()
    return tuple(
        f"the order matters: {found.sentence} %mig_merge {' '.join(found.heads)} --check has the details"
        for script in steps
        if script.is_merge_point
        for found in checks_from_files(scripts, script.down_revisions, dialect)
        if found.verdict == "conflict"
    )
