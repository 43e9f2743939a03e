"""Reads the identifiers of a version file without running it.

The identifiers are literals above the first ``def``, so only the text up to there is parsed, by `ast`; literal
assignments are evaluated by `ast.literal_eval`. Nothing in the file is executed, imported or expanded.
"""

from __future__ import annotations

import ast
import io
import os
import re
import stat
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from types import CodeType, MappingProxyType, ModuleType
from typing import NamedTuple, NoReturn, TypeVar

from ..util.exc import BrokenScript, ComputedIdentifier
from .names import FORBIDDEN

NAMES = ("revision", "down_revision", "branch_labels", "depends_on")
REPLACES = "replaces"
"""The name of a squashed revision for the revisions in place of which it is; only its line is in a header."""
SYMBOLS = frozenset({"head", "heads", "base", "current"})

DOCSTRING = re.compile(r'"""([^"\\]*(?:"(?!"")[^"\\]*)*)"""[ \t]*\n')
_BODY = re.compile(r"^(?:(?:def|async|class)\b|@)", re.MULTILINE)
_BODY_AFTER_LINE = re.compile(r"\n(?:(?:def|async|class)\b|@)")
_ASSIGNED_LATER = re.compile(rf"^(?:{'|'.join(NAMES)})\b", re.MULTILINE)
_CREATE_DATE = re.compile(r"^Create Date:[ \t]*(\S.*?)[ \t]*$", re.MULTILINE)
COMPUTED = object()
# Alembic 0.1 wrote no "revision": the file is called 1f2e3d4c.py, and that is the id (its manual, "Upgrading to 0.2").
_LEGACY_NAME = re.compile(r"([0-9a-f]+)(?:\.[\w-]+)?\.pyc?")
_DIRECTORY = "is a directory, not a version file. Move or rename it."
# A pipe called x.py must not stop the listing, as a blocking open() would until somebody writes to it.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)

T = TypeVar("T")


class Header(NamedTuple):
    """The identifiers and the docstring of one version file; ``lines`` are the lines of their assignments."""

    revision: str
    down_revision: tuple[str, ...]
    branch_labels: tuple[str, ...]
    depends_on: tuple[str, ...]
    docstring: str
    path: str
    lines: Mapping[str, int]

    @property
    def longdoc(self) -> str:
        """The docstring without surrounding and trailing spaces."""
        return tidy(self.docstring)

    @property
    def doc(self) -> str:
        """The first paragraph of the docstring."""
        return first_paragraph(self.docstring)

    @property
    def create_date(self) -> datetime | None:
        """The date in the docstring's last "Create Date:" line, None without a valid one."""
        return date_in(self.longdoc)


def tidy(docstring: str) -> str:
    """Return a docstring without surrounding and trailing spaces."""
    return "\n".join([line.rstrip() for line in docstring.strip().splitlines()])


def first_paragraph(docstring: str) -> str:
    """Return the first paragraph of a docstring."""
    start = docstring.partition("\n\n")[0].strip()
    if start and start.isprintable():  # a single line, as in most files
        return start
    lines: list[str] = []
    for line in docstring.strip().splitlines():
        if not line.strip():
            break
        lines.append(line.rstrip())
    return "\n".join(lines).strip()


def date_in(docstring: str) -> datetime | None:
    """Return the date in the last "Create Date:" line, None without a valid one."""
    found = _CREATE_DATE.findall(docstring)
    try:
        return datetime.fromisoformat(found[-1]) if found else None
    except ValueError:
        return None


def read_source(path: str) -> str:
    """Return the text of a version file, decoded as Python would.

    Raises BrokenScript unless it is a readable, non-empty text file.
    """
    return source_of(read_bytes(path), path)


def source_of(data: bytes, path: str) -> str:
    """Return the text of a file with these bytes; raises as `read_source`."""
    if not data or data.isspace():
        raise BrokenScript(path, None, "is empty. Restore its text or delete it.")
    if b"\0" in data:
        line = data.count(b"\n", 0, data.index(b"\0")) + 1
        raise BrokenScript(path, line, "contains a NUL byte, so it is not a Python file. Restore it from a good copy.")
    return data.decode("ascii") if data.isascii() and b"coding" not in data else decoded(data, path)


def read_bytes(path: str, size: int = -1) -> bytes:
    """Return the content of a regular file; raises BrokenScript for any other, or one that cannot be read.

    A file that has the expected ``size`` is read at once, without a call of `os.fstat`.
    """
    try:
        handle = os.open(path, _FLAGS)
        try:
            data = os.read(handle, size + 1) if size > 0 else b""
            if data and len(data) == size:
                return data
            return _all_of(handle, path, data)
        finally:
            os.close(handle)
    except IsADirectoryError as error:
        raise BrokenScript(path, None, _DIRECTORY) from error
    except OSError as error:
        raise BrokenScript(path, None, f"cannot be read ({error.strerror or error}).") from error


