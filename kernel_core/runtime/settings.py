"""What a run reads of the `Config` of its environment."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from typing import Any, Protocol


class Settings(Protocol):
    """The part of a `Config` that a run reads."""

    @property
    def attributes(self) -> Mapping[Any, Any]:
        """Live objects and settings of the caller: ``connection``, ``on_step``, ``lock_timeout``."""

    @property
    def cmd_opts(self) -> Namespace | None:
        """The parsed command line."""

    def get_main_option(self, name: str, default: str | None = None) -> str | None:
        """Return an option of ``alembic.ini`` or ``[tool.alembic]``."""


class Environment(Protocol):
    """What a context reads of its `EnvironmentContext`."""

    @property
    def config(self) -> Settings:
        """The settings of the environment."""
