"""The chain on one database, where nothing goes wrong: what the runs that are killed or interrupted are compared with."""

from __future__ import annotations

import time
from functools import cached_property
from typing import Any

from chain import CHAIN
from databases import Database, Fingerprint
from runs import Ended, ForkServer, Run

Verb = tuple[str, str]
UP: Verb = ("upgrade", "head")
DOWN: Verb = ("downgrade", "base")


class CleanRuns:
    """The number of driver calls, the seconds and the fingerprint after a run that nobody disturbed, up and down."""

    def __init__(self, server: ForkServer, ini: str, database: Database) -> None:
        self.server, self.ini, self.database = server, ini, database
        self.calls: dict[Verb, tuple[str, ...]] = {}
        self.seconds: dict[Verb, float] = {}
        self.after: dict[Verb, Fingerprint] = {}
        database.empty()
        for verb in (UP, DOWN):
            began = time.monotonic()
            self.calls[verb] = self.succeed(*verb).calls
            self.seconds[verb] = time.monotonic() - began
            self.after[verb] = database.fingerprint()

    @cached_property
    def between(self) -> dict[Verb, dict[str, Fingerprint]]:
        """The fingerprint at each revision, on both ways; "base" is the name of the lower end."""
        found: dict[Verb, dict[str, Fingerprint]] = {UP: {}, DOWN: {}}
        self.database.empty()
        found[UP]["base"] = self.database.fingerprint()
        for verb, step in ((UP, "+1"), (DOWN, "-1")):
            for _ in CHAIN:
                self.succeed(verb[0], step)
                found[verb]["".join(self.database.heads()) or "base"] = self.database.fingerprint()
        found[DOWN][CHAIN[-1].name] = self.after[UP]
        return found

    def start(self, *verb: str, **kw: Any) -> Run:
        """Start a command."""
        return self.server.start(["-c", self.ini, *verb], self.database.url, **kw)

    def succeed(self, *verb: str) -> Ended:
        """Run a command that must not fail."""
        ended = self.start(*verb).wait()
        assert ended.status == 0, ended.printed
        return ended

    def prepare(self, verb: Verb) -> None:
        """Make the database as it is before a run: empty, or at the head."""
        self.database.empty()
        if verb == DOWN:
            self.succeed(*UP)
