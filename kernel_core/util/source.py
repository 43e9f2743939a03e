"""Formatted Python source for the templates of version files."""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterable, Iterator


def literal(value: str | Iterable[str] | None) -> str:
    """Return a text, None, or several texts as Python source, with double quotes.

    >>> literal("1f2e"), literal(None), literal(("a", "b")), literal(["a"])
    ('"1f2e"', 'None', '("a", "b")', '("a",)')
    """
    if value is None:
        return "None"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    parts = [literal(each) for each in value]
    return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"


def import_block(*lines: str) -> str:
    """Return import statements sorted: the standard library first, then an empty line, then all others.

    Each argument can have several statements; repeated ones are written once. Other code (a constant, a function) comes
    after the imports, unchanged.

    >>> print(import_block("from kernel_core import op", "import uuid", "import sqlalchemy as sa"))
    import uuid
    <BLANKLINE>
    import sqlalchemy as sa
    from kernel_core import op
    """
    imports, others = dict[str, None](), list[str]()
    for text in lines:
        for statement, is_import in _statements(text):
            if is_import:
                imports[statement.strip()] = None
            else:
                others.append(statement)
    groups: tuple[list[str], list[str]] = ([], [])
    for statement in sorted(imports, key=_order):
        groups[_module(statement).partition(".")[0] not in sys.stdlib_module_names].append(statement)
    return "\n\n".join("\n".join(group) for group in (*groups, others) if group)


def _statements(text: str) -> Iterator[tuple[str, bool]]:
    """Yield each statement with the comments above it, and whether it is an import; lines if it is not Python."""
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError):
        yield from ((line, True) for line in text.splitlines() if line.strip())
        return
    lines, done = text.splitlines(), 0
    for node in body:
        end = node.end_lineno or node.lineno
        if end > done:
            is_import = isinstance(node, ast.Import | ast.ImportFrom)
            first = node.lineno - 1 if is_import else done
            yield "\n".join(lines[first:end]).strip("\n"), is_import
            done = end


def _module(statement: str) -> str:
    words = statement.split()
    return words[1] if len(words) > 1 else ""


def _order(statement: str) -> tuple[bool, str, str]:
    """Return the sort key of an import: ``import`` before ``from``, then by the name of the module."""
    return statement.startswith("from "), _module(statement).lower(), statement
