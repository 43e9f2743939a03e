"""Combined comparisons of several targets: databases of a ``multidb`` environment, or schemas that should be alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kernel_core.autogenerate import Proposed, combined, render_python_code
from kernel_core.operations.containers import UpgradeOps, grouped
from kernel_core.util.exc import CommandError


@dataclass(frozen=True, slots=True)
class Part:
    """What differs in one target; ``opts`` are those that ``env.py`` configured for it."""

    label: str
    operations: UpgradeOps
    dialect: Any
    opts: dict[str, Any]
    proposed: Proposed


def code_of(operations: UpgradeOps) -> str:
    """Return operations as text to compare by."""
    return render_python_code(operations) if not operations.is_empty() else ""


def are_alike(parts: Sequence[Part]) -> bool:
    """Return whether one revision does the same in all targets, and the same is missing in all of them."""
    return len({part.proposed.tokens for part in parts}) == 1 and len({code_of(part.operations) for part in parts}) == 1


def joined(parts: Sequence[Part]) -> UpgradeOps:
    """Return the operations of all parts in one list, each marked with its target."""
    operations = []
    renames = []
    for part in parts:
        for operation in part.operations.leaves():
            operation.engine = part.label
            operations.append(operation)
        for candidate in getattr(part.operations, "renames", ()):
            for operation in candidate.instead:
                operation.engine = part.label
            renames.append(candidate)
    found = UpgradeOps(operations)
    found.renames = tuple(renames)
    return found


def proposal_of(parts: Sequence[Part], operations: UpgradeOps) -> Proposed:
    """Return the proposal of one revision: for each database the operations that are marked with it.

    Raises CommandError where one function serves all targets and they differ from the models in different ways, or
    where it is not known which database an operation is for.
    """
    if len({part.proposed.tokens for part in parts}) < len(parts):
        names = ", ".join(part.label for part in parts)
        raise CommandError(
            f"The targets ({names}) differ from the models in different ways, and one revision runs on all of them. "
            "%mig_diff lists what differs where. Bring them to the same state first."
        )
    leaves = list(operations.leaves())
    known = {part.label for part in parts}
    lost = next((operation for operation in leaves if operation.engine not in known), None)
    if lost is not None:
        raise CommandError(
            f'Which database "{lost.sentence()}" is for is not known: {", ".join(sorted(known))}. '
            "Reject it, and add it to the written file."
        )
    own = {part.label: [one for one in leaves if one.engine == part.label] for part in parts}
    return combined([part.proposed.only(UpgradeOps(grouped(own[part.label]))) for part in parts])
