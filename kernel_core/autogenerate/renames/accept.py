"""Make a rename of a drop and an addition."""

from __future__ import annotations

from ...operations.containers import UpgradeOps, grouped
from ...operations.kinds.column import DropColumnOp
from ...operations.kinds.constraint import DropConstraintOp
from ...operations.kinds.index import DropIndexOp
from ...operations.kinds.table import DropTableOp
from ...operations.operation import MigrateOperation
from ...operations.renames import RenameCandidate
from ...operations.requirements import Requirement, key
from ...util.exc import CommandError
from .redundant_pairs import without_redundant_pairs


def accept(upgrade_ops: UpgradeOps, candidate: RenameCandidate) -> UpgradeOps:
    """Return a new list in which the candidate's drop and addition are one rename; ``upgrade_ops`` stays as it is.

    What is dropped and added again only because of the name (an index over the column, a foreign key to it) goes too.
    What must go all the same goes before the rename, and what is new comes after it, so that the downgrade, which runs
    backwards, finds each under the name that it knows.

    Raises CommandError where the two operations are not in the list (any more).
    """
    leaves = list(upgrade_ops.leaves())
    if not _holds(leaves, candidate):
        raise CommandError(
            f"{candidate.old_name} cannot be renamed to {candidate.new_name}: the list does not hold the drop and the "
            "addition as they were found. Take both in, unchanged."
        )
    left = without_redundant_pairs(leaves, candidate)
    wanted = _made_by(candidate)
    place = next((at for at, leaf in enumerate(left) if not _drops(leaf) and wanted & leaf.requires()), len(left))
    early = [leaf for leaf in left[place:] if _drops(leaf) and _is_about(leaf, candidate)]
    late = [leaf for leaf in left[place:] if not any(leaf is other for other in early)]
    accepted = UpgradeOps(grouped([*left[:place], *early, *candidate.instead, *late]), upgrade_ops.upgrade_token)
    accepted.names = upgrade_ops.names
    accepted.renames = tuple(each for each in upgrade_ops.renames if _holds(list(accepted.leaves()), each))
    return accepted


def accept_all(upgrade_ops: UpgradeOps) -> UpgradeOps:
    """Return a new list in which every candidate of ``upgrade_ops.renames`` is a rename."""
    while upgrade_ops.renames:
        upgrade_ops = accept(upgrade_ops, upgrade_ops.renames[0])
    return upgrade_ops


def _holds(leaves: list[MigrateOperation], candidate: RenameCandidate) -> bool:
    return all(any(leaf is each for leaf in leaves) for each in (candidate.drop, candidate.add))


def _made_by(candidate: RenameCandidate) -> frozenset[Requirement]:
    """Return what is there only after the rename; of a column the whole table, so that its changes stay together."""
    return frozenset({("table", *key(candidate.add.schema, candidate.add.table_name))}) | candidate.add.provides()


def _drops(operation: MigrateOperation) -> bool:
    return isinstance(operation, (DropIndexOp, DropConstraintOp, DropTableOp))


def _is_about(operation: MigrateOperation, candidate: RenameCandidate) -> bool:
    """Tell whether a drop, undone, would speak of the old name."""
    table = (candidate.drop.schema, candidate.drop.table_name)
    freed: set[Requirement] = {("freed", "table", *key(*table))}
    if isinstance(candidate.drop, DropColumnOp):
        freed = {("freed", "column", *key(*table, candidate.drop.column_name))}
    return operation.table_key == table or bool(freed & operation.provides())
