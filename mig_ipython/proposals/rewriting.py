"""Rehearse the rewrite of a row, and compare it with what the row does as it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from kernel_core.operations.containers import UpgradeOps
from kernel_core.rehearse.rewrites.verdict import Rehearsed, verdict
from kernel_core.util.exc import CommandError

from ..review import Review
from ..views.rehearsal import RehearsalReport

Run = Callable[[UpgradeOps, bool], RehearsalReport]
"""Rehearse operations; with True on a clone that has no rows."""


def rehearse_rewrite(review: Review, run: Run, number: int, name: str, sql: str = "") -> RehearsalReport:
    """Return the report of the accepted rows with a rewrite of row ``number``; its `verdicts` are about the rewrite.

    The rows as they are now are rehearsed too, in the same call; where something fails on the rows of the database,
    both are rehearsed once more without rows, so that the whole schemas are compared. The review is not changed.
    Raises CommandError if the row has no such rewrite, its expression is invalid, or the row is not accepted.
    """
    row = review.row(number)
    if not row.accepted:
        raise CommandError(f"Row {number} is rejected, so that its rewrite would not run. Accept it first.")
    trial = review.trial()
    trial.rewrite(number, name, sql)
    bundle = trial.row_of(row.key).bundle
    own = frozenset(each.sentence for each in trial.rows if each.bundle == bundle)
    originals, rewritten = (_both(run, each.accepted()) for each in (review, trial))
    verdicts = tuple(
        verdict(before, after, own)
        for before, after in zip(_by_database(originals), _by_database(rewritten), strict=True)
    )
    return replace(rewritten[0], verdicts=verdicts)


def _both(run: Run, operations: UpgradeOps) -> tuple[RehearsalReport, RehearsalReport]:
    """Return the report of operations on the rows, and one in which none is left out because of a row."""
    on_rows = run(operations, False)
    return on_rows, on_rows if on_rows.is_clean else run(operations, True)


def _by_database(reports: tuple[RehearsalReport, RehearsalReport]) -> list[Rehearsed]:
    return [Rehearsed(*each) for each in zip(reports[0].found, reports[1].found, strict=True)]
