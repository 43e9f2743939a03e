"""Runs a plan: one transaction for each step where the database allows it, version rows, progress events."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import replace
from functools import partial
from typing import NoReturn, cast

from sqlalchemy.exc import DBAPIError

from ..script import Script
from ..script.steps import AnyStep, StampStep, Step
from ..util.exc import VersionTableChanged
from ..util.logs import Log
from .commit_probe import CommitProbe, Ended
from .failure import FailureState, failed, outcome
from .group import Group, GroupUndone
from .heads import after, as_text
from .interrupts import Interrupts, handled
from .journal.probe import looked_up
from .journal.recorder import Recorder
from .journal.table import Unfinished
from .report import AppliedStep
from .retry import can_retry, wait_for_retry
from .row_writes import RowWrites
from .run import Run
from .step_reports import OwedReports, Report, announce_step, report_of, revisions_of
from .transaction import RevisionTransaction
from .ways import Way, ways

log = Log("runtime.migration")
_NOTHING_RECORDED = nullcontext()


class Execution:
    """The steps of one plan on one database.

    ``before`` are the heads when the run began, ``heads`` the current ones, ``done`` the steps that are applied. In one
    transaction for the whole run, ``heads`` and ``done`` are true only once it is committed.
    """

    def __init__(self, run: Run, steps: Sequence[AnyStep], before: frozenset[str]) -> None:
        self._run, self.steps = run, steps
        self._revisions = run.script.map if run.script is not None else None
        self.before = self.heads = before
        self.done: list[AppliedStep] = []
        self._reached: list[tuple[frozenset[str], int]] = [(before, 0)]
        """The heads after each step, and how many steps were done then."""
        self._contents = run.applied_contents()
        self._rows = RowWrites(run.version_table, self._contents, before)
        self._group = Group(run.impl, run.transactions, self._rows)
        self._owed = OwedReports()
        self._interrupts: Interrupts = Interrupts()
        self._recorder: Recorder | None = None

    def execute(self, kw: Mapping[str, object], *, is_locked: bool = False) -> None:
        """Run all steps; ``kw`` is passed on to each ``upgrade()``. Raises UpgradeFailed where one fails.

        ``is_locked`` is True while the run lock is held. Then only the first step locks the rows, and compares them.
        On an error or an interrupt the steps that are done are committed before it is raised.
        """
        found = ways(self._run, self.steps, kw, is_locked=is_locked)
        is_pure = all(way.only_schema for way in found)
        with (
            handled(self._run.connection, self._run.impl) as self._interrupts,
            self._journal(is_pure=is_pure) as self._recorder,
        ):
            self._run.lock_watch.check = self._interrupts.check
            try:
                self._run_steps(found, kw)
            except BaseException:
                self._group.commit()
                raise
            self._stop_after_last_step()

    def _run_steps(self, found: Sequence[Way], kw: Mapping[str, object]) -> None:
        reports = [report_of(self._run, step, number, len(found)) for number, step in enumerate(self.steps, 1)]
        planned = list(zip(self.steps, reports, found, strict=True))
        began = 0
        for index, (step, report, way) in enumerate(planned):
            if not self._group.is_open:
                began = index
            try:
                self._run_step(step, report, kw, way)
            except GroupUndone as undone:
                self._check_can_run_again(undone, step, report, index - began)
                shares = not self._run.transactions.one_for_all
                for again, its_report, its_way in planned[began : index + 1]:
                    single = replace(its_way, queues=False, keep_open=its_way.keep_open and shares, is_logged=True)
                    self._run_step(again, its_report, kw, single)

    def _check_can_run_again(self, undone: GroupUndone, step: AnyStep, report: Report, before: int) -> None:
        """Return if the ``before`` steps of a group before ``step`` are rolled back with it; else raise its error."""
        assert undone.__cause__ is not None, "a group is undone because of an error"
        error, expected = self._interrupts.cause_of(undone.__cause__), len(self._reached) - 1 - before
        is_alive = isinstance(error, Exception) and not getattr(error, "connection_invalidated", False)
        if is_alive and self._run.transactions.one_for_all and self._group.return_to_begin():
            self.heads, count = self._reached[expected]
            del self.done[count:], self._reached[expected + 1 :]
            self._owed.forget()
            return
        state = self._end(step, error, None, 0, "")
        is_as_before = state.is_read and self.heads == self._reached[expected][0]
        if is_as_before and is_alive and not self._run.transactions.one_for_all:
            del self._reached[expected + 1 :]
            self._owed.forget()
            return
        self._settle()
        report("failed", 0.0)
        self._raise(error, step, replace(state, began=True))

    @contextmanager
    def _journal(self, *, is_pure: bool) -> Iterator[Recorder | None]:
        """Note during the block what revisions commit before they are done; None where none of the steps can."""
        recorder, impl = self._run.journal, self._run.impl
        runs_code = any(isinstance(step, Step) for step in self.steps)
        is_undoable = type(impl).transactional_ddl and is_pure and not self._run.autocommits
        if recorder is None or not runs_code or is_undoable:
            yield None
            return
        if not type(impl).transactional_ddl:
            with self._run.transactions.of_revision():
                recorder.prepare()
        with recorder.listening():
            yield recorder

    def _run_step(self, step: AnyStep, report: Report, kw: Mapping[str, object], way: Way) -> None:
        """Run one step in its transaction, or in the one that earlier steps left open, and report it."""
        heads, script = after(self.heads, step), self._script(step)
        if not way.is_second and way.attempt == 1:
            self._owed.report(report, "start", len(self.done))
        started, transaction, suspensions = time.perf_counter(), None, 0
        ended: Ended = ""
        begins = not self._group.is_open
        try:
            self._interrupts.check()
            with self._group.revision(keep_open=way.keep_open) as transaction:
                suspensions = transaction.suspensions if transaction is not None else 0
                if begins:
                    self._begin(transaction, way)
                probe = self._commit_probe(transaction) if way.probes else None
                try:
                    self._apply(step, script, heads, kw, way, probe)
                except BaseException as failure:
                    ended = probe.ended(suspensions, failure) if probe is not None else ""
                    raise
        except GroupUndone:
            raise
        except BaseException as raised:  # noqa: BLE001 - _raise raises it, or the error made of it
            error = self._interrupts.cause_of(raised)
            if not begins and self._may_succeed_alone(error):
                self._run_step(step, report, kw, replace(way, is_second=True))
                return
            if self._run.transactions.one_for_all:
                self._settle()  # those before it were run, and are rolled back with it
            state = replace(self._end(step, error, transaction, suspensions, ended), attempts=way.attempt)
            if can_retry(error, self._run, state):
                self._wait_for_retry(error, step, state)
                self._run_step(step, report, kw, replace(way, attempt=way.attempt + 1))
                return
            self._settle()
            report("failed", time.perf_counter() - started)
            self._raise(error, step, state)
        seconds = time.perf_counter() - started
        self._count_as_done(step, script, heads, seconds)
        self._owed.report(report, "done", len(self.done), seconds, waits=True)
        if not self._group.is_queued:
            self._settle()

    def _begin(self, transaction: RevisionTransaction | None, way: Way) -> None:
        """Make the version table ready, in the transaction of the first step that uses it; then statements may wait."""
        if transaction is not None:
            transaction.before_commit = self._rows.write
        if not self._holds_rows(transaction, way):
            self._run.version_table.lock(self.heads)
        if way.queues:
            self._group.start_queue()

    def _may_succeed_alone(self, error: BaseException) -> bool:
        """Return whether a step that failed in a group may succeed in its own transaction, those before it being done.

        A statement of a group may take too long, or need a lock that is only granted to a shorter transaction.
        """
        is_of_group = isinstance(error, DBAPIError) and not error.connection_invalidated
        return is_of_group and type(self._run.impl).may_fail_in_groups and self._run.current_heads() == self.heads

    def _script(self, step: AnyStep) -> Script | None:
        """Return the revision of a step; None for a stamp."""
        if not isinstance(step, Step) or self._revisions is None:
            return None
        return cast("Script | None", self._revisions.known(step.revision_id))

    def _apply(
        self,
        step: AnyStep,
        script: Script | None,
        heads: frozenset[str],
        kw: Mapping[str, object],
        way: Way,
        probe: CommitProbe | None,
    ) -> None:
        """Run the revision's function, move the version rows, call the callbacks: what one transaction holds."""
        if not way.writes_late:
            self._rows.write()
        info = announce_step(self._run, step, script, is_second=way.is_second or way.is_logged)
        if isinstance(step, Step):
            function = self._run.function(step, script)
            with self._interrupts.in_revision(), self._recording(step, probe):
                function(**kw)
        self._rows.reach(heads)
        self._note_content(step, heads)
        if not way.writes_late:
            self._rows.write()
        if self._recorder is not None and isinstance(step, Step):
            self._recorder.finish(step)
        for callback in self._run.callbacks:
            callback(step=info, heads=set(heads), run_args=dict(kw))

    def _note_content(self, step: AnyStep, heads: frozenset[str]) -> None:
        """Note what the file of an applied revision contains; of a stamped one that is not known."""
        if self._contents is None:
            return
        if isinstance(step, StampStep):
            revisions = self._run.script.map if self._run.script is not None else None
            known = [head for head in heads if revisions is not None and head in revisions]
            self._contents.keep_only(frozenset(revisions.ancestors(known)) if revisions is not None else heads)
        elif step.direction == "upgrade":
            self._contents.apply(step.revision_id)
        else:
            self._contents.remove(step.revision_id)

    @property
    def notes_contents(self) -> bool:
        """Whether this run has noted the content of files, or removed such notes."""
        return self._contents is not None and self._contents.is_used

    def _recording(self, step: Step, probe: CommitProbe | None) -> AbstractContextManager[None]:
        if self._recorder is None:
            return _NOTHING_RECORDED
        content = partial(self._run.content, step.revision_id)
        return self._recorder.recording(step, content, self._run.replay, probe.how_ended if probe else None)

    def _count_as_done(self, step: AnyStep, script: Script | None, heads: frozenset[str], seconds: float) -> None:
        for revision in revisions_of(step):
            doc = self._run.doc(revision) if script is None else script.doc
            self.done.append(AppliedStep(revision, step.direction, doc, seconds))
        self.heads = heads
        self._reached.append((heads, len(self.done)))

    def _settle(self) -> None:
        """Report the steps that are done and not reported; steps whose statements were sent together took a share."""
        count, seconds = self._group.take_share()
        if count:
            self.done[-count:] = [each._replace(seconds=seconds) for each in self.done[-count:]]
            self._owed.share(seconds)
        self._owed.settle(len(self.done))

    # ---- how a step is run --------------------------------------------------------------------------------------

    def _holds_rows(self, transaction: RevisionTransaction | None, way: Way) -> bool:
        """Return whether only this run changes the version rows, since an earlier step found them as expected.

        They are locked in the one transaction of the whole run, or every run waits for the run lock. What changes them
        without that lock is found where they are written.
        """
        one = transaction is not None and self._run.transactions.one_for_all and not transaction.interrupted
        return (one or way.is_locked) and bool(self.done)

    def _commit_probe(self, transaction: RevisionTransaction | None) -> CommitProbe | None:
        """Return a probe for the step that begins; None without a transaction that it could commit."""
        if transaction is None or transaction.autocommits or not type(self._run.impl).marks_transactions:
            return None
        return CommitProbe(transaction)

    # ---- when it fails ------------------------------------------------------------------------------------------

    def _end(
        self,
        step: AnyStep,
        error: BaseException,
        transaction: RevisionTransaction | None,
        suspensions: int,
        ended: Ended,
    ) -> FailureState:
        """End the transaction of a step that failed, and return what is kept of it.

        ``suspensions`` is how often the transaction had been committed when the step began; ``ended`` is how the
        step's own code has ended it.
        """
        run = self._run
        with suppress(Exception):  # what it failed with shows in the heads that are read
            self._group.commit()  # open only if the step did not begin
        run.version_table.forget()
        failed_with = run.transactions.roll_back(error)
        if transaction is not None:
            failed_with = failed_with or transaction.rollback_error
        is_read = self._read_heads() and failed_with is None
        has_journal = is_read and self._recorder is not None and self._recorder.is_used
        state = FailureState(
            tuple(sorted(self.heads)),
            tuple(each.revision for each in self.done),
            is_read,
            began=transaction is not None or run.borrowed,
            one_for_all=run.transactions.one_for_all,
            rollback_error=failed_with,
            autocommits=run.borrowed and run.autocommits,
            has_journal=has_journal,
            unfinished=self._unfinished() if has_journal else None,
            revision=", ".join(revisions_of(step)),
        )
        if transaction is None:
            return state
        suspended = transaction.suspensions > suspensions
        return replace(
            state,
            autocommits=transaction.autocommits,
            suspended="inside" if transaction.is_suspended else "before" if suspended else "",
            one_for_all=state.one_for_all and not transaction.interrupted,
            ended=ended,
        )

    def _unfinished(self) -> Unfinished | None:
        """Read what the journal says after a failure."""
        assert self._recorder is not None, "only a run with a journal reads it"
        with self._run.transactions.only_reading():
            self._recorder.table.forget()
            found, connection = self._recorder.table.unfinished(), self._run.connection
            return found if found is None or connection is None else looked_up(found, connection)

    def _wait_for_retry(self, error: BaseException, step: AnyStep, state: FailureState) -> None:
        try:
            wait_for_retry(error, step, self._run, state, self._interrupts.check)
        except KeyboardInterrupt as stopped:
            self._raise(stopped, step, state)

    def _stop_after_last_step(self) -> None:
        try:
            self._interrupts.check()
        except KeyboardInterrupt as error:
            error.add_note(f"Stopped after the last revision; the database is at {as_text(self.heads)}.")
            raise

    def _raise(self, error: BaseException, step: AnyStep, state: FailureState) -> NoReturn:
        """Raise UpgradeFailed for an error; re-raise an interrupt, with a note that names the current revision."""
        if not isinstance(error, Exception):
            revision = ", ".join(revisions_of(step))
            error.add_note(f"Stopped in {step.direction} of {revision}. {outcome(self._run, state)}")
            raise error
        if isinstance(error, VersionTableChanged):
            raise error
        raise failed(error, step, self._run, state) from error

    def _read_heads(self) -> bool:
        """Read the current heads after a failure, and count as done the steps up to them; False where it cannot."""
        run = self._run
        if run.borrowed:
            return True
        try:
            self._return_to(run.current_heads())
        except Exception as second:  # noqa: BLE001 - the connection may be lost; the first error is what counts
            log.debug("cannot read the version table after a failure: %s", type(second).__name__)
            if run.transactions.one_for_all:
                self._return_to(self.before)
            return False
        return True

    def _return_to(self, heads: frozenset[str]) -> None:
        """Remove from ``done`` the steps that were rolled back together with the one that failed."""
        self.heads = heads
        self._rows.restart(heads)
        count = next((count for reached, count in reversed(self._reached) if reached == heads), len(self.done))
        del self.done[count:]
