"""A rehearsal from the clone to the findings: upgrade, read everything, downgrade, read again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from ..operations.ops import ExecuteSQLOp
from ..operations.watching import watcher
from ..runtime.environment import current_environment
from ..runtime.journal.table import journal_name
from ..runtime.report import OnStep, RunEvent, RunReport
from ..runtime.version_table import DEFAULT_NAME
from ..snapshot import Change, Snapshot, snapshot_of
from ..util.exc import CommandError, UpgradeFailed
from ..util.folders import shown_path
from ..util.secrets import mask_url
from .blockers.explain import explained
from .blockers.find import message
from .blockers.queries import rows_of_text
from .capture import Capture
from .clone.base import Clone, CloneOptions
from .clone.source import Source, source_of
from .commits import Commits
from .findings import Blocker, Rehearsal, TableRows, Undone
from .guard import LeavesClone
from .live import Untouched
from .masking import masked
from .redirect import Redirect, paused
from .renamed_changes import differences_with_renames
from .rows import Kept, compare_rows
from .watch import Watch

Verb = Literal["upgrade", "downgrade"]


@dataclass(frozen=True, slots=True)
class Runs:
    """What is rehearsed: each function runs ``env.py`` with a listener for its steps, and returns the report.

    ``back`` gets the heads from before; None leaves the reverse run out.
    """

    there: Callable[[OnStep], RunReport]
    back: Callable[[tuple[str, ...], OnStep], RunReport] | None = None
    verb: Verb = "upgrade"


@dataclass(slots=True)
class RehearsalSession:
    """The state of one rehearsal, from the first connection to the findings."""

    runs: Runs
    options: CloneOptions
    masks: bool = False
    only: Source | None = None
    _capture: Capture = field(default_factory=Capture)
    _watch: Watch = field(init=False)
    _commits: Commits = field(init=False)
    _redirect: Redirect = field(init=False)
    _used: dict[int, list[str]] = field(default_factory=dict)
    _heads: dict[int, tuple[str, ...]] = field(default_factory=dict)
    _own: set[str] = field(default_factory=lambda: {DEFAULT_NAME, journal_name(DEFAULT_NAME)})
    _loose: tuple[Exception, list[Blocker]] | None = None
    _last: Clone | None = None
    _copies: dict[int, Snapshot] = field(default_factory=dict)
    _untouched: dict[int, Untouched] = field(default_factory=dict)
    _kept: dict[int, Kept] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._capture.own_tables = self._own
        self._capture.on_loose = self._follow_loose
        self._capture.on_loose_failure = self._explain_loose
        self._redirect = Redirect(self.options, self._attach)
        self._commits = Commits(self._capture, self._revision_on)
        self._capture.on_commit = self._commits.before
        self._capture.on_failed_commit = self._commits.failed
        self._watch = Watch(self._capture, self._redirect.clone_behind, self._commits)

    @contextmanager
    def open(self) -> Iterator[Redirect]:
        """Open the session; clones that are made inside the block are removed at its end."""
        with self._redirect.closing():
            try:
                yield self._redirect
            finally:
                self._capture.detach()
                for untouched in self._untouched.values():
                    untouched.close()
                for kept in self._kept.values():
                    kept.close()

    def rehearse(self) -> tuple[Rehearsal, ...]:
        """Run the command and its reverse on the clones; return the findings, one for each database that has steps."""
        start = time.monotonic()
        report, failure = self._run(self.runs.there)
        if failure is None and report is not None and not self._used:
            return (self._without_steps(report, time.monotonic() - start),)
        if failure is not None and not self._used:
            raise failure
        with paused(), self._capture.silent():
            found = [self._found(clone, report, failure, start) for clone in self._clones()]
        if failure is not None or any(each.blockers for each in found) or self.runs.back is None:
            return tuple(self._with_reason(each) for each in found)
        return self._and_back(found)

    def _run(self, run: Callable[[OnStep], RunReport]) -> tuple[RunReport | None, CommandError | None]:
        token = watcher.set(self._watch)
        try:
            with self._redirect.active():
                return run(self._step), None
        except UpgradeFailed as error:
            if isinstance(error.__cause__, LeavesClone):
                raise error.__cause__ from None
            return None, error
        except DBAPIError as error:
            if not self._commits.of(error):
                raise
            return None, self._of_env(error)
        finally:
            watcher.reset(token)
            self._capture.revision = ""

    def _and_back(self, found: Sequence[Rehearsal]) -> tuple[Rehearsal, ...]:
        """Run the reverse on the same clones, and add what it left different."""
        back, starts = self.runs.back, set(self._heads.values())
        assert back is not None, "the caller has looked"
        if len(starts) > 1:
            why = "not run: the databases began at different revisions"
            return tuple(replace(each, undone=Undone(failure=why)) for each in found)
        there = {id(clone): len(self._capture.of(clone)) for clone in self._clones()}
        self._watch.collects = False
        try:
            _, failure = self._run(lambda on_step: back(starts.pop(), on_step))
        except CommandError as error:
            failure = error
        reason = "" if failure is None else getattr(failure, "failure", "") or str(failure)
        with paused(), self._capture.silent():
            return tuple(
                replace(each, undone=self._undone(clone, there[id(clone)], reason))
                for each, clone in zip(found, self._clones(), strict=True)
            )

    def _undone(self, clone: Clone, there: int, reason: str) -> Undone:
        rows = tuple(
            each for each in self._rows(clone) if not each.is_same or each.before is None or each.after is None
        )
        undone = Undone(self._schema(clone), rows, reason, self._capture.of(clone)[there:])
        return undone.masked() if self.masks else undone

    def _with_reason(self, found: Rehearsal) -> Rehearsal:
        if self.runs.back is None:
            return found
        return replace(found, undone=Undone(failure="not run: the way there has blockers"))

    def _clones(self) -> list[Clone]:
        return [each for each in self._redirect.clones if id(each) in self._used]

    def _found(self, clone: Clone, report: RunReport | None, failure: CommandError | None, start: float) -> Rehearsal:
        blockers = list(self._watch.blockers_on(clone))
        stopped = failure if isinstance(failure, UpgradeFailed) and clone is self._last else None
        if stopped is not None:
            blockers += self._why(stopped, blockers)
        return Rehearsal(
            target=place(clone.source),
            kind=clone.kind,
            revisions=tuple(self._used[id(clone)]),
            before=self._heads[id(clone)],
            after=report.after if report is not None else (),
            statements=self._capture.of(clone),
            blockers=tuple(self._shown(each, clone) for each in blockers),
            schema=self._schema(clone),
            rows=self._rows(clone),
            undone=None,
            seconds=time.monotonic() - start,
            method=clone.method,
            direction=self.runs.verb,
            stopped_at="" if stopped is None else stopped.revision,
            sample=self.options.sample,
            schema_only=self.options.schema_only,
            full_rows={".".join(filter(None, key)): rows for key, rows in clone.full_rows.items()},
            live_unchanged=self._untouched[id(clone)].holds() if id(clone) in self._untouched else None,
            not_compared=(
                *_not_compared(clone, self._before(clone), compares_rows=not self.options.schema_only),
                *self._capture.notes_on(clone),
            ),
        )

    def _without_steps(self, report: RunReport, seconds: float) -> Rehearsal:
        clones = self._redirect.clones
        target = place(clones[0].source) if clones else report.target
        kind, method = (clones[0].kind, clones[0].method) if clones else ("", "")
        return Rehearsal(
            target, kind, (), report.before, report.after, (), (), (), (), None, seconds, method, self.runs.verb
        )

    def _schema(self, clone: Clone) -> tuple[Change, ...]:
        renames = self._watch.renames_on(clone)
        return differences_with_renames(self._before(clone), self._snapshot(clone.after), renames)

    def _before(self, clone: Clone) -> Snapshot:
        """Return the schema of the copy, which nothing changes."""
        if id(clone) not in self._copies:
            self._copies[id(clone)] = self._snapshot(clone.before)
        return self._copies[id(clone)]

    def _snapshot(self, engine: Engine) -> Snapshot:
        with engine.connect() as connection:
            return snapshot_of(connection, without=self._own)

    def _rows(self, clone: Clone) -> tuple[TableRows, ...]:
        if self.options.schema_only:
            return ()
        renames = self._watch.renames_on(clone)
        written = {
            lock.name for each in self._capture.of(clone) for lock in each.locks if lock.mode == "RowExclusiveLock"
        }
        kept = self._kept.setdefault(id(clone), Kept())
        return compare_rows(clone, renames, self._own, masked, kept, written)

    def _attach(self, clone: Clone, dialect: Any) -> None:
        self._capture.attach(clone, dialect)
        if id(clone) not in self._untouched:
            with paused():
                self._untouched[id(clone)] = Untouched(clone.source)

    def _step(self, event: RunEvent) -> None:
        """Note a revision that begins; refuse one that is not on a clone."""
        self._capture.revision = event.revision if event.kind == "start" else ""
        if event.kind != "start":
            return
        environment = current_environment.get()
        assert environment is not None, "a step runs inside of env.py"
        context = environment.get_context()
        connection: Connection | None = context.connection
        clone = None if connection is None else self._redirect.clone_behind(connection)
        if clone is None or connection is None:
            there = "no database" if connection is None else place(source_of(connection))
            raise CommandError(
                f"Nothing was run: env.py connects to {there}, which was not cloned. Let it use "
                "config.attributes['connection'], or an engine made from a URL."
            )
        if self.only is not None and clone.source.identity != self.only.identity:
            raise CommandError(
                f"Nothing was run: env.py connects to {place(clone.source)}, and {place(self.only)} was to be "
                "rehearsed. Let env.py use config.attributes['connection']."
            )
        self._own |= {
            context.version_table,
            journal_name(context.version_table, connection.dialect.max_identifier_length),
        }
        if id(clone) not in self._heads:
            with self._capture.silent():
                self._heads[id(clone)] = tuple(context.get_current_heads())
        self._used.setdefault(id(clone), []).append(event.revision)
        self._last = clone

    def _follow_loose(self, clone: Clone, sql: str) -> None:
        self._watch.renames_on(clone).follow_sql(sql, clone.after.dialect)

    def _explain_loose(self, connection: Connection, sql: str, error: Exception) -> None:
        """Note what stops a statement that belongs to no operation, in case the revision fails with it."""
        found = self._commits.of(error) or explained(
            connection, [ExecuteSQLOp(sql)], error, self._capture.revision, self._capture.ran(are_undone=True)
        )
        self._loose = error, found

    def _why(self, stopped: UpgradeFailed, known: Sequence[Blocker]) -> list[Blocker]:
        """Return the blockers of the failure that has stopped a revision, without those that are known already."""
        found = self._commits.of(stopped.__cause__)
        if not found and self._loose is not None and self._loose[0] in _causes(stopped):
            found = self._loose[1]
        rows = {(each.kind, each.table, each.query) for each in known if each.query}
        new = [each for each in found if (each.kind, each.table, each.query) not in rows]
        return new if found else [_of_failure(stopped, stopped.revision)]

    def _of_env(self, error: DBAPIError) -> UpgradeFailed:
        """Return the failure of a COMMIT after the last revision, which ``env.py`` has sent itself."""
        assert self._last is not None, "a revision has begun"
        failure = UpgradeFailed(str(error), revision=self._revision_on(self._last), failure=message(error))
        failure.__cause__ = error
        return failure

    def _revision_on(self, clone: Clone) -> str:
        """Return the revision that has begun last on a clone, "" before the first one."""
        return next(reversed(self._used.get(id(clone), ())), "")

    def _shown(self, blocker: Blocker, clone: Clone) -> Blocker:
        """Return a blocker with the name of the database in place of the clone's, and with masked values if asked."""
        blocker = replace(blocker, is_later=_is_later(blocker, clone))
        if self.masks:
            blocker = blocker.masked()
        texts = {name: getattr(blocker, name) for name in ("text", "query", "error")}
        named = {name: text.replace(clone.database, _named(clone)) for name, text in texts.items()}
        return replace(blocker, **named)


