"""Combine the comparisons of several targets: databases of a ``multidb`` environment, or schemas of one database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.engine import Dialect

from kernel_core.autogenerate import Proposed, combined, render_python_code
from kernel_core.operations.containers import UpgradeOps, grouped
from kernel_core.util.exc import CommandError


@dataclass(frozen=True, slots=True)
class Part:
    """The operations of one target that are in the scope, and all that were proposed for it."""

    label: str
    operations: UpgradeOps
    dialect: Dialect
    proposed: Proposed


def code_of(operations: UpgradeOps) -> str:
    """Return operations as Python code, to compare two lists of them."""
    return render_python_code(operations) if not operations.is_empty() else ""


def are_alike(parts: Sequence[Part]) -> bool:
    """Return whether all targets have the same template variables and lack the same operations."""
    return len({part.proposed.tokens for part in parts}) == 1 and len({code_of(part.operations) for part in parts}) == 1


def joined(parts: Sequence[Part]) -> UpgradeOps:
    """Return the operations of all parts in one list, each with its target as ``engine``."""
    several = [_marked(part) for part in parts]
    operations = [operation for one in several for operation in one.leaves()]
    return UpgradeOps(operations, renames=[candidate for one in several for candidate in one.renames])


def _marked(part: Part) -> UpgradeOps:
    """Return the operations of a part, each with its target as ``engine``."""
    found = part.operations
    operations = [*found.leaves(), *(one for candidate in found.renames for one in candidate.instead)]
    return found.replaced({id(operation): operation.changed(engine=part.label) for operation in operations})


def proposal_of(parts: Sequence[Part], operations: UpgradeOps) -> Proposed:
    """Return the proposal of one revision for all targets, each with its own operations.

    Raises CommandError where the template has one function for all targets and these differ from the models in
    different ways, or where the database of an operation is not known.
    """
    if len({part.proposed.tokens for part in parts}) < len(parts):
        names = ", ".join(part.label for part in parts)
        raise CommandError(
            f"The targets ({names}) differ from the models in different ways, and one revision runs on all of them. "
            "%mig_diff lists the differences of each. Bring them to the same state first."
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
