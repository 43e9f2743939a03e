"""Deletes the version file that the notebook wrote last, once its revision is known to be applied nowhere."""

from __future__ import annotations

from pathlib import Path

from .heads import heads_if_connected, heads_of_others
from .workspace import Workspace


def delete_last_file(workspace: Workspace) -> Path:
    """Delete the version file that was written last here, and return its path; the panels are updated.

    Raises CommandError, and keeps the file, where one of the open connections has applied it, or as
    `WrittenFiles.delete_last` does.
    """
    current, others = heads_if_connected(workspace), heads_of_others(workspace)
    path = workspace.written.delete_last(workspace.scripts(), current, others)
    workspace.refresh()
    return Path(path)
