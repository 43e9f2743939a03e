"""A drop and an addition that look like a rename: offered as one choice, and made one row."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kernel_core.autogenerate.renames import RenameCandidate, accept
from kernel_core.operations.containers import UpgradeOps, grouped
from kernel_core.operations.operation import MigrateOperation

from .row import Row


def possible(candidates: Sequence[RenameCandidate], rows: Sequence[Row]) -> tuple[RenameCandidate, ...]:
    """Return the candidates of which both operations are accepted rows, as they were found."""
    here = {id(row.operation) for row in rows if row.accepted and not row.wrong}
    return tuple(one for one in candidates if id(one.drop) in here and id(one.add) in here)


def renamed(
    rows: Sequence[Row], candidate: RenameCandidate, new_row: Callable[[MigrateOperation], Row]
) -> tuple[Row, ...]:
    """Return the rows with one rename in place of a candidate's drop and addition, and of what they brought along.

    Raises CommandError where the two are not among the rows.
    """
    by_operation = {id(row.operation): row for row in rows}
    left = accept(UpgradeOps(grouped(row.operation for row in rows)), candidate).leaves()
    return tuple(by_operation.get(id(leaf)) or new_row(leaf) for leaf in left)
