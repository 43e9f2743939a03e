"""`MigrationContext`: one database, its current revision, and the runs on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, TypeAlias

from sqlalchemy import URL, Connection, Dialect
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.elements import ClauseElement

from ..ddl import DefaultImpl
from ..ddl.sqlite import SQLiteImpl
from ..operations import Operations
from ..script import ScriptDirectory
from ..script.steps import AnyStep, StampStep, stamp_steps
from ..script.steps import Step as RevisionStep
from ..util.exc import CommandError
from ..util.logs import Log
from ..util.secrets import mask_url
from .execution import Execution
from .heads import after, as_text
from .journal.contents import remembers
from .journal.recorder import Recorder
from .journal.replay import Replay, Resume
from .journal.state import JournalState
from .journal.table import JournalTable, Unfinished
from .journal.undo import Abandoned
from .lock_settings import LockSettings
from .lock_watch import LockWatch, watched
from .notices import announce
from .offline import OfflineExecution
from .recovery import abandoned, resumed
from .report import RunReport
from .run import Run
from .run_journal import RunJournal
from .run_lock import HeldLock, lock_of, locked
from .scratch import scratch_of
from .script_output import script_output
from .settings import Environment, Settings
from .step_info import MigrationInfo, callbacks_of
from .target import dialect_of
from .transaction import Transactions
from .version_table import DEFAULT_NAME, VersionTable

__all__ = ["MigrationContext", "MigrationInfo", "MigrationStep", "RevisionStep", "StampStep"]

MigrationStep = AnyStep
Statement: TypeAlias = Executable | ClauseElement | str
"""What `MigrationContext.execute` takes."""

log = Log("runtime.migration")


class MigrationContext:
    """A database (offline only its dialect), its version table, and the runs on it.

        context = MigrationContext.configure(connection)
        context.get_current_heads()

    ``opts`` are those of ``context.configure()`` in ``env.py``. By default each revision has its own transaction;
    ``transaction_per_migration=False`` makes it one for the whole run. A connection that is already in a transaction
    stays in it (``borrowed`` is True): its caller must commit. On SQLite and PostgreSQL small revisions that only
    change the schema are committed together (`group`).
    """

    def __init__(
        self,
        dialect: Dialect,
        connection: Connection | None,
        opts: Mapping[str, Any],
        environment_context: Environment | None = None,
    ) -> None:
        self.environment_context = environment_context
        self.opts = dict(opts)
        self.dialect = dialect
        self.script: ScriptDirectory | None = self.opts.get("script")
        self.as_sql = bool(self.opts.get("as_sql"))
        self.connection = None if self.as_sql else connection
        self.output_buffer = script_output(self.opts.get("output_buffer"), self.opts.get("output_encoding"))
        implementation = DefaultImpl.get_by_dialect(dialect)
        self.on_version_apply_callbacks = callbacks_of(self.opts.get("on_version_apply"))
        chosen = self.opts.get("transactional_ddl")
        self.impl = implementation(dialect, self.connection, self.as_sql, chosen, self.output_buffer, self.opts)
        table = self.impl.version_table_impl(
            version_table=self.opts.get("version_table") or DEFAULT_NAME,
            version_table_schema=self.opts.get("version_table_schema"),
            version_table_pk=self.opts.get("version_table_pk", True),
        )
        self.version_rows = VersionTable(self.impl, table)
        has_journal = type(self.impl).has_journal and not self.as_sql
        self._recorder = Recorder(self.impl, JournalTable(self.impl, table)) if has_journal else None
        one_for_all = self.opts.get("transaction_per_migration") is False and self.impl.transactional_ddl
        self.transactions = Transactions(self.impl, self.connection, one_for_all=one_for_all)
        self._journal = RunJournal(self._recorder, self.connection, self.version_rows, self.transactions, self.script)
        self._execution: Execution | None = None
        self.abandoned: Abandoned | None = None
        """What a run that abandons an unfinished revision has undone."""
        self._lock_watch = LockWatch()

    @classmethod
    def configure(
        cls,
        connection: Connection | None = None,
        url: str | URL | None = None,
        dialect_name: str | None = None,
        dialect: Dialect | None = None,
        environment_context: Environment | None = None,
        dialect_opts: Mapping[str, Any] | None = None,
        opts: Mapping[str, Any] | None = None,
    ) -> MigrationContext:
        """Return the context for a connection; offline one of ``url``, ``dialect_name`` and ``dialect`` is enough.

        Raises CommandError if none is given, or if ``connection`` is not a Connection.
        """
        dialect = dialect_of(connection, url, dialect_name, dialect, dialect_opts)
        context = cls(dialect, connection, opts or {}, environment_context)
        if context.as_sql and isinstance(context.impl, SQLiteImpl) and not context.opts.get("is_scratch"):
            context.impl.scratch = scratch_of(context, connection, url)
        return context

    # ---- the database -------------------------------------------------------------------------------------------

    @property
    def bind(self) -> Any:
        """The connection; offline one that prints what it executes, and returns no rows."""
        return self.impl.bind

    @property
    def borrowed(self) -> bool:
        """Whether the connection was already in a transaction, which its caller ends."""
        return self.transactions.borrowed

    @property
    def version_table(self) -> str:
        """The name of the version table, ``alembic_version`` unless it was configured."""
        return self.version_rows.table.name

    @property
    def version_table_schema(self) -> str | None:
        """The schema of the version table, None for the default one."""
        return self.version_rows.table.schema

    @property
    def transactional_ddl(self) -> bool:
        """Whether a rollback undoes changes of the schema too."""
        return self.impl.transactional_ddl

    @property
    def config(self) -> Settings | None:
        """The Config of the environment, None without an environment."""
        return self.opts.get("config") or getattr(self.environment_context, "config", None)

    @property
    def target(self) -> str:
        """The database's URL with its secrets masked; the dialect's name offline."""
        url = getattr(getattr(self.connection, "engine", None), "url", None)
        return self.dialect.name if url is None else mask_url(url)

    @property
    def report(self) -> RunReport:
        """What the last run did, also if it failed."""
        if self._execution is None:
            return RunReport(target=self.target)
        before, after = (tuple(sorted(heads)) for heads in (self._execution.before, self._execution.heads))
        return RunReport(tuple(self._execution.done), before, after, target=self.target)

    @property
    def has_run(self) -> bool:
        """Whether `run_migrations` was called."""
        return self._execution is not None

    def get_current_revision(self) -> str | None:
        """Return the current revision of the database, None for base; raises CommandError if there are several."""
        heads = self.get_current_heads()
        if len(heads) > 1:
            raise CommandError(f"The database is at several revisions: {as_text(heads)}. Use get_current_heads().")
        return heads[0] if heads else None

    def get_current_heads(self) -> tuple[str, ...]:
        """Return the current revisions of the database, () for base; offline those of ``starting_rev``.

        Writes nothing, and leaves no transaction open.
        """
        if self.as_sql:
            return self._starting_heads()
        if self.opts.get("starting_rev") is not None:
            raise CommandError("starting_rev is for offline mode; with a connection the database itself is read.")
        with self.transactions.reading():
            return self.version_rows.read()

    def _starting_heads(self) -> tuple[str, ...]:
        start = self.opts.get("starting_rev")
        if start is None or self.script is None:
            return () if start in (None, "base") else (str(start),)
        return tuple(self.script.map.resolve(start))

    # ---- running ------------------------------------------------------------------------------------------------

    def run_migrations(self, **kw: object) -> None:
        """Run the steps that the plan (``opts["fn"]``) returns; ``kw`` is passed on to each ``upgrade()``.

        Raises UpgradeFailed where a revision fails: it is rolled back, those before it stay (unless all share one
        transaction).
        """
        self._log_dialect()
        self.transactions.notice_block()
        self.impl.start_migrations()
        settings = LockSettings.of(self.opts, self.config)
        with watched(self.connection, self.impl, settings) as self._lock_watch, self._locked(settings) as lock:
            execution = self._planned()
            if not execution.steps and (self.opts.get("dont_mutate") or self._journal.noted() is None):
                return
            self.transactions.settle()
            # Another run may have ended after the heads were read and before the lock was acquired.
            if lock.wait():
                self._know(lock.found)
                if "resume" in self.opts or frozenset(self.get_current_heads()) != execution.before:
                    execution = self._planned()
            if "abandon" in self.opts:
                self.abandoned = abandoned(self._journal, self.opts["abandon"], kw, self._run, self)
                return
            if "resume" not in self.opts:
                self._journal.refuse_unfinished()
            if execution.steps:
                announce(execution.steps, self.connection, self._journal, self.config)
                closed = self._journal.closed(lambda: execution.notes_contents)
                with closed, Operations.context(self), self.begin_transaction():
                    execution.execute(kw, is_locked=lock.is_held)

    @contextmanager
    def _locked(self, settings: LockSettings) -> Iterator[HeldLock]:
        """Hold the run lock; until then and during the block, what it found of the tables is not queried again."""
        settings = replace(settings, enabled=settings.enabled and not self.opts.get("dont_mutate"))
        looks_for = (self._recorder.table.name,) if self._recorder is not None else ()
        try:
            with locked(self.impl, self.connection, self.version_rows.table, looks_for, settings) as lock:
                self._know(lock.found)
                yield lock
        finally:
            self._know(None)

    def _know(self, tables: frozenset[str] | None) -> None:
        """Take note of which tables exist; None where that is not known any more."""
        self.version_rows.know(tables)
        if self._recorder is not None:
            self._recorder.table.know(tables)

    def _planned(self) -> Execution:
        """Read the current heads and return the execution of the steps that are planned from there."""
        before = frozenset(self.get_current_heads())
        resume: Resume | None = self.opts.get("resume")
        if resume is not None or "abandon" in self.opts:
            self._see_unfinished()
        with self.transactions.only_reading():
            steps = self._plan(before)
        if resume is None:
            execution = (OfflineExecution if self.as_sql else Execution)(self._run(), steps, before)
        else:
            execution = resumed(self._journal, before, resume, self._run)
        self._execution = execution
        return execution

    # ---- a revision that was stopped half-way -------------------------------------------------------------------

    def _see_unfinished(self) -> None:
        """Add the file of the unfinished revision to the environment: a squashed one may replace it by now."""
        unfinished = self._journal.noted()
        if unfinished is not None and isinstance(self.script, ScriptDirectory):
            self.script.also_see(unfinished.revision)

    def unfinished(self) -> Unfinished | None:
        """Return the revision of which a part was committed before its run was stopped; None if there is none.

        While another process runs a revision, this is the one that it runs.
        """
        return self._journal.unfinished()

    def journal_state(self) -> JournalState:
        """Return what the journal says: the revision that is unfinished or running, and the applied files that differ.

        Writes nothing.
        """
        return self._journal.state(self.is_locked)

    def is_locked(self) -> bool:
        """Return whether another run on this version table holds the run lock now; False where there is none."""
        with self.transactions.only_reading():
            lock = lock_of(self.impl, self.connection, self.version_rows.table)
            return lock is not None and lock.is_held()

    def _run(self, replay: Replay | None = None) -> Run:
        is_scratch = bool(self.opts.get("is_scratch"))
        listener = None if is_scratch else getattr(self.config, "attributes", {}).get("on_step")
        callbacks = tuple(partial(callback, ctx=self) for callback in self.on_version_apply_callbacks)
        return Run(
            self.script,
            self.impl,
            self.version_rows,
            self.transactions,
            listener,
            callbacks,
            is_scratch,
            self._recorder,
            replay,
            self._lock_watch,
            remembers=not is_scratch and self._recorder is not None and remembers(self.opts, self.config),
        )

    def _log_dialect(self) -> None:
        if self.opts.get("is_scratch"):
            return
        log.info("Context impl %s.", type(self.impl).__name__)
        if self.as_sql:
            log.info("Generating static SQL")
        log.info("Will assume %s DDL.", "transactional" if self.impl.transactional_ddl else "non-transactional")

    def _plan(self, heads: frozenset[str]) -> tuple[AnyStep, ...]:
        plan = self.opts.get("fn")
        if plan is None:
            raise CommandError("There is nothing to run: the context was configured without a plan (fn).")
        script = self.opts.get("script")
        if isinstance(script, ScriptDirectory):
            script.follow(heads)
        steps = tuple(plan(tuple(sorted(heads)), self) or ())
        if steps and self.opts.get("dont_mutate"):
            raise CommandError("This command only reads; the plan that it was given would change the database.")
        self.version_rows.check_lengths(name for step in steps for name in step.added)
        return steps

    # ---- single actions -----------------------------------------------------------------------------------------

    def stamp(self, script_directory: ScriptDirectory, revision: str | Sequence[str]) -> None:
        """Mark the database as being at ``revision``, without running anything."""
        heads = frozenset(self.get_current_heads())
        for step in stamp_steps(script_directory.map, heads, revision):
            reached = after(heads, step)
            self.version_rows.check_lengths(reached)
            contents = self._run().applied_contents()
            with self.transactions.of_revision():
                self.version_rows.lock(heads)
                self.version_rows.write(heads, reached)
                if contents is not None and contents.has_table:
                    contents.keep_only(frozenset(script_directory.map.ancestors(reached)))
                    contents.write()

    def ensure_version_table(self) -> None:
        """Create the version table if there is none, in its own transaction."""
        if self.as_sql:
            self.version_rows.create()
            return
        with self.transactions.of_revision():
            self.version_rows.create()

    def execute(self, sql: Statement, execution_options: Mapping[str, object] | None = None) -> None:
        """Run a statement, or print it offline."""
        self.impl.execute(sql, execution_options)

    # ---- transactions -------------------------------------------------------------------------------------------

    def begin_transaction(self) -> AbstractContextManager[None]:
        """Wrap a whole run: ``with context.begin_transaction(): context.run_migrations()``.

        Where each revision has its own transaction this only commits what ``env.py`` itself began inside the block.
        Offline, and without a plan to run, BEGIN and COMMIT are printed around the statements of the block.
        """
        is_plain = self.as_sql and self.opts.get("fn") is None
        return self.transactions.of_block() if is_plain else self.transactions.of_run()

    def autocommit_block(self) -> AbstractContextManager[None]:
        """Run statements outside any transaction, each committed at once, such as ``CREATE INDEX CONCURRENTLY``.

            with op.get_context().autocommit_block():
                op.create_index("ix", "t", ["c"], postgresql_concurrently=True)

        What the revision did before is committed first; a later failure cannot roll it back. Raises CommandError where
        the transaction belongs to the caller.
        """
        if self._recorder is not None:
            self._recorder.before_autocommit()
        return self.transactions.suspended()
