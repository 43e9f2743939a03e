"""Replace a drop and an addition by a rename."""

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

    Pairs that become redundant (an index over the column, a foreign key to it, dropped and added again only because of
    the name) are left out. Other drops that refer to the old name are put before the rename, so that their reverse runs
    after it has been reversed.

    Raises CommandError where the two operations are not in the list.
    """
    leaves = list(upgrade_ops.leaves())
    if not _holds(leaves, candidate):
        raise CommandError(
            f"{candidate.old_name} cannot be renamed to {candidate.new_name}: the drop or the addition is not in the "
            "list, or was changed. Include both, unchanged."
        )
    left = without_redundant_pairs(leaves, candidate)
    provided = _provided_by(candidate)
    place = next((at for at, leaf in enumerate(left) if not _drops(leaf) and provided & leaf.requires()), len(left))
    early = [leaf for leaf in left[place:] if _drops(leaf) and _refers_to_old_name(leaf, candidate)]
    late = [leaf for leaf in left[place:] if not any(leaf is other for other in early)]
    accepted = [*left[:place], *early, *candidate.instead, *late]
    return UpgradeOps(
        grouped(accepted),
        upgrade_ops.upgrade_token,
        renames=tuple(each for each in upgrade_ops.renames if _holds(accepted, each)),
        names=upgrade_ops.names,
    )


def accept_all(upgrade_ops: UpgradeOps) -> UpgradeOps:
    """Return a new list in which every candidate of ``upgrade_ops.renames`` is replaced by a rename."""
    while upgrade_ops.renames:
        upgrade_ops = accept(upgrade_ops, upgrade_ops.renames[0])
    return upgrade_ops


def _holds(leaves: list[MigrateOperation], candidate: RenameCandidate) -> bool:
    return all(any(leaf is each for leaf in leaves) for each in (candidate.drop, candidate.add))


def _provided_by(candidate: RenameCandidate) -> frozenset[Requirement]:
    """Return what exists only after the rename, and its table, so that the changes to one table stay together."""
    return frozenset({("table", *key(candidate.add.schema, candidate.add.table_name))}) | candidate.add.provides()


def _drops(operation: MigrateOperation) -> bool:
    return isinstance(operation, (DropIndexOp, DropConstraintOp, DropTableOp))


def _refers_to_old_name(operation: MigrateOperation, candidate: RenameCandidate) -> bool:
    """Return whether the reverse of a drop would refer to the old name."""
    table = (candidate.drop.schema, candidate.drop.table_name)
    freed: set[Requirement] = {("freed", "table", *key(*table))}
    if isinstance(candidate.drop, DropColumnOp):
        freed = {("freed", "column", *key(*table, candidate.drop.column_name))}
    return operation.table_key == table or bool(freed & operation.provides())
