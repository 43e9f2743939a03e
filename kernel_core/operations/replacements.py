"""Replacements: a drop and a creation that together change one constraint, index, column or view."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import dropwhile, takewhile
from typing import NamedTuple

from ..util.exc import CommandError
from ..util.sql import Token, likely_grammar, tokens
from ..util.sqla_compat import shown_sql
from .kinds.column import AlterColumnOp
from .kinds.execute_sql import ExecuteSQLOp
from .kinds.rename_table import RenameTableOp
from .operation import MigrateOperation

_UNIQUE = "unique"
_ONLY_ONE = "primary"
"""A table has one primary key, so that a new one always replaces the old one."""

_KINDS = frozenset({"VIEW", "INDEX", "FUNCTION", "PROCEDURE", "TRIGGER", "TYPE", "SEQUENCE", "POLICY", "RULE"})
_BEFORE_KIND = frozenset({"OR", "REPLACE", "UNIQUE", "TEMP", "TEMPORARY", "RECURSIVE", "MATERIALIZED"})
_BEFORE_NAME = frozenset({"CONCURRENTLY", "IF", "NOT", "EXISTS"})


@dataclass(frozen=True, slots=True)
class Subject:
    """The object that an operation creates or drops.

    ``kind`` and ``place`` (schema and table) must be equal for a replacement; ``parts`` are the names in its
    definition: columns, or the words of a condition.
    """

    kind: str
    place: object
    name: str | None
    parts: frozenset[str] = frozenset()

    def likeness(self, other: Subject) -> int:
        """Return how likely both are the same object, 0 if they are not."""
        if (self.kind, self.place) != (other.kind, other.place):
            return 0
        if self.kind == _ONLY_ONE or (self.name is not None and self.name == other.name):
            return 4
        if self.parts and self.parts == other.parts:
            return 3
        return 2 if self.parts & other.parts else 0


def replacements(operations: Sequence[MigrateOperation]) -> list[tuple[MigrateOperation, MigrateOperation]]:
    """Return the pairs of a drop and the creation that replaces the dropped object.

    Both are of one kind and one table, and have the same name, the same columns, or a column in common; the most
    similar first, each operation in one pair only. Objects that other operations rename have their new names. Custom
    operations are paired by their `reverse` or by the names of their classes (``DropViewOp``, ``CreateViewOp``).
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
    """The renames of tables and columns among operations."""

    def __init__(self, operations: Sequence[MigrateOperation]) -> None:
        self._tables: dict[object, tuple[str | None, str]] = {}
        self._columns: dict[object, dict[str, str]] = {}
        for operation in operations:
            if isinstance(operation, RenameTableOp):
                self._tables[operation.table_key] = (operation.schema, operation.new_table_name)
            elif isinstance(operation, AlterColumnOp) and operation.modify_name is not None:
                self._columns.setdefault(operation.table_key, {})[operation.column_name] = operation.modify_name

    def now(self, subject: Subject) -> Subject:
        """Return a dropped object with the names after the renames."""
        place = self._tables.get(subject.place, subject.place)
        columns = self._columns.get(place, {}) | self._columns.get(subject.place, {})
        parts = frozenset(columns.get(part, part) for part in subject.parts)
        return replace(subject, place=place, parts=parts)


def subject_of(operation: MigrateOperation) -> Subject | None:
    """Return the object that an operation creates or drops; None if that is not known."""
    statement = _statement(operation)
    if statement is not None:
        return Subject(statement.kind, None, statement.name)
    made = (_made(operation) if _is_drop(operation) else None) or operation
    name = _name(operation) or _name(made)
    own, kind = made.table_key, _kind(made)
    if kind is None:
        return Subject(_stem(made), _target_place(made) or own, name) if name is not None else None
    parts = frozenset(_parts(made))
    return Subject(kind, own, name, parts) if name is not None or parts else None


class _Statement(NamedTuple):
    """A CREATE or DROP statement: ``verb`` and ``kind`` in upper case, the name with its schema in lower case."""

    verb: str
    kind: str
    name: str


def _statement(operation: MigrateOperation) -> _Statement | None:
    """Return the CREATE or DROP statement that an operation runs as SQL text."""
    return _parsed(operation.text) if isinstance(operation, ExecuteSQLOp) else None


