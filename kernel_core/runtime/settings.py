"""What a run reads of the `Config` of its environment."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from typing import Any, Protocol

from ..util.exc import CommandError


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


def is_on(name: str, value: object, *, default: bool) -> bool:
    """Return whether the option ``name`` is on: true, 1, yes, on, or their opposites, in any case.

    It is ``default`` where the value is None or empty. Raises CommandError for any other value.

    >>> is_on("run_lock", "Off", default=True)
    False
    """
    text = str(value).strip().lower()
    if value is None or not text:
        return default
    if text in ("true", "1", "yes", "on"):
        return True
    if text in ("false", "0", "no", "off"):
        return False
    raise CommandError(f"{name} is {value!r}. Set it to true or false.")
