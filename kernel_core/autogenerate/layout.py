"""Lay out Python source as black does: double quotes, 88 characters, one argument per line if it is too long."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from ..operations.operation import Code

WIDTH = 88
INDENT = "    "


@lru_cache(maxsize=4096)
def literal(text: str) -> str:
    r"""Return a text as a Python literal, in double quotes unless single ones need fewer backslashes.

    >>> literal("it's")
    '"it\'s"'
    """
    source = repr(str(text))
    inside = source[1:-1]
    if "'" not in inside and '"' not in inside:
        return f'"{inside}"'
    if source.startswith('"') or inside.count('"') > inside.count("\\'"):
        return source
    inside = inside.replace("\\'", "'").replace('"', '\\"')
    return f'"{inside}"'


def keyword(name: str, source: str) -> str:
    """Return ``name=source``, which can be broken into lines where ``source`` can."""
    if isinstance(source, Code):
        return Code(f"{name}={source.head}", source.parts, source.tail)
    return f"{name}={source}"


def call(function: str, args: Iterable[str], kwargs: Mapping[str, str] | None = None) -> Code:
    """Return the source of a call."""
    named = [keyword(name, source) for name, source in kwargs.items()] if kwargs else ()
    return Code(f"{function}(", (*args, *named))


def joined(head: str, parts: Iterable[str], room: int, tail: str = ")") -> str:
    """Return head, parts and tail: a `Code`, or a str if that is no longer than ``room``, so that it is never broken.

    A str is made in a third of the time.
    """
    source = f"{head}{', '.join(parts)}{tail}"
    return source if len(source) <= room and "\n" not in source else Code(head, tuple(parts), tail)


def lay_out(source: str, width: int = WIDTH, tail: str = "", indent: str = "") -> list[str]:
    """Return the lines of one expression; a part that cannot be broken may be longer than ``width``.

    >>> lay_out(Code("op.f(", ('"a"', '"b"')), width=8)
    ['op.f(', '    "a",', '    "b",', ')']
    """
    if not isinstance(source, Code) or not source.parts:
        return [indent + line for line in (source + tail).split("\n")]
    if len(indent) + len(source) + len(tail) <= width:
        return [indent + source + tail]
    lines = [indent + source.head]
    inner = indent + INDENT
    room, has_newline = width - len(inner) - 1, "\n" in source
    for part in source.parts:
        if (len(part) > room and isinstance(part, Code)) or (has_newline and "\n" in part):
            lines += lay_out(part, width, ",", inner)
        else:
            lines.append(f"{inner}{part},")
    lines.append(f"{indent}{source.tail}{tail}")
    return lines
