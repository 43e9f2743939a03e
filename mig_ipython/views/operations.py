"""Operations in words: sentences by table, with what loses data, and the SQL and Python of each folded away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kernel_core.operations.operation import MigrateOperation

from .html import Html, code, details, join, plain_list, tag
from .text import count, indent

_SIGN_NAMES = {"+": "adds", "-": "removes", "~": "changes"}


@dataclass(frozen=True, slots=True)
class Line:
    """One operation as a person reads it; ``hints`` are (severity, text)."""

    sign: str
    sentence: str
    table: str = ""
    hints: tuple[tuple[str, str], ...] = ()
    sql: str = ""
    python: str = ""
    number: int = 0
    accepted: bool = True

    @property
    def loses_data(self) -> bool:
        """Whether rows or values would be gone."""
        return any(severity == "loses data" for severity, _ in self.hints)


def line_of(operation: MigrateOperation) -> Line:
    """Return an operation in words."""
    return Line(operation.sign, operation.sentence(), ".".join(part for part in operation.table_key or () if part))


def lines_text(lines: Sequence[Line]) -> str:
    """Return the operations as text, grouped by table in their order."""
    parts: list[str] = []
    for name, group in by_table(lines):
        parts.append(name or "Statements")
        for line in group:
            number = f"{line.number:>3} " if line.number else ""
            refused = "" if line.accepted else "  (rejected)"
            warned = "".join(f"\n        ! {severity}: {text}" for severity, text in line.hints)
            parts.append(f"  {number}{line.sign} {line.sentence}{refused}{warned}")
    return "\n".join(parts)


def lines_html(lines: Sequence[Line]) -> Html:
    """Return the operations as headed lists."""
    parts: list[Html] = []
    for name, group in by_table(lines):
        parts.append(tag("h4", name or "Statements"))
        parts.append(plain_list(_item(line) for line in group))
    return join(parts)


def source_html(title: str, text: str) -> Html:
    """Return SQL or Python folded under its title; nothing where there is none."""
    return details(title, code(text)) if text.strip() else Html()


def summary(lines: Sequence[Line], between: str = "") -> str:
    """Return how many changes there are, between what, and how many of them lose data."""
    losing = sum(line.loses_data for line in lines)
    whose = "which loses" if len(lines) == 1 else f"{losing} of them {'loses' if losing == 1 else 'lose'}"
    lost = f", {whose} data" if losing else ""
    return f"{count(len(lines), 'change')}{f' between {between}' if between else ''}{lost}"


def by_table(lines: Iterable[Line]) -> list[tuple[str, list[Line]]]:
    """Return the lines grouped by table, tables in the order of their first line."""
    groups: dict[str, list[Line]] = {}
    for line in lines:
        groups.setdefault(line.table, []).append(line)
    return list(groups.items())


def sql_text(lines: Iterable[Line]) -> str:
    """Return all SQL, one operation after the other."""
    return "\n\n".join(line.sql.strip() for line in lines if line.sql.strip())


def python_text(name: str, lines: Iterable[Line]) -> str:
    """Return all Python as the body of a function."""
    body = "\n".join(line.python.rstrip() for line in lines if line.python.strip())
    return f"def {name}():\n{indent(body)}\n" if body else ""


def _item(line: Line) -> Html:
    number = tag("span", f"{line.number} ", class_="mig-where") if line.number else Html()
    sign = tag(
        "span", line.sign, class_="mig-sign", title=_SIGN_NAMES.get(line.sign), aria_label=_SIGN_NAMES.get(line.sign)
    )
    sentence = line.sentence if line.accepted else tag("s", line.sentence)
    refused = Html() if line.accepted else " (rejected)"
    hints = (tag("div", f"{severity}: {text}", class_="mig-warn mig-hint") for severity, text in line.hints)
    return join((number, sign, " ", sentence, refused, *hints))
