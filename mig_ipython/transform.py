"""What is changed in a cell before it runs: a semicolon that silences, and commands that do not exist.

Only calls of magics are changed, after IPython has found them; text and code of the cell never are.
"""

from __future__ import annotations

import ast
import re
from typing import Any

_CALL = re.compile(
    r"(?P<before>\s*(?P<assigned>[^'\"#]+= )?)get_ipython\(\)\.run_(?P<kind>line|cell)_magic"
    r"\('(?P<name>mig[^']*)', (?P<rest>.*)\)\n?"
)
"""A line as IPython makes it of a magic."""


def add_transformer(shell: Any) -> None:
    """Add ours to those of a shell, once."""
    take_transformer(shell)

    def answered(lines: list[str]) -> list[str]:
        """Have ``%mig`` answer for an unknown command, and ``p = %mig_diff ;`` keep what it does not display."""
        if any("load_ext" in line for line in lines):
            return lines  # the names may be those of an extension that the cell loads
        return [changed(line) if "_magic('mig" in line else line for line in lines]

    def changed(line: str) -> str:
        call = _CALL.fullmatch(line)
        try:
            typed = ast.literal_eval(call["rest"]) if call else None
        except (SyntaxError, ValueError):
            typed = None
        if call is None or typed is None:
            return line  # a call that a person wrote
        kind, rest = call["kind"], call["rest"]
        name, semicolon, _ = call["name"].partition(";")
        if not (shell.find_magic(name, "line") or shell.find_magic(name, "cell")):
            name, rest = "mig", f"{f'{name} '!r} + {rest}"
        elif kind == "line":
            rest = repr(_ended(f"{semicolon}{typed}", is_assigned=bool(call["assigned"])))
        return f"{call['before']}get_ipython().run_{kind}_magic({name!r}, {rest})\n"

    shell.input_transformers_post.append(answered)


def take_transformer(shell: Any) -> None:
    """Remove ours from a shell."""
    ours = [one for one in shell.input_transformers_post if getattr(one, "__module__", "") == __name__]
    for one in ours:
        shell.input_transformers_post.remove(one)


def _ended(typed: str, *, is_assigned: bool) -> str:
    """Return the text after a magic; two semicolons end it where a silenced result is assigned, and so wanted."""
    if not is_assigned or ";" not in typed:
        return typed
    from kernel_core.util.exc import CommandError

    from .words import KEPT, SILENT, read_line

    try:
        read = read_line(typed, {})
    except CommandError:
        return typed  # the command itself reports the unclosed quote
    return typed[: read.end] + KEPT if read.ending == SILENT else typed