def _all_of(handle: int, path: str, read: bytes) -> bytes:
    """Return ``read`` and the rest of the file."""
    found = os.fstat(handle)
    if stat.S_ISDIR(found.st_mode):
        raise BrokenScript(path, None, _DIRECTORY)
    if not stat.S_ISREG(found.st_mode):
        raise BrokenScript(path, None, "is not a regular file. Move it elsewhere.")
    if not read and found.st_size:
        read = os.read(handle, found.st_size + 1)
        if len(read) == found.st_size:
            return read
    parts = [read]
    while part := os.read(handle, 1 << 16):
        parts.append(part)
    return b"".join(parts)


def parse_header(source: str, path: str) -> Header:
    """Return the header of a version file whose text is ``source``; ``path`` is only named in errors.

    Raises BrokenScript.
    """
    tree = _parse_top(unix_lines(source), path)
    values: dict[str, object] = {}
    lines: dict[str, int] = {}
    for name, value, line in _assignments(tree):
        values[name], lines[name] = _literal(value), line
    return header_of(values, lines, _docstring(tree), path)


def unix_lines(source: str) -> str:
    """Return the text with each line ended by a newline character, as Python reads it."""
    return source.replace("\r\n", "\n").replace("\r", "\n") if "\r" in source else source


def header_of(values: Mapping[str, object], lines: Mapping[str, int], doc: str, path: str) -> Header:
    """Return the header for the values of the four names; raises BrokenScript if they are not valid."""
    named = _LEGACY_NAME.fullmatch(os.path.basename(path)) if "revision" not in values else None
    if named is None and "revision" not in values:
        raise BrokenScript(path, None, 'assigns no revision id. Add a line such as revision = "1f2e3d4c".')
    return Header(
        revision=named[1] if named else _identifier(values["revision"], path, lines["revision"]),
        down_revision=_identifiers("down_revision", values, lines, path),
        branch_labels=_identifiers("branch_labels", values, lines, path),
        depends_on=_identifiers("depends_on", values, lines, path),
        docstring=doc,
        path=path,
        lines=_shared(tuple(lines.items())),
    )


@lru_cache(maxsize=256)
def _shared(lines: tuple[tuple[str, int], ...]) -> Mapping[str, int]:
    """One mapping for all the files that have their identifiers on the same lines."""
    return MappingProxyType(dict(lines))


def header_of_module(module: ModuleType, path: str) -> Header:
    """Return the header of a version file that was run, by the values of its names; raises BrokenScript."""
    values = {name: getattr(module, name) for name in NAMES if hasattr(module, name)}
    lines = {name: line for name, _, line in _assignments(_parse_top(read_source(path), path))}
    return header_of(values, {name: lines.get(name, 1) for name in values}, module.__doc__ or "", path)


def compiled_source(source: str, path: str) -> CodeType:
    """Return the code of a version file, which is not run; raises BrokenScript if it does not compile."""
    return _guarded(source, path, lambda text: compile(text, path, "exec", dont_inherit=True))


def decoded(data: bytes, path: str) -> str:
    """Return the text of a file, decoded by its declared encoding as Python does; raises BrokenScript."""
    encoding = "utf-8-sig"
    try:
        if b"coding" in data and b"coding" in b"".join(data.splitlines()[:2]):
            import tokenize  # noqa: PLC0415 - it takes 6 ms, and hardly any file needs it

            encoding = tokenize.detect_encoding(io.BytesIO(data).readline)[0]
            encoding = "utf-8-sig" if encoding == "utf-8" else encoding
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        reason = f"byte 0x{data[error.start]:02x} is not {error.encoding.upper()}. Save the file as UTF-8."
        raise BrokenScript(path, line, reason) from error
    except (SyntaxError, LookupError, UnicodeError) as error:
        raise BrokenScript(path, 1, f"its encoding cannot be read ({error}). Save the file as UTF-8.") from error


def _parse_top(source: str, path: str) -> ast.Module:
    """Parse what is above the first ``def``, or all of it where that is not enough to know the identifiers."""
    top = top_of(source)
    if top is not None:
        try:
            return _quiet_parse(top)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            # The cut may be inside some other string that contains a "def"; the whole file decides.
            pass
    return _guarded(source, path, _quiet_parse)


def top_of(source: str) -> str | None:
    """Return the text above the first ``def`` that is not in the docstring, None if that cannot be all identifiers."""
    docstring = DOCSTRING.match(source)
    if docstring is not None:
        end = end_of_top(source, docstring.end())
        return None if end is None else source[:end]
    body = _BODY.search(source)
    return None if body is None or _is_assigned_later(source, body.start()) else source[: body.start()]


