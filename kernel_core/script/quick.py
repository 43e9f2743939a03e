"""The head of a version file as nearly all of them are written, read by one regular expression.

What stands round the identifiers (imports, comments, annotations) is the same in file after file: each such block is
judged once and remembered. Whatever is written in another way is left to `ast`, so that the answer is always the one
that `ast` would give.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

BODY = re.compile(r"^(?:(?:def|async|class)\b|@)", re.MULTILINE)
NAMES = ("revision", "down_revision", "branch_labels", "depends_on")
LATER = re.compile(rf"^(?:{'|'.join(NAMES)})\b", re.MULTILINE)

_DOCSTRING = re.compile(r'"""([^"\\]*(?:"(?!"")[^"\\]*)*)"""[ \t]*\n')
_TEXT = r"(?:\"[0-9A-Za-z_.-]+\"|'[0-9A-Za-z_.-]+')"
_NAMED = r"\b([^='\"#\n]*)=[ \t]*"
_VALUE = rf"(None|{_TEXT}|[(\[][^#\n]*[)\]])[ \t]*\n"
_IDENTIFIERS = re.compile(
    rf"revision{_NAMED}({_TEXT})[ \t]*\n(?:down_revision{_NAMED}{_VALUE})?"
    rf"(?:branch_labels{_NAMED}{_VALUE})?(?:depends_on{_NAMED}{_VALUE})?"
)
_ITEM = re.compile(_TEXT)
_STARTS = tuple(f"\n{name}" for name in NAMES)


class Quick(NamedTuple):
    """What stands in the head: the docstring, the four identifiers, and the line of each that is written."""

    doc: str
    revision: str
    down_revision: tuple[str, ...]
    branch_labels: tuple[str, ...]
    depends_on: tuple[str, ...]
    lines: Mapping[str, int]


def scan(source: str) -> Quick | None:
    r"""Return what stands above the first ``def`` of a text without NUL and surrogates, None where only `ast` can tell.

    scan('revision = "b"\ndown_revision = "a"\n\n\ndef upgrade():\n').down_revision       # ("a",)
    """
    docstring = _DOCSTRING.match(source)
    begin = docstring.end() if docstring else 0
    at = begin if source.startswith("revision", begin) else source.find("\nrevision", begin) + 1
    found = _IDENTIFIERS.match(source, at) if at >= begin else None
    if found is None:
        return None
    end = found.end()
    body = BODY.search(source, end)
    if body is None:
        return None
    note, revision, down_note, down, label_note, labels, needs_note, needs = found.groups()
    notes = (note, down_note, label_note, needs_note)
    if not (notes in _good_notes or _are_annotations(notes)):
        return None
    parents, names, needed = _several(down), _several(labels), _several(needs)
    if parents is None or names is None or needed is None:
        return None
    above, below = source[begin:at], source[end : body.start()]
    if not ((above in _harmless or _is_harmless(above)) and (below in _harmless or _is_harmless(below))):
        return None
    start = body.start()
    for name in _STARTS:
        if source.find(name, start) >= 0 and LATER.search(source, start):
            return None
    lines = _lines(source.count("\n", 0, at) + 1, down is not None, labels is not None, needs is not None)
    return Quick(docstring[1] if docstring else "", revision[1:-1], parents, names, needed, lines)


def body_start(source: str) -> int | None:
    """Where the first ``def`` below the docstring stands, None where there is none; never one *in* the docstring."""
    docstring = _DOCSTRING.match(source)
    body = BODY.search(source, docstring.end() if docstring else 0)
    return body.start() if body else None


def _several(text: str | None) -> tuple[str, ...] | None:
    """The texts in a literal that `_VALUE` has matched, None where it is written in a rarer way."""
    if text is None or text == "None":
        return ()
    if text[0] not in "([":
        return (text[1:-1],)
    opening, items, closing = text[0], text[1:-1].split(","), text[-1]
    if not items[-1].strip(" \t"):
        items.pop()
    elif opening == "(" and len(items) == 1:
        return None
    items = [item.strip(" \t") for item in items]
    if opening + closing not in ("()", "[]") or not items or not all(map(_ITEM.fullmatch, items)):
        return None
    return tuple(dict.fromkeys(item[1:-1] for item in items))


@lru_cache(maxsize=256)
def _lines(first: int, *written: bool) -> Mapping[str, int]:
    """One mapping for all the files that have their identifiers on the same lines."""
    names = [NAMES[0], *(name for name, is_written in zip(NAMES[1:], written, strict=True) if is_written)]
    return MappingProxyType({name: line for line, name in enumerate(names, first)})


_good_notes: set[tuple[str | None, ...]] = set()
_harmless: set[str] = {"", "\n", "\n\n"}
_MOST = 1024


def _are_annotations(notes: tuple[str | None, ...]) -> bool:
    """Whether what stands between each name and its ``=`` is nothing, or the annotation of a name."""
    good = all(not note or not note.strip(" \t") or _is_annotation(note) for note in notes)
    if good and len(_good_notes) < _MOST:
        _good_notes.add(notes)
    return good


def _is_annotation(note: str) -> bool:
    """Whether ``note`` annotates the very name before it; ``.x: int``, ``·: int`` and ``: int; x`` assign another."""
    match _parsed(f"revision{note}= None"):
        case [ast.AnnAssign(target=ast.Name(id="revision"), value=ast.Constant())]:
            return True
    return False


def _is_harmless(block: str) -> bool:
    """Whether each line is a whole statement by itself that assigns nothing of ours: an import, a comment, or blank."""
    good = all(_is_harmless_line(line) for line in block.split("\n"))
    if good and len(_harmless) < _MOST and len(block) < 2000:
        _harmless.add(block)
    return good


@lru_cache(maxsize=_MOST)
def _is_harmless_line(text: str) -> bool:
    if not text:
        return True
    if not (text.startswith(("#", "import ", "from ")) or text.isspace()):
        return False
    return all(isinstance(node, ast.Import | ast.ImportFrom) for node in _parsed(text))


def _parsed(text: str) -> list[ast.stmt]:
    try:
        return ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return [ast.Pass()]
