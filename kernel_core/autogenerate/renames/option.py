"""The option ``renames``: whether renames are shown, accepted, or not searched."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ...operations.containers import UpgradeOps
from ...operations.kinds.column import AddColumnOp
from ...operations.kinds.table import CreateTableOp
from ...operations.renames import RenameCandidate
from ...runtime.migration import MigrationContext
from ...util.exc import CommandError
from ..compare import ComparedTables
from ..context import AutogenContext
from .accept import accept_all
from .letter_case import rename_by_case
from .search import candidates

CHOICES = ("show", "accept", "off")


def chosen_renames(context: MigrationContext | None, given: str | None = None) -> str:
    """Return what to do with renames: ``show``, ``accept`` or ``off``; raises CommandError for another value.

    The first of these that has a value counts: the argument of the call (``--renames``), then
    ``context.configure(renames=...)`` in ``env.py``, then ``renames`` in the configuration file, then ``show``.
    """
    config: Any = getattr(context, "config", None)
    configured = config.get_main_option("renames") if hasattr(config, "get_main_option") else None
    chosen = given or (getattr(context, "opts", None) or {}).get("renames") or configured or "show"
    if chosen not in CHOICES:
        raise CommandError(f"renames cannot be {chosen!r}. Choose one of {', '.join(CHOICES)}.")
    return str(chosen)


def settle_renames(
    context: AutogenContext, upgrade_ops: UpgradeOps, tables: ComparedTables, choice: str, *, read_rows: bool = True
) -> UpgradeOps:
    """Return the operations after the option ``renames`` (see `chosen_renames`) was applied.

    ``show`` lists the candidates in ``renames`` of the result and names them in a remark on each addition; ``accept``
    replaces them by renames; ``off`` does not search. Names that differ only in case, where the database does not tell
    them apart, are always a rename. ``read_rows`` is passed to `candidates`.
    """
    upgrade_ops = rename_by_case(context, upgrade_ops)
    if choice == "off":
        return upgrade_ops
    found = candidates(context, upgrade_ops, tables=tables, read_rows=read_rows)
    if choice == "accept":
        return accept_all(_with_candidates(upgrade_ops, found))
    remarked = tuple(replace(each, add=_with_remark(each)) for each in found)
    instead = {id(old.add): new.add for old, new in zip(found, remarked, strict=True)}
    return _with_candidates(upgrade_ops.replaced(instead), remarked)


def _with_candidates(upgrade_ops: UpgradeOps, candidates: tuple[RenameCandidate, ...]) -> UpgradeOps:
    return upgrade_ops.changed(renames=candidates)


def _with_remark(candidate: RenameCandidate) -> AddColumnOp | CreateTableOp:
    text = f"looks like a rename of {candidate.old_name} ({candidate.certainty})"
    return candidate.add.changed(remark="; ".join(filter(None, (text, candidate.add.remark))))