def end_of_top(source: str, start: int) -> int | None:
    """Return where the first ``def`` begins after a docstring that ends at ``start``; None as `top_of`."""
    body = _BODY_AFTER_LINE.search(source, start - 1)
    return None if body is None or _is_assigned_later(source, body.start()) else body.start() + 1


def _is_assigned_later(source: str, start: int) -> bool:
    # Each of NAMES has one of these words in it, which hardly any body has; to search for them is ten times as fast.
    find = source.find
    has_word = find("revision", start) >= 0 or find("branch_labels", start) >= 0 or find("depends_on", start) >= 0
    return has_word and _ASSIGNED_LATER.search(source, start) is not None


def _guarded(source: str, path: str, read: Callable[[str], T]) -> T:
    try:
        return read(source)
    except SyntaxError as error:
        raise BrokenScript(path, error.lineno, f"is not valid Python: {error.msg}.") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise BrokenScript(path, None, f"cannot be parsed as Python ({type(error).__name__}: {error}).") from error


def _quiet_parse(source: str) -> ast.Module:
    """Parse without the warnings about escapes in strings, which are shown when the file is run."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(source)


def _assignments(tree: ast.Module) -> Iterator[tuple[str, ast.expr | None, int]]:
    """Yield (name, value, line) of each top-level assignment to one of the four names; value None if it is computed."""
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and node.value is not None:
            yield from _named(node.target, node.value, node.lineno)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                yield from _named(target, node.value, node.lineno)
        elif isinstance(node, ast.AugAssign):
            yield from _named(node.target, None, node.lineno)


def _named(target: ast.expr, value: ast.expr | None, line: int) -> Iterator[tuple[str, ast.expr | None, int]]:
    if isinstance(target, ast.Name):
        if target.id in NAMES or target.id == REPLACES:
            yield target.id, value, line
    elif isinstance(target, ast.Tuple | ast.List):
        known = isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts)
        for position, part in enumerate(target.elts):
            yield from _named(part, value.elts[position] if known else None, line)  # type: ignore[union-attr]


def _literal(value: ast.expr | None) -> object:
    if value is None:
        return COMPUTED
    if isinstance(value, ast.Constant):
        return value.value
    try:
        return ast.literal_eval(value)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return COMPUTED


def replaces_of(source: str, path: str) -> tuple[str, ...]:
    """Return what ``replaces`` names in a version file; () unless it is a tuple or list of strings."""
    found = [value for name, value, _ in _assignments(_parse_top(unix_lines(source), path)) if name == REPLACES]
    value = _literal(found[-1]) if found else ()
    is_ids = isinstance(value, tuple | list) and all(isinstance(each, str) for each in value)
    return tuple(value) if is_ids else ()  # type: ignore[arg-type]


def _identifiers(name: str, values: Mapping[str, object], lines: Mapping[str, int], path: str) -> tuple[str, ...]:
    value = values.get(name)
    if value is None:
        return ()
    line = lines[name]
    if value is COMPUTED:
        _computed(name, path, line)
    written = (value,) if isinstance(value, str) else value
    if isinstance(written, set | frozenset):
        written = sorted(written, key=str)
    if not isinstance(written, tuple | list) or not all(isinstance(item, str) and item for item in written):
        raise BrokenScript(path, line, f"{name} is {value!r}; it must be None, a string, or a tuple of strings.")
    return tuple(dict.fromkeys(map(shared_text, written)))


def _identifier(value: object, path: str, line: int) -> str:
    if value is COMPUTED:
        _computed("revision", path, line)
    if not isinstance(value, str) or not value:
        raise BrokenScript(path, line, f"revision is {value!r}; it must be a string that is not empty.")
    bad = sorted(set(value) & set(FORBIDDEN))
    if bad:
        raise BrokenScript(
            path, line, f"revision {value!r} contains {' '.join(bad)}, which is not allowed in an id. Rename it."
        )
    if value in SYMBOLS:
        raise BrokenScript(path, line, f'revision "{value}" is the name of a symbol. Rename it.')
    return shared_text(value)


def shared_text(text: str) -> str:
    """Return one string object for a parent's id and for all children that name it: 10,000 ids take less memory."""
    return sys.intern(str(text))


def _computed(name: str, path: str, line: int) -> NoReturn:
    reason = f"{name} is computed, so that only running the file shows it. Write it as a string literal."
    raise ComputedIdentifier(path, line, reason)


def _docstring(tree: ast.Module) -> str:
    first = tree.body[0] if tree.body else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        return first.value.value
    return ""
