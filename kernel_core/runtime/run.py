"""`Run`: what the steps of a run work with."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from sqlalchemy import Connection

from ..ddl import DefaultImpl
from ..script import Script, ScriptDirectory
from ..script.steps import Step
from ..util.exc import CommandError
from .autocommit import autocommits
from .journal.contents import AppliedContents, content_of
from .journal.recorder import Recorder
from .journal.replay import Replay
from .journal.table import Content
from .lock_watch import LockWatch
from .report import OnStep, may_be_late
from .transaction import Transactions
from .version_table import VersionTable

_RETURNS_AT_ONCE = inspect.CO_COROUTINE | inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR
"""The flags of functions whose call only returns an object that would run them."""


@dataclass(frozen=True, slots=True)
class Run:
    """The revisions, the database, its version table and transactions, and the functions to notify.

    ``listener`` gets a `RunEvent` when a step begins, is done, or has failed. ``callbacks`` are those of
    ``on_version_apply``, called as ``callback(step=..., heads=..., run_args=...)`` after each step, in its transaction.
    ``journal`` is None where nothing can be noted; ``replay`` is set if the run finishes an unfinished revision;
    ``remembers`` is True if the content of each file that is applied is noted. ``is_scratch`` is True if the steps only
    go to a scratch database; then nothing is logged. ``lock_watch`` knows what a statement waited for.
    """

    script: ScriptDirectory | None
    impl: DefaultImpl
    version_table: VersionTable
    transactions: Transactions
    listener: OnStep | None = None
    callbacks: tuple[Callable[..., object], ...] = ()
    is_scratch: bool = False
    journal: Recorder | None = None
    replay: Replay | None = None
    lock_watch: LockWatch = field(default_factory=LockWatch)
    remembers: bool = False

    @property
    def as_sql(self) -> bool:
        """Whether the SQL is printed instead of run."""
        return self.impl.as_sql

    @property
    def connection(self) -> Connection | None:
        """The connection; None offline."""
        return self.transactions.connection

    @property
    def borrowed(self) -> bool:
        """Whether the transaction is the caller's."""
        return self.transactions.borrowed

    @property
    def autocommits(self) -> bool:
        """Whether each statement commits by itself; False where the connection is lost."""
        connection = self.connection
        usable = isinstance(connection, Connection) and not connection.closed and not connection.invalidated
        return usable and connection is not None and autocommits(connection)

    @property
    def has_observers(self) -> bool:
        """Whether a listener or callback may read the database between two steps."""
        reads = self.listener is not None and not getattr(self.listener, "only_shows", False)
        return reads or bool(self.callbacks)

    @property
    def may_report_late(self) -> bool:
        """Whether a step may be reported after others have run, too."""
        return may_be_late(self.listener)

    def function(self, step: Step, script: Script | None = None) -> Callable[..., object]:
        """Return ``upgrade`` or ``downgrade`` of the version file; raises CommandError if a call runs nothing.

        ``script`` is the revision of the step, where it is known.
        """
        if script is None:
            assert self.script is not None, "steps come from a script directory"
            script = self.script.get_revision(step.revision_id)
            assert script is not None, "a step has a revision"
        function: Callable[..., object] | None = getattr(script.module, step.direction, None)
        if function is None:
            raise CommandError(f"{script.path} has no function {step.direction}(). Write one.")
        if getattr(getattr(function, "__code__", None), "co_flags", 0) & _RETURNS_AT_ONCE:
            raise CommandError(
                f"{step.direction}() in {script.path} is async or has a yield, so calling it would run nothing of it. "
                "Write a plain function."
            )
        return function

    def content(self, revision: str) -> str:
        """Return the hash of what a version file does, "" without one that can be read."""
        content = self._content(revision)
        return content.tree if content is not None else ""

    def applied_contents(self) -> AppliedContents | None:
        """Return what this run notes of the files that it applies; None where nothing can be noted."""
        if self.journal is None:
            return None
        return AppliedContents(
            self.impl,
            self.journal.table,
            self._content,
            is_enabled=self.remembers,
            autocommits=lambda: self.autocommits,
        )

    def _content(self, revision: str) -> Content | None:
        return content_of(self.script.get_revision(revision)) if self.script is not None else None

    def current_heads(self) -> frozenset[str]:
        """Return the heads in the database, and leave no transaction open."""
        with self.transactions.reading():
            return frozenset(self.version_table.read())

    def revision(self, name: str) -> Script | None:
        """Return the revision with that id; None for an unknown one."""
        return cast("Script | None", self.script.map.known(name)) if self.script is not None else None

    def doc(self, revision: str) -> str:
        """Return the first paragraph of a revision's docstring; "" for an unknown revision."""
        found = self.revision(revision)
        return found.doc if found is not None else ""
