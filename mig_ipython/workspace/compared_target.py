"""The target of a comparison on scratch databases: its dialect, its naming convention, and where to make them."""

from __future__ import annotations

from kernel_core.command import Target
from kernel_core.util.exc import CommandError

from .workspace import Workspace


def compared_target(workspace: Workspace) -> tuple[Target, str]:
    """Return the target of the connected database, and "", or one of no database and why there is none.

    ``env.py`` is run for the naming convention of its models. Raises CommandError for several targets.
    """
    from sqlalchemy.engine.default import DefaultDialect

    from .targets import visit_targets

    targets: list[Target] = []
    if workspace.is_connected:
        visit_targets(workspace, lambda _, context: targets.append(Target.of(context)))
    if len(targets) > 1:
        raise CommandError(f"env.py has {len(targets)} targets; their revisions cannot be compared in one check.")
    if not targets:
        return Target(DefaultDialect(), None, None), "no database is connected (%mig_connect)"
    return targets[0], ""
