"""Replacements: a drop and a creation that together change one constraint, index, column or view."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..util.exc import CommandError
from ..util.sqla_compat import sql_text
from .kinds.column import AlterColumnOp
from .kinds.execute_sql import ExecuteSQLOp
from .kinds.table import RenameTableOp
from .operation import MigrateOperation

_UNIQUE = "unique"
_ONLY_ONE = "primary"
"""A table has one primary key, so a new one always takes the place of the old one."""

_DDL = re.compile(
    r"\s*(?P<verb>CREATE|DROP)\s+(?:OR\s+REPLACE\s+)?(?:UNIQUE\s+|TEMP(?:ORARY)?\s+|RECURSIVE\s+)*"
    r"(?P<kind>(?:MATERIALIZED\s+)?VIEW|INDEX|FUNCTION|PROCEDURE|TRIGGER|TYPE|SEQUENCE|POLICY|RULE)\s+"
    r"(?:CONCURRENTLY\s+)?(?:IF\s+(?:NOT\s+)?EXISTS\s+)?(?P<name>[^\s(;]+)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a creation makes, or a drop removes.

    ``kind`` and ``place`` (schema and table) must agree for a replacement; ``parts`` are the names that it is over:
    columns, or the words of a condition.
    """

    kind: str
    place: object
    name: str | None
    parts: frozenset[str] = frozenset()

    def likeness(self, other: Subject) -> int:
        """Return how likely both are the same object: 0 for not at all."""
        if (self.kind, self.place) != (other.kind, other.place):
            return 0
        if self.kind == _ONLY_ONE or (self.name is not None and self.name == other.name):
            return 4
        if self.parts and self.parts == other.parts:
            return 3
        return 2 if self.parts & other.parts else 0


def replacements(operations: Sequence[MigrateOperation]) -> list[tuple[MigrateOperation, MigrateOperation]]:
    """Return the pairs of a drop and the creation that takes the place of what it drops.

    A pair is of one kind and one table, and has the same name, the same columns, or at least one column in common; the
    most similar ones first, each operation in one pair only. What other operations rename counts under its new name.
    Custom operations take part where their `reverse` or the names of their classes (``DropViewOp``, ``CreateViewOp``)
    show which is which.
    """
    renamed = _Renamed(operations)
    drops = [(op, renamed.now(subject)) for op in operations if _is_drop(op) and (subject := subject_of(op))]
    creations = [(op, subject) for op in operations if _is_creation(op) and (subject := subject_of(op))]
    places: dict[object, list[tuple[MigrateOperation, Subject]]] = {}
    for creation, subject in creations:
        places.setdefault((subject.kind, subject.place), []).append((creation, subject))
    likely = [
        (drop, creation, likeness)
        for drop, gone in drops
        for creation, new in places.get((gone.kind, gone.place), ())
        if (likeness := gone.likeness(new))
    ]
    found: list[tuple[MigrateOperation, MigrateOperation]] = []
    taken: set[int] = set()
    for drop, creation, _ in sorted(likely, key=lambda each: -each[2]):
        if not {id(drop), id(creation)} & taken:
            taken |= {id(drop), id(creation)}
            found.append((drop, creation))
    return found


class _Renamed:
    """The tables and columns that operations rename."""

    def __init__(self, operations: Sequence[MigrateOperation]) -> None:
        self._tables: dict[object, tuple[str | None, str]] = {}
        self._columns: dict[object, dict[str, str]] = {}
        for operation in operations:
            if isinstance(operation, RenameTableOp):
                self._tables[operation.table_key] = (operation.schema, operation.new_table_name)
            elif isinstance(operation, AlterColumnOp) and operation.modify_name is not None:
                self._columns.setdefault(operation.table_key, {})[operation.column_name] = operation.modify_name

    def now(self, subject: Subject) -> Subject:
        """Return what is dropped, by its name after the renames."""
        place = self._tables.get(subject.place, subject.place)
        columns = self._columns.get(place, {}) | self._columns.get(subject.place, {})
        parts = frozenset(columns.get(part, part) for part in subject.parts)
        return replace(subject, place=place, parts=parts)


