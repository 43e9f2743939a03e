"""What becomes of the candidates: they are shown, made renames, or not looked for."""

from __future__ import annotations

from ...operations.containers import UpgradeOps
from ...util.exc import CommandError
from ..context import AutogenContext
from .accept import accept_all
from .case import rename_by_case
from .find import candidates

CHOICES = ("show", "accept", "off")


def settle_renames(context: AutogenContext, upgrade_ops: UpgradeOps) -> None:
    """Do with renames what the option ``renames`` says, in place.

    ``show``, the default, notes the candidates in ``upgrade_ops.renames`` and in a remark on each addition; ``accept``
    makes renames of them; ``off`` does not look. Names that differ in case alone, where the database does not tell them
    apart, are always a rename. Raises CommandError for another word.
    """
    chosen = context.opts.get("renames", "show")
    if chosen not in CHOICES:
        raise CommandError(f"renames cannot be {chosen!r}. Choose one of {', '.join(CHOICES)}.")
    rename_by_case(context, upgrade_ops)
    if chosen == "off":
        return
    upgrade_ops.renames = candidates(context, upgrade_ops, orders=context.column_orders)
    if chosen == "accept":
        upgrade_ops.ops[:] = accept_all(upgrade_ops).ops
        upgrade_ops.renames = ()
    for candidate in upgrade_ops.renames:
        found = f"looks like a rename of {candidate.old_name} ({candidate.certainty})"
        candidate.add.remark = "; ".join(filter(None, (found, candidate.add.remark)))
