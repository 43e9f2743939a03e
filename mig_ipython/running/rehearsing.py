"""Rehearse an upgrade or downgrade on a clone of the notebook's database."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kernel_core import command
from kernel_core.config import Config
from kernel_core.util.messaging import printable

from ..views.rehearsal import RehearsalReport
from ..workspace.env_run import env_config
from ..workspace.heads import computed_targets
from ..workspace.workspace import Workspace

UNWRITTEN = "Rehearsed were the accepted operations of the review as they are now; no version file was written."


@dataclass(frozen=True, slots=True)
class UnwrittenFile:
    """A version file that does not exist yet: its name, without a folder, and its text."""

    name: str
    text: str


def rehearsed(
    workspace: Workspace,
    direction: Literal["upgrade", "downgrade"],
    revision: str,
    *,
    sample: int | None = None,
    schema_only: bool = False,
    mask: bool = False,
    and_back: bool = True,
    unwritten: UnwrittenFile | None = None,
) -> RehearsalReport:
    """Run on a clone of the connected database and return what that did; see `command.rehearse`.

    ``unwritten`` is one more version file, which is in a temporary folder for as long as the rehearsal takes.
    Raises CommandError where no clone can be made, or a revision would leave it.
    """
    several = computed_targets(workspace)
    with env_config(workspace, creates=False) as config, _with_file(config, workspace, unwritten):
        config.attributes.pop("on_target", None)  # the clone is another database; the rehearsal itself refuses others
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
    return RehearsalReport(found, workspace.where, UNWRITTEN if unwritten else "")


@contextmanager
def _with_file(config: Config, workspace: Workspace, unwritten: UnwrittenFile | None) -> Iterator[None]:
    """Let ``config`` read one more version file inside the block, from a temporary folder beside the others."""
    if unwritten is None:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="mig_rehearsal_") as folder:
        Path(folder, os.path.basename(unwritten.name)).write_text(unwritten.text, encoding="utf-8")
        imports = config.get_prepend_sys_paths_list()
        config.set_main_option("path_separator", "newline")
        _set_paths(config, "version_locations", [*workspace.scripts().folders, folder])
        if imports is not None:
            _set_paths(config, "prepend_sys_path", imports)
        yield


def _set_paths(config: Config, name: str, paths: list[str]) -> None:
    config.set_main_option(name, "\n".join(paths).replace("%", "%%"))


def _print(message: str) -> None:
    """Print what is being copied; it can take a while."""
    print(printable(f"Rehearsing: {message} ..."), flush=True)  # noqa: T201