def subject_of(operation: MigrateOperation) -> Subject | None:
    """Return what an operation creates or drops; None where that cannot be known."""
    statement = _statement(operation)
    if statement is not None:
        return Subject(" ".join(statement["kind"].upper().split()), None, statement["name"].replace('"', "").lower())
    made = (_made(operation) if _is_drop(operation) else None) or operation
    name = _name(operation) or _name(made)
    own, kind = made.table_key, _kind(made)
    if kind is None:
        return Subject(_stem(made), _target_place(made) or own, name) if name is not None else None
    parts = frozenset(_parts(made))
    return Subject(kind, own, name, parts) if name is not None or parts else None


def _statement(operation: MigrateOperation) -> re.Match[str] | None:
    """Return the CREATE or DROP statement that an operation runs as SQL text."""
    return _DDL.match(sql_text(operation.sqltext)) if isinstance(operation, ExecuteSQLOp) else None


def _is_drop(operation: MigrateOperation) -> bool:
    statement = _statement(operation)
    if statement is not None:
        return statement["verb"].upper() == "DROP"
    return operation.sign == "-" or (operation.sign == "~" and bool(re.match(r"Drop|Remove|Delete", _class(operation))))


def _is_creation(operation: MigrateOperation) -> bool:
    statement = _statement(operation)
    if statement is not None:
        return statement["verb"].upper() == "CREATE"
    return operation.sign == "+" or (operation.sign == "~" and bool(re.match(r"Create|Add", _class(operation))))


def _class(operation: MigrateOperation) -> str:
    return type(operation).__name__


def _stem(operation: MigrateOperation) -> str:
    """Return what a custom operation is about, from its class: ``View`` for ``DropViewOp``."""
    return re.sub(r"^(Drop|Remove|Delete|Create|Add)|Op$", "", _class(operation))


def _made(drop: MigrateOperation) -> MigrateOperation | None:
    """Return the creation that would undo a drop; None where it is not known."""
    try:
        return drop.reverse()
    except (CommandError, NotImplementedError):
        return None


def _kind(made: MigrateOperation) -> str | None:
    """Return a word for what replaces what: a unique index may take the place of a unique constraint."""
    if hasattr(made, "constraint_type") or hasattr(made, "constraint_name"):
        return str(getattr(made, "constraint_type", None) or _stem(made))
    if hasattr(made, "index_name"):
        return _UNIQUE if getattr(made, "unique", False) else "index"
    return "column" if hasattr(made, "column") else None


def _name(operation: MigrateOperation) -> str | None:
    """Return the name of what is created or dropped."""
    own: Any = operation
    values = [getattr(own, attribute, None) for attribute in ("constraint_name", "index_name", "column_name")]
    holders = [getattr(own, attribute, None) for attribute in ("column", "target", "view")]
    values += [getattr(holder, "signature", None) or getattr(holder, "name", None) for holder in holders]
    values += [getattr(own, attribute, None) for attribute in ("view_name", "name", "table_name")]
    return next((str(value) for value in values if isinstance(value, str)), None)


def _target_place(operation: MigrateOperation) -> object:
    """Return where the target of a custom operation is: its kind and its schema."""
    target = getattr(operation, "target", None) or getattr(operation, "view", None)
    if target is None:
        schema = getattr(operation, "schema", None)
        return (schema,) if isinstance(schema, str) else None
    return (str(getattr(target, "type_", "")), getattr(target, "schema", None))


def _parts(made: Any) -> Iterator[str]:
    """Yield the names that a constraint or an index is over."""
    for attribute in ("local_cols", "columns", "elements"):
        for item in getattr(made, attribute, None) or ():
            part = item[0] if isinstance(item, tuple) else item
            yield from [str(part)] if isinstance(part, str) else _words(part)
    condition = getattr(made, "condition", None)
    if condition is not None:
        yield from _words(condition)


_NO_NAMES = frozenset(
    {"all", "and", "any", "array", "as", "between", "case", "cast", "else", "end", "false", "in", "is", "like", "not"}
    | {"null", "or", "then", "true", "when"}
)


def _words(expression: Any) -> Iterator[str]:
    """Yield the words of a SQL expression that may be names of columns."""
    text = re.sub(r"'(?:[^']|'')*'|::[\w ]+", " ", expression if isinstance(expression, str) else sql_text(expression))
    yield from (word for word in re.findall(r"[^\W\d]\w*\b(?!\s*\()", text.lower()) if word not in _NO_NAMES)
