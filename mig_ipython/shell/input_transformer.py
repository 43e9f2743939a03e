"""Change our magics in a cell before it runs: comments above a cell magic, a semicolon that silences, unknown commands.

The comments are moved before IPython translates the magics into calls; afterwards only these calls are changed, no
other code or text.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_CALL = re.compile(
    r"(?P<before>\s*(?P<assigned>[^'\"#]+= )?)get_ipython\(\)\.run_(?P<kind>line|cell)_magic"
    r"\('(?P<name>%?mig[^']*)', (?P<rest>.*)\)\n?"
)
"""The Python call that IPython writes for a magic."""

_IS_OURS = re.compile(r"_magic\('%?mig")
_CELL_MAGIC = re.compile(r"\s*%%mig")


def add_transformer(shell: InteractiveShell) -> None:
    """Add our input transformer to those of a shell, once."""
    remove_transformer(shell)

    def transformed(lines: list[str]) -> list[str]:
        """Let ``%mig`` report an unknown command, and ``p = %mig_diff ;`` assign the result that is not displayed."""
        if any("load_ext" in line for line in lines):
            return lines  # an extension that the cell loads may define magics of these names
        return [changed(line) if _IS_OURS.search(line) else line for line in lines]

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
    shell.input_transformers_cleanup.insert(0, with_cell_magic_first)


def with_cell_magic_first(lines: list[str]) -> list[str]:
    """Return the lines of a cell with our cell magic before the comments and blank lines that are above it.

    IPython takes it for a cell magic only on the first line. The number of lines stays, for tracebacks.
    """
    above = (number for number, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("#"))
    first = next(above, 0)
    if not lines or not _CELL_MAGIC.match(lines[first]) or lines[0].startswith("%%"):
        return lines
    return [lines[first].lstrip(), *lines[:first], *lines[first + 1 :]]


def remove_transformer(shell: InteractiveShell) -> None:
    """Remove our input transformer from a shell."""
    for transformers in (shell.input_transformers_cleanup, shell.input_transformers_post):
        for one in [one for one in transformers if getattr(one, "__module__", "") == __name__]:
            transformers.remove(one)


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
