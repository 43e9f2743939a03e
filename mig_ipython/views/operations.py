"""Operations as sentences, grouped by table, with warnings of data loss and with folded SQL and Python."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from kernel_core.operations.kinds.execute_sql import ExecuteSQLOp
from kernel_core.operations.operation import MigrateOperation
from kernel_core.util.counts import counted

from .html import Html, details, join, plain_list, tag
from .source import code
from .text import indent

STATEMENTS = "SQL statements"
"""Heading of SQL statements that were added by hand."""

CODE = "Custom code"
"""Heading of Python code in a version file that is not an operation."""

OTHERS = "Other objects"
"""Heading of changes to objects outside of tables: enum types, schemas, sequences, views."""

_SIGN_NAMES = {"+": "adds", "-": "removes", "~": "changes"}


@dataclass(frozen=True, slots=True)
class Line:
    """One operation for display; ``hints`` are (severity, text)."""

    sign: str
    sentence: str
    table: str = ""
    hints: tuple[tuple[str, str], ...] = ()
    sql: str = ""
    python: str = ""
    number: int = 0
    accepted: bool = True
    group: str = ""
    together: tuple[int, ...] = ()

    @property
    def mark(self) -> str:
        """Remarks in parentheses: ``(rejected)``, ``(with row 3)``; "" for none."""
        marks = [] if self.accepted else ["rejected"]
        marks += [with_rows(self.together)] if self.together else []
        return f"({', '.join(marks)})" if marks else ""

    @property
    def loses_data(self) -> bool:
        """Whether the operation deletes rows or values."""
        return any(severity == "loses data" for severity, _ in self.hints)


def line_of(operation: MigrateOperation) -> Line:
    """Return the display of an operation."""
    return Line(operation.sign, operation.sentence(), table_of(operation), group=group_of(operation))


def table_of(operation: MigrateOperation) -> str:
    """Return the name of the table that an operation changes, with its schema; "" if it changes none."""
    return ".".join(part for part in operation.table_key or () if part)


def names_of(operation: MigrateOperation) -> tuple[str, ...]:
    """Return the names of an operation: its tables, with and without schema, and its column, index or constraint."""
    tables = [name for schema, table in operation.table_keys for name in (table, f"{schema}.{table}" if schema else "")]
    tables = [name for name in dict.fromkeys(tables) if name]
    own: Any = operation
    parts = (
        getattr(own, "column_name", None) or getattr(getattr(own, "column", None), "name", None),
        getattr(own, "name_after", None),
        getattr(own, "constraint_name", None),
        getattr(own, "index_name", None),
    )
    known = [str(part) for part in dict.fromkeys(parts) if isinstance(part, str)]
    return (*tables, *(f"{name}.{part}" for name in tables for part in known))


def group_of(operation: MigrateOperation) -> str:
    """Return the heading that an operation is listed under: its table, or the kind of its object.

    Where an environment migrates several databases, the database is named too.
    """
    group = table_of(operation) or (STATEMENTS if isinstance(operation, ExecuteSQLOp) else OTHERS)
    return f"{group} in {operation.engine}" if operation.engine else group


def with_rows(numbers: Sequence[int]) -> str:
    """Return the remark about the rows that are accepted and rejected together with one.

    >>> with_rows([3])
    'with row 3'
    """
    return f"with {'row' if len(numbers) == 1 else 'rows'} {', '.join(map(str, numbers))}"


def lines_text(lines: Sequence[Line]) -> str:
    """Return the operations as text, grouped by table in their order."""
    parts: list[str] = []
    for name, group in by_table(lines):
        parts.append(name)
        for line in group:
            number = f"{line.number:>3} " if line.number else ""
            mark = f"  {line.mark}" if line.mark else ""
            warned = "".join(f"\n        ! {severity}: {text}" for severity, text in line.hints)
            parts.append(f"  {number}{line.sign} {line.sentence}{mark}{warned}")
    return "\n".join(parts)


def lines_html(lines: Sequence[Line]) -> Html:
    """Return the operations as headed lists."""
    parts: list[Html] = []
    for name, group in by_table(lines):
        parts.append(tag("h4", name))
        parts.append(plain_list(_item(line) for line in group))
    return join(parts)


def source_html(title: str, text: str) -> Html:
    """Return SQL or Python folded under its title; nothing if it is empty."""
    return details(title, code(text, "sql" if title == "SQL" else "python")) if text.strip() else Html()


def summary(lines: Sequence[Line], between: str = "") -> str:
    """Return a summary: the number of changes, their source and target, and how many lose data."""
    losing = sum(line.loses_data for line in lines)
    whose = "which loses" if len(lines) == 1 else f"{losing} of them {'loses' if losing == 1 else 'lose'}"
    lost = f", {whose} data" if losing else ""
    return f"{counted(len(lines), 'change')}{f' between {between}' if between else ''}{lost}"


def by_table(lines: Iterable[Line]) -> list[tuple[str, list[Line]]]:
    """Return the lines by heading, in the order of their first line."""
    groups: dict[str, list[Line]] = {}
    for line in lines:
        groups.setdefault(line.group or line.table or CODE, []).append(line)
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
    mark = f" {line.mark}" if line.mark else Html()
    hints = (tag("div", f"{severity}: {text}", class_="mig-warn mig-hint") for severity, text in line.hints)
    return join((number, sign, " ", sentence, mark, *hints))