def _named(clone: Clone) -> str:
    return clone.source.database or ":memory:"


def _is_later(blocker: Blocker, clone: Clone) -> bool:
    """Return whether the query of a blocker does not find its rows in the database as it is before the run."""
    if not blocker.query:
        return False
    text = blocker.query.replace(clone.database, str(clone.before.url.database))
    try:
        with clone.before.connect() as copy:
            return rows_of_text(copy, text) != blocker.rows
    except SQLAlchemyError:
        return True


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and those because of which it was raised."""
    while error is not None:
        yield error
        orig = getattr(error, "orig", None)
        if isinstance(orig, BaseException):
            yield orig
        error = error.__cause__ or error.__context__


def _of_failure(failure: UpgradeFailed, revision: str) -> Blocker:
    """Return the blocker for a revision whose code failed."""
    cause = failure.__cause__
    text = message(cause) if isinstance(cause, Exception) else failure.failure
    return Blocker("error", revision, failure.statement or f"the code of {revision}", "", text, error=failure.failure)


def place(source: Source) -> str:
    """Return where a database is, without a password."""
    if source.kind == "sqlite":
        return shown_path(source.database) if source.database not in ("", ":memory:") else ":memory:"
    host = source.options.get("host") or "localhost"
    return mask_url(f"{source.kind}://{host}/{source.database}")


def _not_compared(clone: Clone, snapshot: Snapshot, *, compares_rows: bool) -> tuple[str, ...]:
    """Return what this rehearsal did not look at, in sentences."""
    left_out = [line for line in snapshot.coverage() if line.startswith("not compared:")]
    if compares_rows:
        left_out = [line.replace(": rows, ", ": ").replace(": rows and ", ": ") for line in left_out]
    return (
        *clone.notes,
        *left_out,
        "not observed: what the revisions do outside of the database (files, programs, network)",
    )
