"""The head of a version file as nearly all of them are written, read line by line without parsing the whole.

A line that is a complete statement by itself means the same alone and among others, and most lines of a head (imports,
comments, annotations) are those of every other file: each is parsed once and remembered. Whatever is written in another
way is left to `ast`, so that the answer is always the one that `ast` would give.
"""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from typing import NamedTuple

BODY = re.compile(r"^(?:(?:def|async|class)\b|@)", re.MULTILINE)

_DOCSTRING = re.compile(r'"""([^"\\]*(?:"(?!"")[^"\\]*)*)"""[ \t]*\n')
_ASSIGNMENT = re.compile(r"(revision|down_revision|branch_labels|depends_on)\b([^='\"#]*)=[ \t]*([^ \t#].*)")
_TEXT = r"(?:\"[0-9A-Za-z_.-]+\"|'[0-9A-Za-z_.-]+')"
_SEVERAL = rf"{_TEXT}(?:, ?{_TEXT})+,?"
_VALUE = re.compile(rf"None|{_TEXT}|\({_TEXT},\)|\({_SEVERAL}\)|\[{_TEXT},?\]|\[{_SEVERAL}\]")
_ITEM = re.compile(_TEXT)
_UNWRITABLE = re.compile("[\\0\\ud800-\\udfff]")


class Quick(NamedTuple):
    """What stands in the head: the docstring, the value of each name and its line, and where it ends."""

    end: int
    doc: str
    values: dict[str, object]
    lines: dict[str, int]


def scan(source: str) -> Quick | None:
    """Return what stands above the first ``def``, None where only `ast` can tell."""
    body = BODY.search(source)
    if body is None or _UNWRITABLE.search(source):
        return None
    end = body.start()
    docstring = _DOCSTRING.match(source)
    begin = docstring.end() if docstring else 0
    if begin > end:
        return None
    values: dict[str, object] = {}
    lines: dict[str, int] = {}
    for line, text in enumerate(source[begin:end].split("\n"), source.count("\n", 0, begin) + 1):
        if _is_harmless(text):
            continue
        found = _ASSIGNMENT.fullmatch(text)
        if found is None or not _is_annotation(found[2]):
            return None
        value = _literal(found[3].rstrip(" \t"))
        if value is ...:
            return None
        values[found[1]], lines[found[1]] = value, line
    if not isinstance(values.get("revision", ""), str):
        return None
    return Quick(end, docstring[1] if docstring else "", values, lines)


_harmless: dict[str, bool] = {"": True}


def _is_harmless(text: str) -> bool:
    """Whether a line is an import, a comment, or blank."""
    known = _harmless.get(text)
    if known is None:
        known = False
        if text.startswith(("#", "import ", "from ")) or text.isspace():
            known = all(isinstance(node, ast.Import | ast.ImportFrom) for node in _parsed(text))
        if len(_harmless) < 4096 and len(text) < 200 and (known or not _ASSIGNMENT.match(text)):
            _harmless[text] = known
    return known


@lru_cache(maxsize=256)
def _is_annotation(text: str) -> bool:
    """Whether what stands between a name and ``=`` is nothing, or the annotation of a name."""
    return not text.strip(" \t") or isinstance(_parsed(f"revision{text}= None")[0], ast.AnnAssign)


def _parsed(text: str) -> list[ast.stmt]:
    try:
        return ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return [ast.Pass()]


@lru_cache(maxsize=1024)
def _literal(text: str) -> object:
    """The value of a literal written in the usual way, ``...`` for any other text."""
    if not _VALUE.fullmatch(text):
        return ...
    if text == "None":
        return None
    if text[0] in "([":
        return tuple(item[1:-1] for item in _ITEM.findall(text))
    return text[1:-1]
