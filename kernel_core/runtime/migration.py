"""`MigrationContext`: one database, its current revision, and the runs on it."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from typing import Any, Protocol, TypeAlias

from sqlalchemy import URL, Connection, Dialect, make_url
from sqlalchemy.engine.mock import MockConnection
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.elements import ClauseElement

from ..ddl import DefaultImpl
from ..ddl.sqlite import SQLiteImpl
from ..operations import Operations
from ..script import ScriptDirectory
from ..script.steps import AnyStep, StampStep, stamp_steps
from ..script.steps import Step as RevisionStep
from ..util.exc import CommandError, UnfinishedRevision
from ..util.logs import Log
from ..util.secrets import mask_url
from .autocommit import NO_ROLLBACK, autocommits
from .execution import Execution
from .heads import after, as_text
from .journal.contents import applied_scripts, edited, remembers
from .journal.probe import looked_up, was_executed
from .journal.recorder import Recorder
from .journal.replay import Replay, Resume
from .journal.state import JournalState, edited_sentence
from .journal.table import JournalTable, Unfinished
from .journal.undo import Abandon, Abandoned, Part, ReadingOperations, parts_of, refuse_remains, undo
from .lock_settings import LockSettings
from .lock_watch import LockWatch, watched
from .report import RunReport
from .run import Run
from .run_lock import held
from .scratch import Scratch, options_for_scratch
from .script_output import script_output
from .step_info import MigrationInfo, callbacks_of
from .transaction import Transactions
from .version_table import DEFAULT_NAME, VersionTable

__all__ = ["MigrationContext", "MigrationInfo", "MigrationStep", "RevisionStep", "StampStep"]

MigrationStep = AnyStep
Statement: TypeAlias = Executable | ClauseElement | str
"""What `MigrationContext.execute` takes."""

log = Log("runtime.migration")
_MOST_READINGS = 20
"""How often the journal is read until it is the same before and after the lock was free."""


class Settings(Protocol):
    """What a run reads of the `Config` of its environment."""

    @property
    def attributes(self) -> Mapping[str, Any]:
        """Live objects: ``connection``, ``on_step``."""

    @property
    def cmd_opts(self) -> Namespace | None:
        """The parsed command line."""

    def get_main_option(self, name: str, default: str | None = None) -> str | None:
        """Return an option of ``alembic.ini`` or ``[tool.alembic]``."""


class Environment(Protocol):
    """What a context reads of its `EnvironmentContext`."""

    @property
    def config(self) -> Settings:
        """The settings of the environment."""


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
        self.journal = JournalTable(self.impl, table)
        self._recorder = Recorder(self.impl, self.journal) if type(self.impl).has_journal and not self.as_sql else None
        one_for_all = self.opts.get("transaction_per_migration") is False and self.impl.transactional_ddl
        self.transactions = Transactions(self.impl, self.connection, one_for_all=one_for_all)
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
        dialect_opts: Mapping[str, object] | None = None,
        opts: Mapping[str, Any] | None = None,
    ) -> MigrationContext:
        """Return the context for a connection; offline one of ``url``, ``dialect_name`` and ``dialect`` is enough.

        Raises CommandError if none is given, or if ``connection`` is not a Connection.
        """
        if connection is not None:
            _refuse_no_connection(connection)
            mask_url(getattr(connection.engine, "url", ""))
            dialect = connection.dialect
        elif url or dialect_name:
            mask_url(url or "")
            dialect = make_url(url or f"{dialect_name}://").get_dialect()(**dict(dialect_opts or {}))
        elif dialect is None:
            raise CommandError("No database is named: give configure() a connection, a url or a dialect_name.")
        context = cls(dialect, connection, opts or {}, environment_context)
        if context.as_sql and isinstance(context.impl, SQLiteImpl) and not context.opts.get("is_scratch"):
            context.impl.scratch = context._scratch(connection, url)
        return context

    def _scratch(self, connection: Connection | None, url: str | URL | None) -> Scratch | None:
        """Return the scratch database that follows this context's script; None if no database is named."""
        attributes = getattr(self.config, "attributes", {})
        source = connection if connection is not None else attributes.get("connection")
        if not isinstance(source, Connection) or source.dialect.name != "sqlite":
            source = None
        if source is None and url:
            source = make_url(url).render_as_string(hide_password=False)
        if source is None:
            return None
        read = {name: self.opts.get(name) for name in ("version_table", "version_table_schema")} | {"is_scratch": True}

        def heads_of(live: Connection) -> tuple[str, ...]:
            return type(self).configure(live, opts=read).get_current_heads()

        def print_steps(scratch: Scratch, heads: tuple[str, ...], steps: Sequence[AnyStep]) -> None:
            opts = options_for_scratch(self.opts, heads, steps)
            context = type(self).configure(
                dialect=self.dialect, environment_context=self.environment_context, opts=opts
            )
            assert isinstance(context.impl, SQLiteImpl), "only SQLite has a scratch"
            context.impl.scratch = scratch
            if steps:
                context.run_migrations()

        return Scratch(self, source, heads_of, print_steps)

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
        self.impl.start_migrations()
        settings = LockSettings.of(self.opts, self.config)
        with watched(self.connection, self.impl, settings) as self._lock_watch:
            execution = self._planned()
            if not execution.steps and (self.opts.get("dont_mutate") or self.unfinished() is None):
                return
            self.transactions.settle()
            with self._locked(settings) as is_locked:
                # Another run may have ended after the heads were read and before the lock was acquired.
                if "resume" in self.opts or (is_locked and frozenset(self.get_current_heads()) != execution.before):
                    execution = self._planned()
                if "abandon" in self.opts:
                    self._abandon(self.opts["abandon"], kw)
                    return
                self._refuse_unfinished()
                if execution.steps:
                    self._announce_autocommit(execution.steps)
                    self._announce_edited(execution.steps)
                    with self._journal_closed(), Operations.context(self), self.begin_transaction():
                        execution.execute(kw, is_locked=is_locked)

    def _announce_autocommit(self, steps: Sequence[AnyStep]) -> None:
        """Say before the first statement that nothing can be rolled back; by ``attributes["on_notice"]``, or log it."""
        connection = self.connection
        if not isinstance(connection, Connection) or not any(isinstance(step, RevisionStep) for step in steps):
            return
        if autocommits(connection):
            self._notify(f"This run {NO_ROLLBACK}.")

    def _announce_edited(self, steps: Sequence[AnyStep]) -> None:
        """Say before a downgrade which of its files do something else than when they were applied."""
        runs = [step for step in steps if isinstance(step, RevisionStep)]
        undone = {step.revision_id for step in runs if step.direction == "downgrade"}
        changed = [revision for revision in self.edited() if revision in undone] if undone else []
        if changed:
            self._notify(edited_sentence(changed))

    def _notify(self, sentence: str) -> None:
        attributes: Mapping[str, Any] = getattr(self.config, "attributes", {})
        notify = attributes.get("on_notice") or log.warning
        notify(sentence)

    def _planned(self) -> Execution:
        """Read the current heads and return the execution of the steps that are planned from there."""
        before = frozenset(self.get_current_heads())
        resume: Resume | None = self.opts.get("resume")
        with self.transactions.only_reading():
            steps = self._plan(before)
        execution = Execution(self._run(), steps, before) if resume is None else self._resumed(before, resume)
        self._execution = execution
        return execution

    # ---- a revision that was stopped half-way -------------------------------------------------------------------

    def unfinished(self) -> Unfinished | None:
        """Return the revision of which a part was committed before its run was stopped; None if there is none.

        While another process runs a revision, this is the one that it runs.
        """
        found, connection = self._noted(), self.connection
        if found is None or connection is None:
            return None
        with self.transactions.reading():
            return looked_up(found, connection)

    def _noted(self) -> Unfinished | None:
        """Return the unfinished revision as the journal describes it."""
        if self._recorder is None:
            return None
        with self.transactions.reading():
            found = self.journal.unfinished()
            is_applied = found is not None and found.is_applied(frozenset(self.version_rows.read()))
        return None if is_applied else found

    def is_locked(self) -> bool:
        """Return whether another run on this version table holds the run lock now; False where there is none."""
        connection = self.connection
        if not isinstance(connection, Connection):
            return False
        with self.transactions.only_reading():
            lock = self.impl.run_lock(connection, self.version_rows.table, borrowed=connection.in_transaction())
            return lock is not None and lock.is_held()

    def journal_state(self) -> JournalState:
        """Return what the journal says: the revision that is unfinished or running, and the applied files that differ.

        Writes nothing.
        """
        found, is_running = self._unfinished_or_running()
        return JournalState(found, is_running, self.edited())

    def _unfinished_or_running(self) -> tuple[Unfinished | None, bool]:
        found = self.unfinished()
        for _ in range(_MOST_READINGS):
            if found is None or self.is_locked():
                return found, found is not None
            again = self.unfinished()
            if again == found:  # as it was before and after nobody held the lock
                return found, False
            found = again
        return found, found is not None

    def edited(self) -> tuple[str, ...]:
        """Return the applied revisions of which the file does something else than when it was applied.

        Only those whose content was noted then (``remember_content``), without the changes that have no effect.
        """
        if self._recorder is None or self.script is None:
            return ()
        with self.transactions.reading():
            noted = self.journal.contents()
            heads = self.version_rows.read() if noted else ()
        return edited(applied_scripts(self.script, heads, noted), noted) if noted else ()

    def _resumed(self, before: frozenset[str], resume: Resume) -> Execution:
        """Return the execution that finishes the unfinished revision, one without steps if there is none.

        Raises UnfinishedRevision if its file was edited since, unless edits are accepted.
        """
        found = self._noted()
        if found is None:
            return Execution(self._run(), (), before)
        run = self._run()
        if not resume.accepts_edits and found.content and run.content(found.revision) != found.content:
            raise UnfinishedRevision(
                f"{found.sentence} Its version file was edited since. Nothing was run. Undo the edit, or run the "
                "statements that the file has now and that were not executed: mig resume --edited.",
                found.revision,
            )
        return Execution(self._run(self._replay(found, resume)), (found.step,), before)

    def _replay(self, found: Unfinished, resume: Resume, *, stops: bool = False) -> Replay:
        connection = self.connection
        assert connection is not None, "offline nothing is noted"
        probe = partial(was_executed, connection=connection)
        return Replay(found, self.dialect, probe, resume.was_executed, stops=stops)

    def _abandon(self, abandon: Abandon, kw: Mapping[str, object]) -> None:
        """Undo what was executed of the unfinished revision, newest first, and remove its notes."""
        found, connection = self._noted(), self.connection
        if found is None or self._recorder is None or connection is None:
            return
        parts = [] if abandon.forget else self._executed_parts(found, self._recorder, kw)
        if not abandon.force:
            refuse_remains(parts, found.revision)
        with self._journal_closed(), self.transactions.of_revision():
            operations = Operations(self)
            for part in reversed(parts):
                if part.reverses is not None:
                    undo(part, operations, partial(was_executed, connection=connection))
            self.journal.finish(found.revision)
            self._recorder.is_used = True
        undone = tuple(each.sentence() for part in reversed(parts) for each in part.reverses or ())
        self.abandoned = Abandoned(
            found.revision, undone, tuple(part.sentence for part in parts if part.reverses is None), self.target
        )

    def _executed_parts(self, found: Unfinished, recorder: Recorder, kw: Mapping[str, object]) -> list[Part]:
        """Return what was executed of a revision, by running its function without executing anything."""
        run = self._run(self._replay(found, Resume(), stops=True))
        function = partial(run.function(found.step), **kw)
        assert run.replay is not None, "it was just made"
        with ReadingOperations.context(self) as operations, recorder.listening():
            assert isinstance(operations, ReadingOperations), "it is the class of the context"
            operations.replay, operations.parts = run.replay, []
            with self.transactions.of_revision(), recorder.recording(found.step, lambda: found.content, run.replay):
                return parts_of(operations, function)

    def _refuse_unfinished(self) -> None:
        """Raise UnfinishedRevision, unless this run is the one that finishes it."""
        if self._recorder is None or "resume" in self.opts:
            return
        found = self.unfinished()
        if found is not None:
            raise found.error()

    @contextmanager
    def _journal_closed(self) -> Iterator[None]:
        """Remove the journal after the block if it has no rows."""
        try:
            yield
        except BaseException:
            with suppress(Exception):  # the connection may be lost; an empty journal does no harm
                self._close_journal()
            raise
        self._close_journal()

    def _close_journal(self) -> None:
        if self._recorder is None:
            return
        notes_contents = self._execution is not None and self._execution.notes_contents
        # The journal is dropped in the transaction of a caller too, unless that would commit it.
        may_drop = not self.borrowed or (notes_contents and type(self.impl).transactional_ddl)
        if may_drop and (self._recorder.is_used or notes_contents):
            with self.transactions.of_revision():
                self._recorder.close()

    @contextmanager
    def _locked(self, settings: LockSettings) -> Iterator[bool]:
        """Hold the run lock during the block; the value is False if there is none: offline, or switched off."""
        connection = self.connection
        if connection is None or not settings.enabled:
            yield False
            return
        table = self.version_rows.table
        lock = self.impl.run_lock(connection, table, borrowed=connection.in_transaction())
        if lock is None:
            yield False
            return
        with held(lock, table.fullname, settings):
            yield True

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
            contents = self._run().applied_contents()
            with self.transactions.of_revision():
                self.version_rows.lock(heads)
                self.version_rows.write(heads, reached)
                if contents is not None and self.journal.exists():
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
        """
        return self.transactions.of_run()

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


def _refuse_no_connection(given: object) -> None:
    """Raise CommandError for an Engine, a Session or an AsyncConnection, and say how to get a Connection."""
    if not isinstance(given, Connection | MockConnection):
        remedy = "with engine.connect() as connection: ..."
        if type(given).__name__.startswith("Async"):
            remedy = "await connection.run_sync(function_that_calls_configure)"
        raise CommandError(f"connection= must be a SQLAlchemy Connection, not {type(given).__name__}. Use: {remedy}")
