"""Detect likely renames (a drop and an addition), and replace the two operations by a rename.

for candidate in upgrade_ops.renames:      # found with the comparison; or candidates(context, upgrade_ops)
    print(candidate.sentence())
upgrade_ops = accept(upgrade_ops, candidate)
"""

from ...operations.renames import RenameCandidate
from .accept import accept, accept_all
from .option import CHOICES, chosen_renames, settle_renames
from .search import candidates

__all__ = ["CHOICES", "RenameCandidate", "accept", "accept_all", "candidates", "chosen_renames", "settle_renames"]
