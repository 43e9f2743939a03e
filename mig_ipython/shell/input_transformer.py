"""Change the calls of our magics in a cell before it runs: the semicolon that silences, and unknown commands.

IPython has translated the magics of the cell into calls by then; only these calls are changed, no other code or text.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_CALL = re.compile(
    r"(?P<before>\s*(?P<assigned>[^'\"#]+= )?)get_ipython\(\)\.run_(?P<kind>line|cell)_magic"
    r"\('(?P<name>mig[^']*)', (?P<rest>.*)\)\n?"
)
"""The Python call that IPython writes for a magic."""


def add_transformer(shell: InteractiveShell) -> None:
    """Add our input transformer to those of a shell, once."""
    remove_transformer(shell)

    def transformed(lines: list[str]) -> list[str]:
        """Let ``%mig`` report an unknown command, and ``p = %mig_diff ;`` assign the result that is not displayed."""
        if any("load_ext" in line for line in lines):
            return lines  # an extension that the cell loads may define magics of these names
        return [changed(line) if "_magic('mig" in line else line for line in lines]

    def changed(line: str) -> str:
        call = _CALL.fullmatch(line)
        try:
            typed = ast.literal_eval(call["rest"]) if call else None
        except (SyntaxError, ValueError):
            typed = None
        if call is None or typed is None:
            return line  # a call in the cell itself, not a translated magic
        kind, rest = call["kind"], call["rest"]
        name, semicolon, _ = call["name"].partition(";")
        magics = shell.magics_manager.magics
        if name not in magics["line"] and name not in magics["cell"]:
            name, rest = "mig", f"{f'{name} '!r} + {rest}"
        elif kind == "line":
            rest = repr(_ended(f"{semicolon}{typed}", is_assigned=bool(call["assigned"])))
        return f"{call['before']}get_ipython().run_{kind}_magic({name!r}, {rest})\n"

    shell.input_transformers_post.append(transformed)


def remove_transformer(shell: InteractiveShell) -> None:
    """Remove our input transformer from a shell."""
    ours = [one for one in shell.input_transformers_post if getattr(one, "__module__", "") == __name__]
    for one in ours:
        shell.input_transformers_post.remove(one)


def _ended(typed: str, *, is_assigned: bool) -> str:
    """Return the text after a magic; a silenced result that is assigned ends with two semicolons (`KEPT`)."""
    if not is_assigned or ";" not in typed:
        return typed
    from kernel_core.util.exc import CommandError

    from .tokenizer import KEPT, SILENT, read_line

    try:
        read = read_line(typed, {})
    except CommandError:
        return typed  # the command itself reports the unclosed quote
    return typed[: read.end] + KEPT if read.ending == SILENT else typed