def _parsed(sql: str) -> _Statement | None:
    """Return a statement that creates or drops an object other than a table; None for any other statement.

    >>> _parsed('DROP MATERIALIZED VIEW IF EXISTS app."Older users"')
    _Statement(verb='DROP', kind='MATERIALIZED VIEW', name='app.older users')
    """
    found = tokens(sql, likely_grammar(sql))
    if not found or found[0].keyword not in ("CREATE", "DROP"):
        return None
    before = list(takewhile(lambda token: token.keyword in _BEFORE_KIND, found[1:]))
    rest = found[1 + len(before) :]
    if len(rest) < 2 or rest[0].keyword not in _KINDS:
        return None
    is_materialized = any(token.keyword == "MATERIALIZED" for token in before)
    path = takewhile(_is_of_path, dropwhile(lambda token: token.keyword in _BEFORE_NAME, rest[1:]))
    name = "".join(token.name for token in _first_path(list(path))).lower()
    kind = f"MATERIALIZED {rest[0].keyword}" if is_materialized else rest[0].keyword
    return _Statement(found[0].keyword, kind, name) if name else None


def _is_of_path(token: Token) -> bool:
    return token.kind in ("name", "word") or token.text == "."


def _first_path(found: Sequence[Token]) -> Sequence[Token]:
    """Return the first of some names: ``a.b`` of ``a.b ON c``."""
    end = next((at for at in range(1, len(found)) if "." not in (found[at - 1].text, found[at].text)), len(found))
    return found[:end]


def _is_drop(operation: MigrateOperation) -> bool:
    statement = _statement(operation)
    if statement is not None:
        return statement.verb == "DROP"
    return operation.sign == "-" or (operation.sign == "~" and bool(re.match(r"Drop|Remove|Delete", _class(operation))))


def _is_creation(operation: MigrateOperation) -> bool:
    statement = _statement(operation)
    if statement is not None:
        return statement.verb == "CREATE"
    return operation.sign == "+" or (operation.sign == "~" and bool(re.match(r"Create|Add", _class(operation))))


def _class(operation: MigrateOperation) -> str:
    return type(operation).__name__


def _stem(operation: MigrateOperation) -> str:
    """Return the kind of object of a custom operation from its class: ``View`` for ``DropViewOp``."""
    return re.sub(r"^(Drop|Remove|Delete|Create|Add)|Op$", "", _class(operation))


def _made(drop: MigrateOperation) -> MigrateOperation | None:
    """Return the creation that would undo a drop; None if it is not known."""
    try:
        return drop.reverse()
    except (CommandError, NotImplementedError):
        return None


def _kind(made: MigrateOperation) -> str | None:
    """Return the kind by which replacements are paired; unique indexes and constraints are of one kind."""
    if hasattr(made, "constraint_type") or hasattr(made, "constraint_name"):
        return str(getattr(made, "constraint_type", None) or _stem(made))
    if hasattr(made, "index_name"):
        return _UNIQUE if getattr(made, "unique", False) else "index"
    return "column" if hasattr(made, "column") else None


def _name(operation: MigrateOperation) -> str | None:
    """Return the name of the object that is created or dropped."""
    own: object = operation
    values = [getattr(own, attribute, None) for attribute in ("constraint_name", "index_name", "column_name")]
    holders = [getattr(own, attribute, None) for attribute in ("column", "target", "view")]
    values += [getattr(holder, "signature", None) or getattr(holder, "name", None) for holder in holders]
    values += [getattr(own, attribute, None) for attribute in ("view_name", "name", "table_name")]
    return next((str(value) for value in values if isinstance(value, str)), None)


def _target_place(operation: MigrateOperation) -> object:
    """Return the kind and the schema of a custom operation's target."""
    target = getattr(operation, "target", None) or getattr(operation, "view", None)
    if target is None:
        schema = getattr(operation, "schema", None)
        return (schema,) if isinstance(schema, str) else None
    return (str(getattr(target, "type_", "")), getattr(target, "schema", None))


def _parts(made: object) -> Iterator[str]:
    """Yield the names in the definition of a constraint or an index."""
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


_OF_TYPES = frozenset({"VARYING", "PRECISION", "WITH", "WITHOUT", "TIME", "ZONE"})
"""The words after the first one in the name of a type: ``double precision``, ``timestamp without time zone``."""


def _words(expression: object) -> Iterator[str]:
    """Yield the words of a SQL expression that may be names of columns: no function, and no type of a cast."""
    sql = expression if isinstance(expression, str) else shown_sql(expression)
    found = tokens(sql, likely_grammar(sql))
    is_type = False
    for place, token in enumerate(found):
        before = found[place - 1].text if place else ""
        is_type = before == "::" or (is_type and token.keyword in _OF_TYPES)
        is_called = place + 1 < len(found) and found[place + 1].text == "("
        if token.kind not in ("name", "word") or is_type or is_called:
            continue
        if token.kind == "name" or token.text.lower() not in _NO_NAMES:
            yield token.name.lower()
