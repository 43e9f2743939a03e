"""The schema at each revision: the operations of the revisions before it, applied one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import Connection, Engine, MetaData
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.default import DefaultDialect

from ..operations.containers import BatchOps
from ..operations.operation import MigrateOperation
from ..operations.schema_state import SchemaState
from ..recording import Recording, operations_of
from ..script import Script, ScriptDirectory
from ..script.steps import revisions_up_to
from ..util.collector import without_collector
from ..util.exc import UnknownEffect
from .kept_states import KeptStates, depends_on_text
from .metadata import metadata_of, state_of
from .running import Scratch, scratch_run


@dataclass(frozen=True, slots=True)
class Incomplete:
    """What could not be followed: the revision, the line of its file (0 if that is not known), and the reason."""

    revision: str
    line: int
    reason: str


@dataclass(frozen=True)
class SchemaAt:
    """The schema after a revision; ``incomplete`` is what it may lack, up to and including that revision.

    SchemaAt("a1", metadata).metadata.tables
    """

    revision: str
    known: MetaData | SchemaState
    incomplete: tuple[Incomplete, ...] = ()

    @cached_property
    def metadata(self) -> MetaData:
        """The tables; made when they are first asked for."""
        if isinstance(self.known, MetaData):
            return self.known
        with without_collector():
            return metadata_of(self.known)

    @property
    def complete(self) -> bool:
        """Whether every operation up to the revision is known."""
        return not self.incomplete


def at(
    scripts: ScriptDirectory,
    revision: str | Sequence[str] = "head",
    *,
    dialect: Dialect | None = None,
    start: MetaData | None = None,
    may_run: bool = True,
    by_running: Scratch = False,
) -> SchemaAt:
    """Return the schema that a database has after upgrading from base to ``revision``.

        at(ScriptDirectory("migrations"), "1f2e").metadata.tables

    ``start`` are tables that exist before the first revision, and the naming convention of the models. Version files
    are read; a function that its source does not show wholly is run with an ``op`` that only records, unless
    ``may_run`` is false. What is still not known is in ``incomplete``.

    With ``by_running``, a revision that is not known is run, with those before it, on a scratch database, which is then
    reflected: a connection to an empty database, True for SQLite in memory, or an engine or URL of a server on which a
    scratch database is created and dropped. ``env.py`` is not run; the revisions are code and do what they do. Raises
    ResolutionError for an unknown revision.
    """
    known = dialect or dialect_of(by_running) or DefaultDialect()
    kept = KeptStates.of(scripts, known) if by_running is False and start is None else None
    names = revisions_up_to(scripts.map, revision)
    if not names:
        return SchemaAt("base", metadata_of(state_of(start, dialect)))
    with without_collector() if by_running is False else nullcontext():
        (found,) = _history(scripts, names, known, start, may_run, by_running, only=names[-1:], kept=kept)
    return found


def at_both(
    scripts: ScriptDirectory,
    earlier: tuple[str, ...],
    later: tuple[str, ...],
    *,
    dialect: Dialect | None = None,
    start: MetaData | None = None,
    may_run: bool = True,
) -> tuple[SchemaAt, SchemaAt]:
    """Return the schemas at two places that are not base, as `at` does.

    Each file is read once where the revisions up to ``later`` begin with those up to ``earlier``, such as its parents.
    """
    known = dialect or DefaultDialect()
    kept = KeptStates.of(scripts, known) if start is None else None
    before, names = (revisions_up_to(scripts.map, place) for place in (earlier, later))
    if len(before) == len(names) or names[: len(before)] != before:
        first, last = (at(scripts, place, dialect=known, start=start, may_run=may_run) for place in (earlier, later))
    else:
        both = (before[-1], names[-1])
        with without_collector():
            first, last = _history(scripts, names, known, start, may_run, only=both, kept=kept)
    return first, last


def history(
    scripts: ScriptDirectory,
    revision: str | Sequence[str] = "heads",
    *,
    dialect: Dialect | None = None,
    start: MetaData | None = None,
    may_run: bool = True,
    by_running: Scratch = False,
) -> Iterator[SchemaAt]:
    """Yield the schema after each revision up to ``revision``, in the order in which they run; see `at`.

    It takes a fraction of a MetaData each: that is made where it is used.
    """
    names = revisions_up_to(scripts.map, revision)
    known = dialect or dialect_of(by_running) or DefaultDialect()
    yield from _history(scripts, names, known, start, may_run, by_running, only=names)


def _history(
    scripts: ScriptDirectory,
    names: Sequence[str],
    dialect: Dialect,
    start: MetaData | None,
    may_run: bool,
    by_running: Scratch = False,
    *,
    only: Sequence[str],
    kept: KeptStates | None = None,
) -> Iterator[SchemaAt]:
    """Yield the schema after those of the revisions ``names`` that are in ``only``, which is in their order.

    Those that are in ``kept`` come from there; what depends on nothing but the text of the files is kept in it.
    """
    state = state_of(start, dialect)
    incomplete: list[Incomplete] = []
    done, wanted = 0, frozenset(only)
    for name in only:
        number = names.index(name, done) + 1
        found = kept.get(names[:number]) if kept is not None else None
        if found is None:
            break
        yield SchemaAt(name, found)
        state, done = found.copied(), number
    with scratch_run(scripts, by_running, start, dialect) as scratch:
        for number, name in enumerate(names[done:], done + 1):
            script = scripts.get_revision(name)
            assert script is not None, "a plan has only revisions with a file"
            unknown, of_text = _apply_revision(state, script, dialect, may_run=may_run, is_known=not incomplete)
            if unknown and scratch is not None:
                reflected, lost = scratch.reflected(script.revision)
                state = state_of(reflected, dialect, like=start)
                incomplete = [Incomplete(script.revision, 0, reason) for reason in lost]
            else:
                incomplete += unknown
            if unknown or not of_text:
                kept = None
            if name in wanted:
                own = state if number == len(names) else state.copied()
                if kept is not None:
                    kept.put(names[:number], own)
                yield SchemaAt(name, own, tuple(incomplete))


def run_to(
    scripts: ScriptDirectory,
    revision: str | tuple[str, ...],
    by_running: Scratch,
    *,
    dialect: Dialect | None = None,
    start: MetaData | None = None,
) -> SchemaAt:
    """Return the schema that a scratch database has after the history was run up to ``revision``; () is base.

    Unlike `at`, which runs only what it cannot read, it reflects all tables: two results can be compared.
    """
    known = dialect or dialect_of(by_running) or DefaultDialect()
    with scratch_run(scripts, by_running, start, known) as scratch:
        assert scratch is not None, "by_running is not False"
        reflected, lost = scratch.reflected(revision)
    name = revision if isinstance(revision, str) else ", ".join(revision) or "base"
    found = reflected if start is None else metadata_of(state_of(reflected, known, like=start))
    return SchemaAt(name, found, tuple(Incomplete(name, 0, reason) for reason in lost))


def dialect_of(scratch: Scratch) -> Dialect | None:
    """Return the dialect of a scratch database; None for the one in memory."""
    if isinstance(scratch, bool):
        return None
    return scratch.dialect if isinstance(scratch, Connection | Engine) else scratch.get_dialect()()


def _apply_revision(
    state: SchemaState, script: Script, dialect: Dialect, *, may_run: bool, is_known: bool
) -> tuple[list[Incomplete], bool]:
    """Apply a revision to a state; return what it lacks, and whether its effect depends on nothing but its text.

    Code that inspects the schema can be followed where all before it ``is_known``.
    """
    before = state if is_known else None
    recording = operations_of(script, dialect, may_run=may_run, makes_tables=False, state=before, is_part=True)
    problem = None if recording.complete else script.problem()
    if problem is not None:
        raise problem
    found = [Incomplete(script.revision, each.line, f"code: {each.text}") for each in recording.unread]
    for line, operation in _with_lines(recording):
        convention = state.convention
        try:
            operation.apply_to(state)
            for further in operation.followed_by:
                further.apply_to(state)
        except UnknownEffect as error:
            state.convention = convention
            found.append(Incomplete(script.revision, line, str(error)))
        except Exception:
            # What SQLAlchemy refuses is reported by the code that refuses it, or is not known.
            refused = operations_of(script, dialect, may_run=may_run, state=before, is_part=True)
            if refused.complete:
                raise
            return [Incomplete(script.revision, each.line, f"code: {each.text}") for each in refused.unread], False
    return found, not recording.was_run and depends_on_text(recording.operations.ops)


def _with_lines(recording: Recording) -> Iterator[tuple[int, MigrateOperation]]:
    """Yield each operation with its line; a batch has that of its first operation."""
    position = 0
    for operation in recording.with_batches().ops:
        yield recording.lines[position] if position < len(recording.lines) else 0, operation
        position += len(operation.ops) if isinstance(operation, BatchOps) else 1
