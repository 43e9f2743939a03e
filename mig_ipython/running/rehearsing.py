"""Rehearse an upgrade or downgrade on a clone of the notebook's database."""

from __future__ import annotations

from typing import Literal

from kernel_core import command
from kernel_core.util.secrets import redact

from ..views.rehearsal import RehearsalReport
from ..workspace.env_run import env_config
from ..workspace.heads import computed_targets
from ..workspace.workspace import Workspace


def rehearsed(
    workspace: Workspace,
    direction: Literal["upgrade", "downgrade"],
    revision: str,
    *,
    sample: int | None = None,
    schema_only: bool = False,
    mask: bool = False,
    and_back: bool = True,
) -> RehearsalReport:
    """Run on a clone of the connected database and return what that did; see `command.rehearse`.

    Raises CommandError where no clone can be made, or a revision would leave it.
    """
    several = computed_targets(workspace)
    with env_config(workspace) as config:
        found = command.rehearse(
            config,
            revision,
            direction=direction,
            sample=sample,
            schema_only=schema_only,
            mask=mask,
            and_back=and_back,
            database=None if several else config.attributes.get("connection"),
            on_progress=_print,
        )
    return RehearsalReport(found, workspace.where)


def _print(message: str) -> None:
    """Print what is being copied; it can take a while."""
    print(redact(f"Rehearsing: {message} ..."), flush=True)  # noqa: T201
