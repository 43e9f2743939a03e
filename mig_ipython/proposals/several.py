"""Combined comparisons of several targets: databases of a ``multidb`` environment, or schemas that should be alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kernel_core.autogenerate import AutogenContext, render_python_code
from kernel_core.autogenerate.api import script_template_args
from kernel_core.operations.containers import DowngradeOps, MigrationScript, UpgradeOps, grouped
from kernel_core.runtime.migration import MigrationContext
from kernel_core.util.exc import CommandError


@dataclass(frozen=True, slots=True)
class Part:
    """What differs in one target; ``opts`` are those that ``env.py`` configured for it."""

    label: str
    operations: UpgradeOps
    dialect: Any
    opts: dict[str, Any]

    @property
    def tokens(self) -> tuple[str, str]:
        """The slots of the template for its upgrades and downgrades."""
        opts = self.opts
        return str(opts.get("upgrade_token") or "upgrades"), str(opts.get("downgrade_token") or "downgrades")

    def context(self) -> MigrationContext:
        """Return a context that writes operations as ``env.py`` says."""
        return MigrationContext.configure(dialect=self.dialect, opts=dict(self.opts))


def code_of(operations: UpgradeOps) -> str:
    """Return operations as text to compare by."""
    return render_python_code(operations) if not operations.is_empty() else ""


def are_alike(parts: Sequence[Part]) -> bool:
    """Return whether one revision does the same in all targets, and the same is missing in all of them."""
    return len({part.tokens for part in parts}) == 1 and len({code_of(part.operations) for part in parts}) == 1


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


def template_args(parts: Sequence[Part], operations: UpgradeOps) -> dict[str, Any]:
    """Return what fills the template: for each database the operations that are marked with it.

    Raises CommandError where one function serves all targets and they differ from the models in different ways, or
    where it is not known which database an operation is for.
    """
    if len({part.tokens for part in parts}) < len(parts):
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
    upgrades, downgrades = [], []
    contexts: dict[str, AutogenContext] = {}
    for part in parts:
        own = [one for one in leaves if one.engine == part.label]
        if part.operations.names is not None:
            part.operations.names.assign(own)
        upgrade = UpgradeOps(grouped(own), part.tokens[0])
        downgrade = upgrade.reverse_into(DowngradeOps(downgrade_token=part.tokens[1]))
        upgrades.append(upgrade)
        downgrades.append(downgrade)
        contexts |= dict.fromkeys(part.tokens, AutogenContext(part.context(), autogenerate=False))
    script = MigrationScript(None, upgrades, downgrades, imports=set())
    return dict(script_template_args(script, contexts[parts[0].tokens[0]], contexts))
