"""Reads the identifiers of a compiled version file (``.pyc``) from its instructions, without executing them."""

from __future__ import annotations

import dis
import marshal
from collections.abc import Iterator
from importlib.util import MAGIC_NUMBER
from types import CodeType

from ..util.exc import BrokenScript
from .header import COMPUTED, NAMES, Header, header_of, read_bytes

_HEADER_SIZE = 16  # magic number, flags, then mtime and size or a hash: PEP 552


def read_compiled(path: str) -> Header:
    """Return the header of the compiled version file at ``path``, which is not run.

        read_compiled("versions/__pycache__/1f2e_add_age.cpython-311.pyc").revision     # "1f2e"

    Raises BrokenScript if it was compiled by another Python, or assigns no revision id.
    """
    code = code_of(path)
    values: dict[str, object] = {}
    lines: dict[str, int] = {}
    for name, value, line in _stores(code):
        values[name], lines[name] = value, line
    doc = values.pop("__doc__", None)
    lines.pop("__doc__", None)
    return header_of(values, lines, doc if isinstance(doc, str) else "", path)


def code_of(path: str) -> CodeType:
    """Return the code in a ``.pyc``; raises BrokenScript."""
    data = read_bytes(path)
    if data[:4] != MAGIC_NUMBER:
        raise BrokenScript(path, None, "was compiled by another version of Python. Compile it with this one.")
    try:
        code = marshal.loads(data[_HEADER_SIZE:])  # noqa: S302 - it makes a code object, which is not run here
    except (ValueError, EOFError, TypeError) as error:
        raise BrokenScript(path, None, f"is not a compiled Python file ({error}). Compile it again.") from error
    if not isinstance(code, CodeType):
        raise BrokenScript(path, None, "is not a compiled Python file. Compile it again.")
    return code


def _stores(code: CodeType) -> Iterator[tuple[str, object, int]]:
    """Yield (name, value, line) of each assignment to one of the names on the top level."""
    pushed: list[object] = []
    line = 1
    for step in dis.get_instructions(code):
        line = (step.positions.lineno if step.positions else None) or line
        match step.opname:
            case "LOAD_CONST":
                pushed.append(step.argval)
            case "BUILD_TUPLE" | "BUILD_LIST" if step.arg and step.arg <= len(pushed):
                pushed[-step.arg :] = [tuple(pushed[-step.arg :])]
            case "BUILD_LIST":
                pushed.append(())
            case "LIST_EXTEND" | "SET_UPDATE" if len(pushed) > 1:
                pushed[-2:] = [pushed[-1]]
            case "STORE_NAME":
                if step.argval in (*NAMES, "__doc__"):
                    yield step.argval, pushed[-1] if pushed else COMPUTED, line
                pushed.clear()
            case "COPY":
                pass
            case _:
                pushed.clear()
