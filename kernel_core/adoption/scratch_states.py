"""The schema at places whose revisions cannot be followed: they are run on a scratch database, which is reflected."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, MetaData

from ..operations.containers import UpgradeOps
from ..operations.operation import MigrateOperation
from ..operations.schema_state import SchemaState
from ..runtime.migration import MigrationContext
from ..schema import state_of
from ..schema.reading import comparing, database_of, reflected
from ..schema.running import refuse_other_databases
from ..schema.scratch import kind_of, without_log
from ..script import ScriptDirectory
from ..script.steps import Step, upgrade_steps
from ..util.exc import CommandError, UnknownEffect
from .baseline import baseline_of
from .candidate import Heads, ScratchUse
from .confirmed import Effect, confirmed_statements
from .follow import follow

Scratch = Callable[[], AbstractContextManager[Connection]]
"""Gives an empty database, which is removed afterwards; raises CommandError if that is not possible."""

MOST_DATABASES = 40
"""How many scratch databases are made; one serves all places that follow each other."""

_OF_COMPARISON = (
    "autogenerate_plugins",
    "compare_server_default",
    "compare_type",
    "include_name",
    "include_object",
    "include_schemas",
    "target_metadata",
    "user_module_prefix",
    "version_table",
)
"""The options of ``env.py`` that decide on what is read."""


@dataclass(frozen=True, slots=True)
class Reflected:
    """What a scratch database has: the operations that create it, and the effects of those that are SQL."""

    operations: tuple[MigrateOperation, ...]
    effects: Mapping[str, Effect]

    def has_schema_of(self, other: Reflected | None) -> bool:
        """Return whether both have the same tables, columns, keys and indexes, as far as autogenerate reads them."""
        return other is not None and [each.to_json() for each in self.operations] == [
            each.to_json() for each in other.operations
        ]


class ScratchStates:
    """The states of places that were run; ``use`` says which revisions were, and why others were not."""

    def __init__(self, scripts: ScriptDirectory, context: MigrationContext, scratch: Scratch) -> None:
        self._scripts, self._scratch = scripts, scratch
        self._opts = {name: context.opts[name] for name in _OF_COMPARISON if name in context.opts}
        self._dialect = context.dialect
        self._stack = ExitStack()
        self._live: MigrationContext | None = None
        self._applied, self._made = 0, 0
        self._failed: list[tuple[int, str]] = []
        self._last: tuple[int, Reflected] | None = None
        self._ran: dict[str, None] = {}
        self._where = self._why_not = ""

    def __enter__(self) -> ScratchStates:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    @property
    def use(self) -> ScratchUse:
        """What was run and read, and what was not."""
        problems = [*dict.fromkeys(reason for _, reason in self._failed), *([self._why_not] if self._why_not else [])]
        return ScratchUse(self._where, tuple(self._ran), tuple(problems))

    def after(
        self, before: tuple[Heads, int], place: tuple[Heads, int], revision: str, start: SchemaState, *, is_known: bool
    ) -> SchemaState | None:
        """Return the state after ``revision`` was run, None where that was not possible.

        ``before`` and ``place`` are heads with the bits of what is applied. It is ``start``, the state before, where
        that ``is_known`` and the revision left the schema as it was.
        """
        if self._why_not or any(failed & place[1] == failed for failed, _ in self._failed):
            return None
        try:
            earlier = self._reflected(*before) if is_known else None
            found = self._reflected(*place)
            state = start if found.has_schema_of(earlier) else _state(found, start)
        except _NotRun as error:
            self._failed.append((error.applied, str(error)))
            return None
        except (CommandError, UnknownEffect) as error:
            self._failed += [] if self._why_not else [(place[1], f"{revision}: {error}")]
            return None
        self._ran.setdefault(revision)
        return state

    def _reflected(self, heads: Heads, applied: int) -> Reflected:
        if self._last is None or self._last[0] != applied:
            context = self._upgraded(heads, applied)
            database = database_of(comparing(context, MetaData()))
            effects = confirmed_statements(database, reflected(database))
            self._last = applied, Reflected(tuple(baseline_of(context).operations.leaves()), effects)
            if context.connection is not None and context.connection.in_transaction():
                context.connection.rollback()
        return self._last[1]

    def _upgraded(self, heads: Heads, applied: int) -> MigrationContext:
        """Return the context of a scratch database at a place, a new one unless the last one can be upgraded to it."""
        if self._live is None or self._applied & ~applied:
            self._close()
            self._live = self._opened()
            self._applied = 0

        def plan(current: tuple[str, ...], context: MigrationContext) -> tuple[Step, ...]:
            return upgrade_steps(self._scripts.map, frozenset(current), heads)

        assert self._live.connection is not None, "a scratch database has a connection"
        runner = MigrationContext.configure(
            self._live.connection, opts={**self._opts, "script": self._scripts, "fn": plan}
        )
        try:
            with without_log():
                runner.run_migrations() if heads else None
        except Exception as error:
            where = self._where
            self._close()
            raise _NotRun(f"{' and '.join(heads)} does not run on {where}: {_short(error)}", applied) from error
        if self._live.connection.in_transaction():
            self._live.connection.commit()
        self._applied = applied
        return self._live

    def _opened(self) -> MigrationContext:
        self._made += 1
        if self._made > MOST_DATABASES:
            self._why_not = f"more than {MOST_DATABASES} scratch databases would be needed"
            raise CommandError(self._why_not)
        try:
            if self._dialect.name in ("mysql", "mariadb"):
                refuse_other_databases(self._scripts, self._dialect)
            connection = self._stack.enter_context(self._scratch())
        except CommandError as error:
            self._why_not = str(error)
            raise
        self._where = kind_of(connection)
        return MigrationContext.configure(connection, opts=dict(self._opts))

    def _close(self) -> None:
        self._stack.close()
        self._stack, self._live, self._last = ExitStack(), None, None


class _NotRun(Exception):
    """The revisions up to a place do not run; ``applied`` are the bits of the place."""

    def __init__(self, message: str, applied: int) -> None:
        super().__init__(message)
        self.applied = applied


def _state(found: Reflected, like: SchemaState) -> SchemaState:
    """Return the state of what was read, with the dialect and the naming convention of another state."""
    state = state_of(None, like.dialect)
    state.convention = copy.copy(like.convention)
    for operation in UpgradeOps(list(found.operations)).leaves():
        follow(operation, state, found.effects)
    return state


def _short(error: Exception) -> str:
    cause: Any = error if isinstance(error, CommandError) else getattr(error, "orig", None) or error
    return " ".join(str(cause).split())[:300]
