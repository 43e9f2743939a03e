"""Python source as a formatter would leave it, for the templates of version files."""

from __future__ import annotations

import json
import sys
from typing import Any


def literal(value: Any) -> str:
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

    Each argument may hold several lines; what is there twice stands once.

    >>> print(import_block("from kernel_core import op", "import uuid", "import sqlalchemy as sa"))
    import uuid
    <BLANKLINE>
    import sqlalchemy as sa
    from kernel_core import op
    """
    statements = dict.fromkeys(line.strip() for several in lines for line in several.splitlines() if line.strip())
    groups: tuple[list[str], list[str]] = ([], [])
    for statement in sorted(statements, key=_order):
        groups[_module(statement).partition(".")[0] not in sys.stdlib_module_names].append(statement)
    return "\n\n".join("\n".join(group) for group in groups if group)


def _module(statement: str) -> str:
    words = statement.split()
    return words[1] if len(words) > 1 else ""


def _order(statement: str) -> tuple[bool, str, str]:
    """Whole modules come before names taken from one, each by the module's name."""
    return statement.startswith("from "), _module(statement).lower(), statement
