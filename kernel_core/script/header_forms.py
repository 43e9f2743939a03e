"""Reads the header of a version file; each form of header is parsed once.

The files of a project differ in their docstrings and ids, hardly in anything else. The form of a file is the text
above its first ``def``, in which a mark replaces each simple string (``"1f2e"``) and line ends replace the docstring.
It is parsed by `parse_header`; for the next file of the form the marks in the result are replaced by the strings of
that file.

The result is that of `parse_header`, because a mark changes nothing else (`string_marks`). Where a form does not parse,
its files are read by `parse_header`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from sys import intern
from typing import NamedTuple, TypeAlias

from ..util.exc import BrokenScript
from .header import (
    DOCSTRING,
    SYMBOLS,
    Header,
    end_of_top,
    parse_header,
    read_bytes,
    source_of,
    unix_lines,
)
from .string_marks import MARK, can_have_marks, split_strings, with_marks

_LONGEST = 4096
"""A file with more text than this above its first ``def`` is parsed by itself."""

_Part: TypeAlias = int | str
"""A position in the simple strings of a file, or a text that all files of the form have."""


class _Form(NamedTuple):
    """The header of all files of one form."""

    revision: _Part
    down_revision: tuple[_Part, ...]
    branch_labels: tuple[_Part, ...]
    depends_on: tuple[_Part, ...]
    lines: Mapping[str, int]


def read_header(path: str | os.PathLike[str], size: int = -1) -> Header:
    """Return the header of the version file at ``path``, which is not run; ``size`` is its size when it was listed.

        read_header("versions/1f2e_add_age.py").revision      # "1f2e"

    Raises BrokenScript (path, line, reason) if the file cannot be read or assigns no revision id.
    """
    name = os.fspath(path)
    source = source_of(read_bytes(name, size), name)
    return header_by_form(source, name) or parse_header(source, name)


def header_by_form(source: str, path: str) -> Header | None:
    """Return the header of a version file by its form, None if only `parse_header` can decide."""
    source = unix_lines(source)
    docstring = DOCSTRING.match(source)
    end = None if docstring is None else end_of_top(source, docstring.end())
    if end is None or docstring is None or end > _LONGEST or not can_have_marks(source):
        return None
    parts, texts = split_strings(source[docstring.end() : end])
    form = _form_of(docstring[0].count("\n"), parts)
    if form is None:
        return None
    revision = _text(form.revision, texts)
    if revision in SYMBOLS:
        return None
    parents, labels, needs = form.down_revision, form.branch_labels, form.depends_on
    return Header(
        revision,
        _filled(parents, texts) if parents else (),
        _filled(labels, texts) if labels else (),
        _filled(needs, texts) if needs else (),
        docstring[1],
        path,
        form.lines,
    )


def _filled(parts: tuple[_Part, ...], texts: Sequence[str]) -> tuple[str, ...]:
    if len(parts) == 1:
        return (_text(parts[0], texts),)
    return tuple(dict.fromkeys([_text(part, texts) for part in parts]))


def _text(part: _Part, texts: Sequence[str]) -> str:
    return part if isinstance(part, str) else intern(texts[part])


@lru_cache(maxsize=256)
def _form_of(newlines: int, parts: tuple[str, ...]) -> _Form | None:
    """Return the form of a docstring of so many lines and the ``parts`` of what follows it; None if it has none.

    A set has an order that depends on its strings: it has no form.
    """
    if any("{" in text for text in parts):
        return None
    docstring = '"""' + "\n" * (newlines - 1) + '"""\n'
    try:
        header = parse_header(docstring + with_marks(parts), "")
        down, labels, needs = (tuple(map(_part, ids)) for ids in header[1:4])
        return _Form(_part(header.revision), down, labels, needs, header.lines)
    except (BrokenScript, ValueError):
        return None


def _part(text: str) -> _Part:
    """Return the position that a mark names, or the text; raises ValueError if a mark is only a part of it."""
    if MARK not in text:
        return text
    position = text.removeprefix(MARK).removesuffix("_")
    if not position.isdecimal():
        raise ValueError(text)
    return int(position)
