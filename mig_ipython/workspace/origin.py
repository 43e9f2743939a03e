"""The database and the environment that a review or a question is about: nothing of it runs on others."""

from __future__ import annotations

import os
from dataclasses import dataclass

from .connection import Connection
from .env_run import database_identity
from .environment import Environment
from .workspace import Workspace


@dataclass(frozen=True, slots=True)
class Origin:
    """What a notebook worked on when something was shown; ``left`` compares it with what it works on now.

        origin = Origin.of(workspace)
        origin.left(session.workspace(), "This review")

    An environment that did not exist then may be created later.
    """

    connection: Connection | None
    environment: Environment | None

    @classmethod
    def of(cls, workspace: Workspace) -> Origin:
        """Return what a command works on."""
        return cls(workspace.current, workspace.opened)

    def left(self, workspace: Workspace, what: str) -> str:
        """Return the sentence that the notebook now uses another database or environment; "" where it does not."""
        now = workspace.current
        if self.connection is not None and (now is None or not _is_same_database(self.connection, now)):
            used = "not connected to a database" if now is None else f"connected to {now.target}"
            return f"{what} is about {self.connection.target}, but this notebook is {used} now."
        opened = workspace.opened
        if self.environment is not None and opened is not None and _files(self.environment) != _files(opened):
            return (
                f"{what} is about the environment {self.environment.shown}, but this notebook uses {opened.shown} now."
            )
        return ""


def _is_same_database(one: Connection, other: Connection) -> bool:
    """Return whether two connections are to one database; each engine in memory has a separate one."""
    mine, theirs = database_identity(one.absolute_url), database_identity(other.absolute_url)
    is_in_memory = mine == ("sqlite", "")
    return one.engine is other.engine or (mine == theirs and not is_in_memory)


def _files(environment: Environment) -> tuple[str, ...]:
    """Return what identifies an environment: its folder, and the section of its configuration."""
    return os.path.realpath(environment.directory), environment.section
