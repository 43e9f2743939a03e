"""Commands of ``mig`` that installed packages add: entry points of the group ``kernel_core.commands``.

    [project.entry-points."kernel_core.commands"]
    lab = "mig_ipython.lab.cli:main"

``mig lab ARGUMENTS`` calls ``main(["ARGUMENTS", ...], prog="mig lab")``, which returns the exit code. Such a command
must come first, without options before it, and reads no configuration file. A command of the engine takes precedence.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

GROUP = "kernel_core.commands"


def installed_command(name: str) -> Callable[..., int | None] | None:
    """Return the function of an installed command; None where no package has it."""
    from importlib.metadata import entry_points  # noqa: PLC0415 - only a command that is not the engine's

    for entry in entry_points(group=GROUP, name=name):
        function: Callable[..., int | None] = entry.load()
        return function
    return None


def installed_names() -> list[str]:
    """Return the names of the installed commands."""
    from importlib.metadata import entry_points  # noqa: PLC0415 - only for the help of the program

    return sorted({entry.name for entry in entry_points(group=GROUP)})


def run_installed(arguments: Sequence[str], known: Sequence[str], prog: str) -> int | None:
    """Run the installed command that the arguments begin with; None where they begin with no such command.

    ``known`` are the commands of the engine. Returns the exit code.
    """
    name = arguments[0] if arguments else "-"
    if name.startswith("-") or name in known or os.sep in name:
        return None
    function = installed_command(name)
    if function is None:
        return None
    return function(list(arguments[1:]), prog=f"{prog} {name}") or 0
