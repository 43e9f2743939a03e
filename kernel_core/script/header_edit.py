"""Changes the parent in the text of a version file, and nothing else of it."""

from __future__ import annotations

import ast
import codecs
import io
import re
import tokenize
from collections.abc import Iterator

from ..util.exc import BrokenScript, CommandError
from .header import parse_header, source_of

_REVISES = re.compile(r"^(?P<lead>[ \t]*Revises:)(?P<gap>[ \t]*)(?P<ids>[^\r\n]*?)(?P<tail>[ \t]*)$", re.MULTILINE)


def with_parent(data: bytes, path: str, parent: str) -> bytes:
    """Return the bytes of a version file whose ``down_revision`` is ``parent``; ``path`` is named in errors.

    The assignment and the "Revises:" line of the docstring are changed; encoding, byte order mark, line ends, quotes
    and comments stay. Raises CommandError if ``down_revision`` is not assigned once, as a literal.
    """
    source = source_of(data, path)
    before = parse_header(source, path)
    tree = ast.parse(source)
    values = list(_assigned(tree))
    if len(values) != 1:
        raise CommandError(
            f"{path} assigns down_revision {len(values)} times. Nothing was written. Keep one, with a literal."
        )
    lines = _Lines(source)
    start, end = lines.range(values[0])
    edits = [(start, end, _literal(source[start:end], parent))]
    docstring = _docstring(tree)
    if docstring is not None:
        edits += _revises(source, lines.range(docstring), ", ".join(before.down_revision), parent)
    text = source
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    after = parse_header(text, path)
    if after._replace(docstring="") != before._replace(down_revision=(parent,), docstring=""):
        raise CommandError(f"down_revision of {path} cannot be changed alone; nothing was written. Edit it by hand.")
    return _encoded(text, data, path)


class _Lines:
    """Places of nodes in a text whose lines end as they do in the file."""

    def __init__(self, source: str) -> None:
        self._lines = re.split(r"(?<=\n)|(?<=\r)(?!\n)", source)
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))

    def range(self, node: ast.expr) -> tuple[int, int]:
        """Return where a node begins and ends."""
        assert node.end_lineno is not None, "a parsed node has an end"
        assert node.end_col_offset is not None, "as above"
        return self._place(node.lineno, node.col_offset), self._place(node.end_lineno, node.end_col_offset)

    def _place(self, line: int, column: int) -> int:
        text = self._lines[line - 1].encode("utf-8", "surrogatepass")[:column]
        return self._starts[line - 1] + len(text.decode("utf-8", "surrogatepass"))


def _assigned(tree: ast.Module) -> Iterator[ast.expr]:
    """Yield the value of each assignment to ``down_revision`` at the top level."""
    for node in tree.body:
        match node:
            case ast.AnnAssign(target=ast.Name(id="down_revision"), value=ast.expr() as value):
                yield value
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    yield from _in_target(target, value)


def _in_target(target: ast.expr, value: ast.expr) -> Iterator[ast.expr]:
    match target, value:
        case ast.Name(id="down_revision"), _:
            yield value
        case (ast.Tuple(elts=names), ast.Tuple(elts=values)) if len(names) == len(values):
            for name, each in zip(names, values, strict=True):
                yield from _in_target(name, each)


def _docstring(tree: ast.Module) -> ast.expr | None:
    match tree.body[:1]:
        case [ast.Expr(value=ast.Constant(value=str()) as text)]:
            return text
    return None


def _literal(before: str, name: str) -> str:
    """Return an id as a string literal, with the quotes that the file uses."""
    quote = "'" if before.startswith("'") else '"'
    return f"{quote}{name}{quote}" if name.isidentifier() or name.isalnum() else repr(name)


def _revises(source: str, place: tuple[int, int], old: str, parent: str) -> list[tuple[int, int, str]]:
    """Return the change of the "Revises:" line; none where it names something else."""
    for found in _REVISES.finditer(source.replace("\r", "\n"), *place):
        if found["ids"] == old:
            return [(found.start("gap"), found.end("ids"), f"{found['gap'] or ' '}{parent}")]
    return []


def _encoded(text: str, data: bytes, path: str) -> bytes:
    encoding, mark = "utf-8", codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
    try:
        if not mark:
            encoding = tokenize.detect_encoding(io.BytesIO(data).readline)[0]
        return mark + text.encode(encoding)
    except (UnicodeError, LookupError, SyntaxError) as error:
        raise BrokenScript(path, None, f"cannot be written in its encoding ({error}).") from error
