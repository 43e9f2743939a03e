"""Which commands, magics and options a message advises, and whether the program or the notebook has them."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping

from kernel_core.config.usage import COMMANDS
from mig_ipython.magics import find_commands
from mig_ipython.shell.command_line import LineParser

_ADVICE = re.compile(
    r"(?<![\w%-])(%{1,2}mig[ _][a-z_]+|%%migration|mig (?!is|in|has|alone|index)[a-z_]+)\b|(?<![\w-])(--[a-z][a-z-]+)"
)
_SENTENCE = re.compile(r"[.;]\s|\n")


@functools.cache
def of_notebook() -> Mapping[str, frozenset[str]]:
    """The options of each magic, by how it is typed."""
    found = {command.typed: frozenset(LineParser(command).options()) for command in find_commands().values()}
    return {**found, "%%mig_lab": found["%mig_lab"], "%mig_help": frozenset()}


@functools.cache
def of_program() -> Mapping[str, frozenset[str]]:
    """The options of each command of the program, by how it is typed."""
    return {
        f"mig {name}": frozenset(flag for flags, _ in command.arguments for flag in flags)
        for name, command in COMMANDS.items()
    }


def advice(message: str) -> Iterator[tuple[str, str]]:
    """Yield (command, option) for what a message advises: "" for an option that no command is named with, or for none.

    An option belongs to the command that is named before it in the same sentence.
    """
    for sentence in _SENTENCE.split(message):
        command = ""
        for name, option in _ADVICE.findall(sentence):
            command = name.replace("%mig ", "%mig_") if name else command
            if command != "%mig_alone" and command != "%mig_has":
                yield command, option
