"""The chain on one database, where nothing goes wrong: what the runs that are killed or interrupted are compared with."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from chain import CHAIN
from databases import Database, Fingerprint
from runs import Ended, ForkServer, Run

Verb = tuple[str, str]
UP: Verb = ("upgrade", "head")
DOWN: Verb = ("downgrade", "base")


Known = dict[tuple[str, str, str], Any]
"""What was measured before, by ini file, kind of database, and name."""

AtEachRevision = dict[Verb, dict[str, Fingerprint]]
"""By verb and revision; "base" is the name of the lower end."""


class CleanRuns:
    """The number of driver calls, the seconds and the fingerprint after a run that nobody disturbed, up and down.

    What an environment leaves on one kind of database is measured once for all tests that share ``known``.
    """

    def __init__(self, server: ForkServer, ini: str, database: Database, known: Known | None = None) -> None:
        self.server, self.ini, self.database = server, ini, database
        self._known = {} if known is None else known
        self._file_at_head: bytes | None = None
        self.calls, self.seconds, self.after = self._once("ends", self._ends)

    @property
    def between(self) -> AtEachRevision:
        """The fingerprint at each revision, on both ways."""
        return self._once("between", self._at_each_revision)[0]

    @property
    def catalogs(self) -> AtEachRevision:
        """The catalog at each revision, on both ways, as `Database.catalog` gives it; "head" is the upper end as well."""
        return self._once("between", self._at_each_revision)[1]

    def _once(self, name: str, measure: Callable[[], Any]) -> Any:
        key = self.ini, self.database.kind, name
        if key not in self._known:
            self._known[key] = measure()
        return self._known[key]

    def _ends(self) -> tuple[dict[Verb, tuple[str, ...]], dict[Verb, float], dict[Verb, Fingerprint]]:
        calls, seconds, after = {}, {}, {}
        self.database.empty()
        for _ in range(2):  # a busy machine may take ten times as long once: most moments would be after the end
            for verb in (UP, DOWN):
                began = time.monotonic()
                calls[verb] = self.succeed(*verb).calls
                seconds[verb] = min(time.monotonic() - began, seconds.get(verb, float("inf")))
                after[verb] = self.database.fingerprint()
        return calls, seconds, after

    def _at_each_revision(self) -> tuple[AtEachRevision, AtEachRevision]:
        found: AtEachRevision = {UP: {}, DOWN: {}}
        catalogs: AtEachRevision = {UP: {}, DOWN: {}}
        here = self.database
        here.empty()
        found[UP]["base"], catalogs[UP]["base"] = here.fingerprint(), here.catalog()
        for verb, step in ((UP, "+1"), (DOWN, "-1")):
            for _ in CHAIN:
                self.succeed(verb[0], step)
                at = "".join(here.heads()) or "base"
                found[verb][at], catalogs[verb][at] = here.fingerprint(), here.catalog()
        head = CHAIN[-1].name
        found[DOWN][head] = self.after[UP]
        catalogs[DOWN][head] = catalogs[UP]["head"] = catalogs[UP][head]
        return found, catalogs

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
        if verb == UP:
            return
        if self._file_at_head is not None:
            self.database.path.write_bytes(self._file_at_head)
            return
        self.succeed(*UP)
        if self.database.kind == "sqlite":  # a copy of the file takes less time than an upgrade
            self._file_at_head = self.database.path.read_bytes()
