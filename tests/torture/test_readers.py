"""Commands that only read never fail while other processes upgrade, downgrade, are killed, resume and abandon."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import rows
from clean_runs import CleanRuns
from recovery import disturb
from runs import Ended
from scale import scaled

pytestmark = pytest.mark.torture

ROUNDS = 50
READERS = 2


@contextmanager
def read_meanwhile(clean: CleanRuns, ended: Path) -> Iterator[list[Ended]]:
    """Let processes read during the block; how they ended is in the list then."""
    ended.unlink(missing_ok=True)
    readers = [
        clean.server.start(["-c", clean.ini, str(ended)], clean.database.url, way="reading") for _ in range(READERS)
    ]
    found: list[Ended] = []
    try:
        yield found
    finally:
        ended.touch()
        found += [each.wait() for each in readers]


def test_a_command_that_reads_does_not_fail_while_others_run(blocks, tmp_path, tally):
    moments = random.Random(14)
    blocks.database.empty()
    for number in range(scaled(ROUNDS)):
        with read_meanwhile(blocks, tmp_path / "ended") as readers:
            disturb(blocks, moments)
        for each in readers:
            last = re.search(r"^(\d+) commands$", each.printed, re.MULTILINE)
            wrong = each.printed if each.status or "Traceback" in each.printed or last is None else ""
            tally.add(wrong and f"round {number}: {wrong}", int(last[1]) if last is not None else 1)
    tally.done(rows.READERS, blocks.database.kind)
