"""Parses one function of a version file; each form of text is parsed once.

The files of a project differ in ids and names more than in anything else. A file is cut before each line that begins
with ``def``. The form of a piece is its text in which a mark replaces each simple string (``"users"``); what is parsed
is the form; `ParsedFunction.filled` replaces the marks in the result by the strings of the file.

The result is that of parsing the whole file, because a mark changes nothing else (`script.string_marks`). A piece that
ends within a string, within parentheses, after a backslash or after a decorator does not parse by itself. Where a form
does not parse, the file is parsed whole.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import count
from typing import NamedTuple

from ..script.string_marks import MARK, can_have_marks, split_strings, with_marks

_DOCSTRING = re.compile(r'"""[^"\\]*"""[ \t]*\n')
_FILLED = re.compile(rf"{MARK}(\d+)_")
_LONGEST = 2048
"""A longer piece is parsed with its file: forms of such length are hardly ever met again."""


class ParsedFunction(NamedTuple):
    """The statements of a function and the imports of its file.

    ``strings`` are those that marks in the statements replace, None without marks, because the file was parsed
    whole; ``lines_above`` is the number of lines that are not counted in the statements.
    """

    body: Sequence[ast.stmt]
    imports: Mapping[str, str]
    strings: Sequence[str] | None = None
    lines_above: int = 0

    def filled(self, value: object) -> object:
        """Return a constant of the statements as it is in the file."""
        if not self.is_marked(value):
            return value
        strings = self.strings or ()
        return _FILLED.sub(lambda mark: strings[int(mark[1])], str(value))

    def is_marked(self, value: object) -> bool:
        """Return whether a constant is only known by its form."""
        return self.strings is not None and isinstance(value, str) and MARK in value

    def has_marks(self, node: ast.AST) -> bool:
        """Return whether a part of an expression is only known by its form; bytes always count as such a part."""
        if self.strings is None:
            return False
        values = (each.value for each in ast.walk(node) if isinstance(each, ast.Constant))
        return any(isinstance(value, bytes) or self.is_marked(value) for value in values)


class _Form(NamedTuple):
    """What a piece has: its imports, and the statements of the function that is read, if it is here."""

    imports: tuple[tuple[str, str], ...]
    body: Sequence[ast.stmt] | None


def parsed_function(source: str, function: str) -> ParsedFunction | None:
    """Return a function of a file whose forms have been met before; None where the file must be parsed whole."""
    if "\r" in source or "\f" in source or not can_have_marks(source):
        return None
    pieces = _pieces(source)
    if max(map(len, pieces)) > _LONGEST:
        return None
    split = [split_strings(piece) for piece in pieces]
    earlier = [next(_meetings(hash(parts))) for parts, _ in split]
    if not all(earlier):
        return None
    found: ParsedFunction | None = None
    imports: dict[str, str] = {}
    line = 0
    for piece, (parts, strings) in zip(pieces, split, strict=True):
        form = _form_of(parts, function)
        if form is None:
            return None
        imports.update(form.imports)
        if form.body is not None:
            found = ParsedFunction(form.body, imports, strings, line)
        line += piece.count("\n")
    return found


def imports_of(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield (name, dotted path) for what a file imports; the path of the directives is ``op``."""
    for node in tree.body:
        if isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.partition(".")[0]
                yield alias.asname or first, alias.name if alias.asname else first
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            for alias in node.names:
                is_op = node.module in ("alembic", "kernel_core") and alias.name == "op"
                yield alias.asname or alias.name, "op" if is_op else f"{node.module}.{alias.name}"


def body_of(tree: ast.Module, function: str) -> Sequence[ast.stmt] | None:
    """Return the statements of a function of a module, the last of that name; None without one."""
    bodies = [node.body for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == function]
    return bodies[-1] if bodies else None


def _pieces(source: str) -> list[str]:
    """Return the text before the first function, without its docstring, and then one piece for each function."""
    first, *functions = source.split("\ndef ")
    docstring = _DOCSTRING.match(first)
    if docstring is not None:
        first = "\n" * docstring[0].count("\n") + first[docstring.end() :]
    pieces = [first, *("def " + each for each in functions)]
    return [*(each + "\n" for each in pieces[:-1]), pieces[-1]]


@lru_cache(maxsize=1024)
def _meetings(form: int) -> Iterator[int]:
    """Return what counts how often a form has been met, 0 at first: one that is met once is not worth being parsed."""
    return count()


@lru_cache(maxsize=256)
def _form_of(parts: tuple[str, ...], function: str) -> _Form | None:
    """Return the form of a piece by its parts (`split_strings`).

    None if it does not parse. The statements must not be changed.
    """
    try:
        tree = ast.parse(with_marks(parts))
    except (SyntaxError, ValueError, RecursionError):
        return None
    return _Form(tuple(imports_of(tree)), body_of(tree, function))
