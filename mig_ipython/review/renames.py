"""Rename candidates: a drop and an addition that one rename can replace."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kernel_core.autogenerate.renames import RenameCandidate, accept
from kernel_core.operations.containers import UpgradeOps, grouped
from kernel_core.operations.operation import MigrateOperation

from .row import Row


def possible(candidates: Sequence[RenameCandidate], rows: Sequence[Row]) -> tuple[RenameCandidate, ...]:
    """Return the candidates whose drop and addition are both accepted and unedited."""
    unedited = {id(row.operation) for row in rows if row.accepted and not row.invalid}
    return tuple(each for each in candidates if id(each.drop) in unedited and id(each.add) in unedited)


def renamed(
    rows: Sequence[Row], candidate: RenameCandidate, new_row: Callable[[MigrateOperation], Row]
) -> tuple[Row, ...]:
    """Return the rows with a rename in place of the candidate's drop and addition, and of what depends on these.

    Raises CommandError if the two are not among the rows.
    """
    by_operation = {id(row.operation): row for row in rows}
    left = accept(UpgradeOps(grouped(row.operation for row in rows)), candidate).leaves()
    return tuple(by_operation.get(id(leaf)) or new_row(leaf) for leaf in left)
