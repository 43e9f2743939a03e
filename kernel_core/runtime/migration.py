"""One run on one database: `MigrationContext` knows where it stands and carries out the steps of a plan."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any, NoReturn

from sqlalchemy import Connection, Dialect, make_url

from ..ddl import DefaultImpl
from ..operations import Operations
from ..script.steps import StampStep, Step, stamp_steps
from ..util.exc import CommandError, SomeoneElseMovedIt
from ..util.secrets import mask_url, redact
from .failure import failed
from .heads import after, spoken
from .info import MigrationInfo, info_of
from .output import script_output
from .run import AppliedStep, RunEvent, RunReport
from .transaction import RevisionTransaction, autocommitting
from .version_table import VersionTable

__all__ = ["MigrationContext", "MigrationInfo"]

log = logging.getLogger(__name__)
AnyStep = Step | StampStep


class MigrationContext:
    """A connection (or, offline, a dialect), the version table in it, and the way to run steps there.

        context = MigrationContext.configure(connection)
        context.get_current_heads()

    ``opts`` are those of ``context.configure()`` in ``env.py``. By default each revision has a transaction of its own;
    ``transaction_per_migration=False`` makes it one for the whole run. A connection that is in a transaction when it
    comes here keeps it (``borrowed`` is True): whoever began it must commit.
    """

    def __init__(
        self, dialect: Dialect, connection: Connection | None, opts: Mapping[str, Any], environment_context: Any = None
    ) -> None:
        self.environment_context = environment_context
        self.opts = dict(opts)
        self.dialect = dialect
        self.script = self.opts.get("script")
        self.as_sql = bool(self.opts.get("as_sql"))
        self.connection = None if self.as_sql else connection
        self.output_buffer = script_output(self.opts.get("output_buffer"), self.opts.get("output_encoding"))
        implementation = DefaultImpl.get_by_dialect(dialect)
        chosen = self.opts.get("transactional_ddl")
        self.impl = implementation(dialect, self.connection, self.as_sql, chosen, self.output_buffer, self.opts)
        table = self.impl.version_table_impl(
            version_table=self.opts.get("version_table") or "alembic_version",
            version_table_schema=self.opts.get("version_table_schema"),
            version_table_pk=self.opts.get("version_table_pk", True),
        )
        self.version_table = VersionTable(self.impl, table)
        self._before: frozenset[str] = frozenset()
        self._heads: frozenset[str] = frozenset()
        self._done: list[AppliedStep] = []
        self.borrowed = self.connection is not None and self.connection.in_transaction()
        self._open: RevisionTransaction | None = None
        self._begun = False

    @classmethod
    def configure(
        cls,
        connection: Connection | None = None,
        url: Any = None,
        dialect_name: str | None = None,
        dialect: Dialect | None = None,
        environment_context: Any = None,
        dialect_opts: Mapping[str, Any] | None = None,
        opts: Mapping[str, Any] | None = None,
    ) -> MigrationContext:
        """Return the context for a connection; offline one of ``url``, ``dialect_name`` and ``dialect`` is enough.

        Raises CommandError where none is given, or where ``connection`` is no Connection.
        """
        if connection is not None:
            _refuse_no_connection(connection)
            mask_url(connection.engine.url)
            dialect = connection.dialect
        elif url or dialect_name:
            mask_url(url or "")
            dialect = make_url(url or f"{dialect_name}://").get_dialect()(**dict(dialect_opts or {}))
        elif dialect is None:
            raise CommandError("No database is named: give configure() a connection, a url or a dialect_name.")
        return cls(dialect, connection, opts or {}, environment_context)

    # ---- what it is about ---------------------------------------------------------------------------------------

    @property
    def bind(self) -> Connection | None:
        """The connection; None offline."""
        return self.connection

    @property
    def config(self) -> Any:
        """The Config of the environment, None where there is no environment."""
        return self.opts.get("config") or getattr(self.environment_context, "config", None)

    @property
    def target(self) -> str:
        """The database's URL with its secrets masked; the dialect's name offline."""
        return self.dialect.name if self.connection is None else mask_url(self.connection.engine.url)

    @property
    def report(self) -> RunReport:
        """What the last run did, as far as it got."""
        before, after = (tuple(sorted(heads)) for heads in (self._before, self._heads))
        return RunReport(tuple(self._done), before, after, target=self.target)

    def get_current_revision(self) -> str | None:
        """Return the one revision at which the database stands, None for base; raises CommandError if several."""
        heads = self.get_current_heads()
        if len(heads) > 1:
            raise CommandError(f"The database stands at several revisions: {spoken(heads)}. Ask get_current_heads().")
        return heads[0] if heads else None

    def get_current_heads(self) -> tuple[str, ...]:
        """Return the revisions at which the database stands, () for base; offline those of ``starting_rev``.

        Writes nothing, and leaves no transaction open.
        """
        if self.as_sql:
            return self._starting_heads()
        with self._only_reading():
            return self.version_table.read()

    def _starting_heads(self) -> tuple[str, ...]:
        start = self.opts.get("starting_rev")
        if start is None or self.script is None:
            return () if start in (None, "base") else (str(start),)
        return tuple(self.script.map.resolve(start))

    # ---- running ------------------------------------------------------------------------------------------------

    def run_migrations(self, **kw: Any) -> None:
        """Ask the plan (``opts["fn"]``) for steps and run them; ``kw`` is passed on to each ``upgrade()``.

        Raises UpgradeFailed where a revision fails: it is rolled back, those before it stay (unless all share one
        transaction).
        """
        self.impl.start_migrations()
        before = frozenset(self.get_current_heads())
        with self._only_reading():
            steps = self._plan(before)
        self._before, self._heads, self._done = before, before, []
        if steps:
            self._settle()
            with Operations.context(self), self.begin_transaction():
                self._run(steps, before, kw)

    def _plan(self, heads: frozenset[str]) -> tuple[AnyStep, ...]:
        plan = self.opts.get("fn")
        if plan is None:
            raise CommandError("There is nothing to run: the context was configured without a plan (fn).")
        steps = tuple(plan(tuple(sorted(heads)), self) or ())
        if steps and self.opts.get("dont_mutate"):
            raise CommandError("This command only reads; the plan that it was given would change the database.")
        return steps

    def _run(self, steps: Sequence[AnyStep], heads: frozenset[str], kw: Mapping[str, Any]) -> None:
        for index, step in enumerate(steps, 1):
            new, report = after(heads, step), self._reporter(step, index, len(steps))
            report("start", 0.0)
            started, transaction = time.perf_counter(), None
            try:
                with self._own_transaction() as transaction:
                    self._carry_out(step, heads, new, kw)
            except BaseException as error:  # noqa: BLE001 - _explain raises it, or the error made of it
                self.version_table.forget()
                self._clean()
                report("failed", time.perf_counter() - started)
                interrupted = transaction is not None and transaction.interrupted
                standing = tuple(sorted(self._before if self._one_for_all else heads))
                self._explain(error, step, standing, interrupted)
            heads, seconds = new, 0.0 if self.as_sql else time.perf_counter() - started
            self._done += [self._applied(step, revision, seconds) for revision in self._named(step)]
            self._heads = heads
            report("done", seconds)

    def _carry_out(self, step: AnyStep, heads: frozenset[str], new: frozenset[str], kw: Mapping[str, Any]) -> None:
        """Run one step and move the rows; what belongs inside its transaction."""
        self.version_table.open(heads)
        info = self._announce(step)
        if isinstance(step, Step):
            self._function(step)(**kw)
        self.version_table.write(heads, new)
        for callback in self._callbacks():
            callback(ctx=self, step=info, heads=set(new), run_args=dict(kw))

    def _announce(self, step: AnyStep) -> MigrationInfo | None:
        info = info_of(step, self.script.map) if self.script is not None else None
        source, goal = (info.source_revision_ids, info.destination_revision_ids) if info else (step.removed, step.added)
        doc = self._doc(step.revision_id) if isinstance(step, Step) else ""
        line = f"Running {step.direction} {', '.join(source)} -> {', '.join(goal)}{', ' if doc else ''}{doc}"
        log.info("%s", redact(line))
        if self.as_sql:
            self.impl.static_output("-- " + " ".join(line.split()))
        return info

    def _function(self, step: Step) -> Callable[..., object]:
        assert self.script is not None, "steps come from a script directory"
        script = self.script.get_revision(step.revision_id)
        function = getattr(script.module, step.direction, None)
        if function is None:
            raise CommandError(f"{script.path} has no function {step.direction}(). Write one.")
        return function  # type: ignore[no-any-return]

    def _callbacks(self) -> Iterable[Callable[..., object]]:
        given = self.opts.get("on_version_apply") or ()
        return (given,) if callable(given) else given

    def _explain(self, error: BaseException, step: AnyStep, heads: tuple[str, ...], interrupted: bool) -> NoReturn:
        """Raise UpgradeFailed for an error; an interrupt goes on, with a note that tells where the database stands."""
        if not self.borrowed and not self._one_for_all and not self.as_sql:
            try:
                heads = self.get_current_heads()
            except Exception as second:  # noqa: BLE001 - the connection may be gone; the first error is what counts
                log.debug("cannot read the version table after a failure: %s", type(second).__name__)
        if not isinstance(error, Exception):
            error.add_note(f"Stopped in {step.direction}; the database stands at {spoken(heads)}.")
            raise error
        if isinstance(error, SomeoneElseMovedIt):
            raise error
        applied = () if self._one_for_all else tuple(each.revision for each in self._done)
        raise failed(error, step, self, heads, applied, interrupted) from error

    # ---- progress -----------------------------------------------------------------------------------------------

    def _reporter(self, step: AnyStep, index: int, total: int) -> Callable[[str, float], None]:
        listener = getattr(self.config, "attributes", {}).get("on_step") if self.config is not None else None
        revision = ", ".join(self._named(step))

        def report(kind: Any, seconds: float) -> None:
            if listener is not None:
                doc = self._doc(step.revision_id) if isinstance(step, Step) else ""
                listener(RunEvent(kind, revision, step.direction, doc, index, total, seconds))

        return report

    def _named(self, step: AnyStep) -> tuple[str, ...]:
        if isinstance(step, StampStep):
            return step.added or step.removed
        return (step.revision_id,)

    def _applied(self, step: AnyStep, revision: str, seconds: float) -> AppliedStep:
        return AppliedStep(revision, step.direction, self._doc(revision), seconds)

    def _doc(self, revision: str) -> str:
        revisions = getattr(self.script, "map", None)
        return revisions.get_revision(revision).doc if revisions is not None and revision in revisions else ""

    # ---- statements by hand -------------------------------------------------------------------------------------

    def stamp(self, script_directory: Any, revision: str | Sequence[str]) -> None:
        """Make the version table say ``revision`` without running anything."""
        heads = frozenset(self.get_current_heads())
        for step in stamp_steps(script_directory.map, heads, revision):
            with self._own_transaction():
                self.version_table.open(heads)
                self.version_table.write(heads, after(heads, step))

    def ensure_version_table(self) -> None:
        """Make the version table where there is none, in a transaction of its own."""
        if self.as_sql:
            self.version_table.create()
            return
        with self._own_transaction():
            self.version_table.create()

    def execute(self, sql: Any, execution_options: Mapping[str, Any] | None = None) -> None:
        """Run a statement, or print it offline."""
        self.impl.execute(sql, execution_options)

    # ---- transactions -------------------------------------------------------------------------------------------

    @property
    def _one_for_all(self) -> bool:
        return self.opts.get("transaction_per_migration") is False and self.impl.transactional_ddl

    @contextmanager
    def begin_transaction(self) -> Iterator[None]:
        """Wrap a whole run: ``with context.begin_transaction(): context.run_migrations()``.

        Where each revision has its own transaction this only ends what ``env.py`` itself began inside the block.
        """
        if self.borrowed or self._open is not None:
            yield
        elif self._one_for_all:
            with self._own_transaction():
                yield
        else:
            try:
                yield
            except BaseException:
                self._clean()
                raise
            self._settle()

    @contextmanager
    def autocommit_block(self) -> Iterator[None]:
        """Run statements outside any transaction, each committed at once, such as ``CREATE INDEX CONCURRENTLY``.

            with op.get_context().autocommit_block():
                op.create_index("ix", "t", ["c"], postgresql_concurrently=True)

        What the revision did before is committed first; a later failure cannot take it back. Raises CommandError where
        the transaction belongs to the caller.
        """
        if self.borrowed:
            raise CommandError(
                "autocommit_block() would have to commit a transaction that the caller began. "
                "Hand over a connection that is in no transaction."
            )
        with self._open.suspended() if self._open is not None else nullcontext():
            if self.connection is None:
                yield from self._printed_outside()
            else:
                with autocommitting(self.connection):
                    yield

    def _printed_outside(self) -> Iterator[None]:
        if self.impl.transactional_ddl:
            self.impl.emit_commit()
        yield
        if self.impl.transactional_ddl:
            self.impl.emit_begin()

    @contextmanager
    def _own_transaction(self) -> Iterator[RevisionTransaction | None]:
        """Open the transaction of one revision, unless one is open already."""
        if self.borrowed or self._open is not None:
            yield self._open
        elif self.connection is None:
            yield from self._printed_transaction()
        else:
            transaction = RevisionTransaction(self.impl, self.connection)
            try:
                with transaction:
                    self._open = transaction
                    yield transaction
            finally:
                self._open = None

    def _printed_transaction(self) -> Iterator[None]:
        """Print BEGIN and COMMIT round the block, unless they stand round it already."""
        if self._begun or not self.impl.transactional_ddl:
            yield None
            return
        self.impl.emit_begin()
        self._begun = True
        try:
            yield None
        finally:
            self._begun = False
        self.impl.emit_commit()

    @contextmanager
    def _only_reading(self) -> Iterator[None]:
        """End the transaction that a question began by itself."""
        clean = self.connection is not None and not self.connection.in_transaction()
        try:
            yield
        finally:
            if clean:
                self._clean()

    def _settle(self) -> None:
        """Commit what ``env.py`` began by itself since it configured this context."""
        if self.connection is not None and self._is_loose():
            self.connection.commit()

    def _clean(self) -> None:
        """Roll back whatever transaction of ours is still open, so that the connection can be used again."""
        if self.connection is not None and self._is_loose():
            self.connection.rollback()

    def _is_loose(self) -> bool:
        """Tell whether a transaction is open that neither the caller nor a revision holds."""
        began = self.connection is not None and self.connection.in_transaction()
        return began and not self.borrowed and self._open is None


def _refuse_no_connection(given: object) -> None:
    """Raise CommandError for an Engine, a Session, an AsyncConnection, with the way to a Connection."""
    if not isinstance(given, Connection):
        way = "with engine.connect() as connection: ..."
        if type(given).__name__.startswith("Async"):
            way = "await connection.run_sync(function_that_calls_configure)"
        raise CommandError(f"connection= must be a SQLAlchemy Connection, not {type(given).__name__}. Use: {way}")
