"""``mig --alias``: run a program in which, as in each Python that it starts, ``alembic`` is this engine."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence

from ..util.exc import CommandError

VARIABLE = "MIG_ALIAS"
"""The environment variable because of which a starting Python provides this engine as ``alembic``."""


def run_aliased(command: Sequence[str], variables: Mapping[str, str] = os.environ) -> int:
    """Run a program, ``-m`` a module, or ``-c`` some code, and return its exit code.

        run_aliased(["-m", "flask", "db", "upgrade"])
        run_aliased(["pytest", "tests"])

    Raises CommandError if no program is named, or if it cannot be started.
    """
    if not command:
        raise CommandError("--alias needs a program to run. For example: mig --alias -m flask db upgrade")
    arguments = [sys.executable, *command] if command[0].startswith("-") else list(command)
    try:
        return subprocess.run(arguments, env=aliased_environment(variables), check=False).returncode  # noqa: S603 - asked for
    except OSError as error:
        raise CommandError(f"{command[0]} cannot be started ({error.strerror or error}).") from None


def aliased_environment(variables: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the environment variables with which a Python provides this engine as ``alembic``."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    start = os.path.join(package, "startup")
    others = [path for path in variables.get("PYTHONPATH", "").split(os.pathsep) if path and path != start]
    return {**variables, VARIABLE: "1", "PYTHONPATH": os.pathsep.join([start, *others])}
