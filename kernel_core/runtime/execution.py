"""A plan on its way: each step in its transaction, its rows of the version table, and what is told of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from ..script.steps import StampStep, Step
from ..util.exc import CommandError, SomeoneElseMovedIt
from ..util.logs import Log
from ..util.secrets import redact
from .commit_probe import Mark
from .failure import Aftermath, failed
from .group import Group
from .heads import after, as_text
from .report import AppliedStep, RunEvent
from .side_effects import further_names, is_plain
from .step_info import MigrationInfo, info_of
from .transaction import RevisionTransaction

if TYPE_CHECKING:
    from .migration import MigrationContext

log = Log("runtime.migration")
AnyStep = Step | StampStep


class Execution:
    """The steps of one plan on one database: ``before`` it stood there, now at ``heads``, and these steps are ``done``.

    With one transaction for all, ``heads`` and ``done`` count only once that is committed.
    """

    def __init__(self, context: MigrationContext, steps: Sequence[AnyStep], before: frozenset[str]) -> None:
        self.context, self.steps = context, steps
        self.before = self.heads = before
        self.done: list[AppliedStep] = []
        self._ways: list[tuple[frozenset[str], int]] = [(before, 0)]
        self._group = Group(context.transactions)
        self._is_plain: Callable[[int], bool] = lambda _: False
        self._has_committed = False

    def run(self, kw: Mapping[str, Any]) -> None:
        """Carry all steps out; ``kw`` is passed on to each ``upgrade()``. Raises UpgradeFailed where one fails.

        What is done when an error or an interrupt comes is committed before it goes on.
        """
        self._is_plain = self._plainness(kw)
        shares, owes = self._shares_transactions(), self._may_owe_rows()
        try:
            for index, step in enumerate(self.steps):
                both = (shares or owes) and self._is_plain(index) and self._is_plain(index + 1)
                self._take(step, index, both and shares, both and owes, kw)
        except BaseException:
            self._group.commit()
            raise

    def _take(self, step: AnyStep, index: int, stays: bool, owes: bool, kw: Mapping[str, Any]) -> None:
        """Carry one step out, in the transaction that others began or in its own, and tell of it.

        Where it ``stays``, the next step is in the same transaction; where it ``owes``, that step writes its rows too.
        """
        new, report = after(self.heads, step), self._reporter(step, index + 1)
        report("start", 0.0)
        started, transaction, suspensions = time.perf_counter(), None, 0
        try:
            is_first = not self._group.is_open
            with self._group.revision(stays=stays) as transaction:
                suspensions = transaction.suspensions if transaction is not None else 0
                if is_first and not self._holds_rows(transaction):
                    self._secure(index, new, transaction)
                with self._marked(index, transaction):
                    self._carry_out(step, new, owes, kw)
        except BaseException as error:  # noqa: BLE001 - _explain raises it, or the error made of it
            self.context.version_rows.forget()
            after_it = self._end(error, transaction, suspensions)
            report("failed", time.perf_counter() - started)
            self._explain(error, step, after_it)
        seconds = 0.0 if self.context.as_sql else time.perf_counter() - started
        self.done += [AppliedStep(each, step.direction, self._doc(each), seconds) for each in named(step)]
        self.heads = new
        self._ways.append((new, len(self.done)))
        report("done", seconds)

    def _secure(self, index: int, new: frozenset[str], transaction: RevisionTransaction | None) -> None:
        """Make sure that the rows are still what they were, and that nobody else moves them while the step runs."""
        table = self.context.version_rows
        if transaction is not None and table.can_claim(self.heads, new) and self._is_plain(index):
            table.claim(self.heads, new)
        else:
            table.open(self.heads)

    @contextmanager
    def _marked(self, index: int, transaction: RevisionTransaction | None) -> Iterator[None]:
        """Note, where a step that runs a revision's code fails, whether that code has committed."""
        context, self._has_committed = self.context, False
        marks = transaction is not None and not transaction.autocommits and type(context.impl).marks_transactions
        mark = Mark(context.connection) if marks and context.connection and not self._is_plain(index) else None
        suspensions = transaction.suspensions if transaction is not None else 0
        try:
            yield
        except BaseException:
            if mark is not None and transaction is not None and transaction.suspensions == suspensions:
                self._has_committed = mark.is_gone()
            raise

    def _holds_rows(self, transaction: RevisionTransaction | None) -> bool:
        """Tell whether an earlier step has locked the rows in the one transaction for all."""
        one = transaction is not None and self.context.transactions.one_for_all and not transaction.interrupted
        return one and bool(self.done)

    def _carry_out(self, step: AnyStep, new: frozenset[str], owes: bool, kw: Mapping[str, Any]) -> None:
        """Run one step and move the rows; what belongs inside its transaction."""
        info = self._announce(step)
        if isinstance(step, Step):
            self._function(step)(**kw)
        rows = self.context.version_rows
        (rows.owe if owes else rows.write)(self.heads, new)
        for callback in self.context.on_version_apply_callbacks:
            callback(ctx=self.context, step=info, heads=set(new), run_args=dict(kw))

    def _function(self, step: Step) -> Callable[..., object]:
        assert self.context.script is not None, "steps come from a script directory"
        script = self.context.script.get_revision(step.revision_id)
        function = getattr(script.module, step.direction, None)
        if function is None:
            raise CommandError(f"{script.path} has no function {step.direction}(). Write one.")
        return function  # type: ignore[no-any-return]

    def _plainness(self, kw: Mapping[str, Any]) -> Callable[[int], bool]:
        """Return what tells whether a step only changes the schema, so that nobody looks while it runs."""
        script, further, known = self.context.script, further_names(), dict[int, bool]()
        if script is None or kw:
            return lambda _: False

        def is_plain_step(index: int) -> bool:
            if index not in known:
                step = self.steps[index] if index < len(self.steps) else None
                known[index] = isinstance(step, Step) and is_plain(script.get_revision(step.revision_id).code, further)
            return known[index]

        return is_plain_step

    def _shares_transactions(self) -> bool:
        """Tell whether steps may share a transaction: it is this run's own, and nobody looks between two of them."""
        context = self.context
        if context.connection is None or context.borrowed or context.transactions.one_for_all:
            return False
        return not self._is_watched() and context.impl.can_group(context.connection)

    def _may_owe_rows(self) -> bool:
        """Tell whether the rows may change once for several steps: all is one transaction, into which nobody looks."""
        context = self.context
        if context.connection is None or context.borrowed or not context.transactions.one_for_all:
            return False
        return not self._is_watched() and context.impl.can_claim(context.connection)

    def _is_watched(self) -> bool:
        """Tell whether a listener or callback runs between two steps that may look at the database."""
        looks = self._listener is not None and not getattr(self._listener, "only_shows", False)
        return looks or bool(self.context.on_version_apply_callbacks)

    # ---- when it fails ------------------------------------------------------------------------------------------

    def _end(self, error: BaseException, transaction: RevisionTransaction | None, suspensions: int) -> Aftermath:
        """End the transaction of a step that failed, and return what was kept of it.

        ``suspensions`` is how often the transaction had been committed when the step began.
        """
        context = self.context
        failed_with = context.transactions.roll_back(error)
        if transaction is not None:
            failed_with = failed_with or transaction.rollback_error
        is_read = self._read_again() and failed_with is None
        after = Aftermath(
            tuple(sorted(self.heads)),
            tuple(each.revision for each in self.done),
            is_read,
            began=transaction is not None or context.borrowed or context.as_sql,
            one_for_all=context.transactions.one_for_all,
            rollback_error=failed_with,
        )
        if transaction is None:
            return after
        suspended = transaction.suspensions > suspensions
        way: Literal["", "inside", "before"] = "inside" if transaction.is_suspended else "before" if suspended else ""
        rolls_back_all = after.one_for_all and not transaction.interrupted
        found = replace(after, autocommits=transaction.autocommits, suspended=way, one_for_all=rolls_back_all)
        return replace(found, committed=self._has_committed)

    def _explain(self, error: BaseException, step: AnyStep, after_it: Aftermath) -> NoReturn:
        """Raise UpgradeFailed for an error; re-raise an interrupt, with a note that names the current revision."""
        if not isinstance(error, Exception):
            where = "is at" if after_it.is_read else "could not be read; before the step it was at"
            error.add_note(f"Stopped in {step.direction}; the database {where} {as_text(after_it.heads)}.")
            raise error
        if isinstance(error, SomeoneElseMovedIt):
            raise error
        raise failed(error, step, self.context, after_it) from error

    def _read_again(self) -> bool:
        """Read the current revision after a failure, and count as done what led there; False where it cannot."""
        context = self.context
        if context.borrowed or context.as_sql:
            return True
        try:
            self._go_back(frozenset(context.get_current_heads()))
        except Exception as second:  # noqa: BLE001 - the connection may be gone; the first error is what counts
            log.debug("cannot read the version table after a failure: %s", type(second).__name__)
            if context.transactions.one_for_all:
                self._go_back(self.before)
            return False
        return True

    def _go_back(self, heads: frozenset[str]) -> None:
        """Forget the steps that were taken back together with the one that failed."""
        self.heads = heads
        count = next((count for way, count in reversed(self._ways) if way == heads), len(self.done))
        del self.done[count:]

    # ---- what is told -------------------------------------------------------------------------------------------

    def _announce(self, step: AnyStep) -> MigrationInfo | None:
        script, as_sql = self.context.script, self.context.as_sql
        info = info_of(step, script.map) if script is not None else None
        if (not as_sql and not log.is_enabled()) or self.context.opts.get("is_scratch"):
            return info
        source, goal = (info.source_revision_ids, info.destination_revision_ids) if info else (step.removed, step.added)
        doc = self._doc(step.revision_id) if isinstance(step, Step) else ""
        said = f"{', '.join(source)} -> {', '.join(goal)}{', ' if doc else ''}{doc}"
        # The second name of a stamp is the one that Alembic logs.
        name = step.direction if isinstance(step, Step) else "stamp_revision"
        log.info("%s", redact(f"Running {name} {said}"))
        if as_sql:
            self.context.impl.static_output("-- " + " ".join(f"Running {step.direction} {said}".split()))
        return info

    @property
    def _listener(self) -> Any:
        config = None if self.context.opts.get("is_scratch") else self.context.config
        return getattr(config, "attributes", {}).get("on_step") if config is not None else None

    def _reporter(self, step: AnyStep, index: int) -> Callable[[str, float], None]:
        listener = self._listener
        revision = ", ".join(named(step))

        def report(kind: Any, seconds: float) -> None:
            if listener is not None:
                doc = self._doc(step.revision_id) if isinstance(step, Step) else ""
                listener(RunEvent(kind, revision, step.direction, doc, index, len(self.steps), seconds))

        return report

    def _doc(self, revision: str) -> str:
        revisions = getattr(self.context.script, "map", None)
        return revisions.get_revision(revision).doc if revisions is not None and revision in revisions else ""


def named(step: AnyStep) -> tuple[str, ...]:
    """Return the ids that a report names for a step."""
    if isinstance(step, StampStep):
        return step.added or step.removed
    return (step.revision_id,)
