"""Ending a revision that was stopped half-way: it is finished (`resumed`), or what it did is undone (`abandoned`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Protocol

from ..operations import Operations
from ..operations.interfaces import RunContext
from ..util.exc import UnfinishedRevision
from .execution import Execution
from .journal.probe import was_executed
from .journal.recorder import Recorder
from .journal.replay import Replay, Resume
from .journal.table import Unfinished
from .journal.undo import Abandon, Abandoned, Part, ReadingOperations, parts_of, refuse_remains, undo
from .run import Run
from .run_journal import RunJournal

RunWith = Callable[[Replay | None], Run]
"""Returns the run of a context; with a replay it leaves out the statements that were executed before."""


class TargetContext(RunContext, Protocol):
    """A context of a run that names its database."""

    @property
    def target(self) -> str:
        """The database's URL with its secrets masked."""


def resumed(journal: RunJournal, before: frozenset[str], resume: Resume, run_with: RunWith) -> Execution:
    """Return the execution that finishes the unfinished revision, one without steps if there is none.

    Raises UnfinishedRevision if its file was edited since, unless edits are accepted.
    """
    found, run = journal.noted(), run_with(None)
    if found is None:
        return Execution(run, (), before)
    if not resume.accepts_edits and found.content and run.content(found.revision) != found.content:
        raise UnfinishedRevision(
            f"{found.sentence} Its version file was edited since. Nothing was run. Undo the edit, or run the "
            "statements that the file has now and that were not executed: mig resume --edited.",
            found.revision,
        )
    return Execution(run_with(_replay(run, found, resume)), (found.step,), before)


def abandoned(
    journal: RunJournal, abandon: Abandon, kw: Mapping[str, object], run_with: RunWith, context: TargetContext
) -> Abandoned | None:
    """Undo what was executed of the unfinished revision, newest first, and remove its notes; None if there is none.

    ``kw`` is passed on to the revision's function.
    """
    found, recorder, run = journal.noted(), journal.recorder, run_with(None)
    if found is None or recorder is None or run.connection is None:
        return None
    parts = [] if abandon.forget else _executed_parts(found, recorder, kw, run_with, context)
    if not abandon.force:
        refuse_remains(parts, found.revision)
    with journal.closed(), run.transactions.of_revision():
        operations = Operations(context)
        for part in reversed(parts):
            if part.reverses is not None:
                undo(part, operations, partial(was_executed, connection=run.connection))
        recorder.table.finish(found.revision)
        recorder.is_used = True
    undone = tuple(each.sentence() for part in reversed(parts) for each in part.reverses or ())
    remains = tuple(part.sentence for part in parts if part.reverses is None)
    return Abandoned(found.revision, undone, remains, context.target)


def _executed_parts(
    found: Unfinished, recorder: Recorder, kw: Mapping[str, object], run_with: RunWith, context: RunContext
) -> list[Part]:
    """Return what was executed of a revision, by running its function without executing anything."""
    replay = _replay(run_with(None), found, Resume(), stops=True)
    run = run_with(replay)
    function = partial(run.function(found.step), **kw)
    with ReadingOperations.context(context) as operations, recorder.listening():
        assert isinstance(operations, ReadingOperations), "it is the class of the context"
        operations.replay, operations.parts, operations.types = replay, [], []
        with run.transactions.of_revision(), recorder.recording(found.step, lambda: found.content, replay):
            return parts_of(operations, function)


def _replay(run: Run, found: Unfinished, resume: Resume, *, stops: bool = False) -> Replay:
    assert run.connection is not None, "offline nothing is noted"
    probe = partial(was_executed, connection=run.connection)
    return Replay(found, run.impl.dialect, probe, resume.was_executed, stops=stops)
