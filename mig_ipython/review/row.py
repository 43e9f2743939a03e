"""One row of a review: an operation, what a person made of it, and what is known about it in words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from kernel_core.operations.operation import Hint, MigrateOperation, Need

from ..views.operations import group_of, names_of, table_of
from .preview import no_downgrade

_NOTHING_WRONG: Mapping[str, Wrong] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Wrong:
    """A text that was typed for a field and cannot be its value; ``reason`` is one line for a person."""

    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What an operation says about itself, asked once."""

    sentence: str
    sign: str
    kind: str
    table: str
    group: str
    hints: tuple[Hint, ...]
    provides: frozenset[Need]
    requires: frozenset[Need]
    no_downgrade: str

    @classmethod
    def of(cls, operation: MigrateOperation, dialect_name: str) -> Facts:
        """Ask ``operation`` about itself on that database."""
        return cls(
            sentence=operation.sentence(),
            sign=operation.sign,
            kind=kind_of(operation),
            table=table_of(operation),
            group=group_of(operation),
            hints=tuple(operation.hints(dialect_name)),
            provides=operation.provides(),
            requires=operation.requires(),
            no_downgrade=no_downgrade(operation, dialect_name),
        )


@dataclass(frozen=True, slots=True)
class Row:
    """An operation under review; immutable, so that a list of rows is a snapshot.

    ``key`` stays the same through edits and moves, ``number`` is the place in the list, from 1. ``original`` is what
    was found, ``operation`` what it is now. ``hints`` and ``problems`` take the other rows into account. ``together``
    are the numbers of the rows that are accepted and rejected with it, ``others_are_safe`` whether all these are.
    """

    key: int
    original: MigrateOperation
    operation: MigrateOperation
    facts: Facts
    original_facts: Facts
    accepted: bool = True
    added: bool = False
    wrong: Mapping[str, Wrong] = field(default_factory=lambda: _NOTHING_WRONG)
    number: int = 0
    hints: tuple[Hint, ...] = ()
    problems: tuple[str, ...] = ()
    together: tuple[int, ...] = ()
    others_are_safe: bool = True

    @classmethod
    def of(cls, key: int, operation: MigrateOperation, dialect_name: str, *, added: bool = False) -> Row:
        """Return the row of an operation that nobody has touched yet."""
        facts = Facts.of(operation, dialect_name)
        return cls(key, operation, operation, facts, facts, added=added, hints=facts.hints)

    @property
    def sentence(self) -> str:
        """What the operation does, in words."""
        return self.facts.sentence

    @property
    def sign(self) -> str:
        """``+`` adds, ``-`` removes, ``~`` changes."""
        return self.facts.sign

    @property
    def kind(self) -> str:
        """What kind of operation it is, in words: ``add column``."""
        return self.facts.kind

    @property
    def table(self) -> str:
        """Name of the table that it is about, with its schema; "" where it is about none."""
        return self.facts.table

    @property
    def group(self) -> str:
        """The heading that it is listed under: its table, or what kind of object or statement it is."""
        return self.facts.group

    @property
    def names(self) -> tuple[str, ...]:
        """By what it can be chosen: ``users.email``, ``shop.users.email`` where it has a schema; its table's name."""
        return names_of(self.operation)

    @property
    def own_names(self) -> tuple[str, ...]:
        """Its names without that of its table, where it is about a part of the table only."""
        tables = {".".join(filter(None, place)) for place in self.operation.table_keys}
        tables |= {table for _, table in self.operation.table_keys}
        return tuple(name for name in self.names if name not in tables) or self.names

    @property
    def no_downgrade(self) -> str:
        """Why it cannot be downgraded, in words; "" where it can."""
        return self.facts.no_downgrade

    @property
    def edited(self) -> bool:
        """Whether the operation is not what it was at first."""
        return self.operation is not self.original

    @property
    def errors(self) -> tuple[str, ...]:
        """What keeps this row from being written, one line each."""
        return (*(wrong.reason for wrong in self.wrong.values()), *self.problems)

    @property
    def loses_data(self) -> bool:
        """Whether rows or values would be gone."""
        return any(hint.severity == "loses data" for hint in self.hints)

    @property
    def is_safe(self) -> bool:
        """Whether neither it nor a row that belongs to it loses data or may fail on existing data."""
        return self.others_are_safe and all(hint.severity == "slow" for hint in self.hints)

    def text_of(self, field_name: str) -> str:
        """Return what a field shows: the wrong text that was typed last, or the operation's value."""
        if field_name in self.wrong:
            return self.wrong[field_name].text
        return next(field.text(self.operation) for field in self.operation.fields if field.name == field_name)

    def changed(self, operation: MigrateOperation, dialect_name: str, *, without: frozenset[str]) -> Row:
        """Return this row with another operation; what was wrong with the fields ``without`` is forgotten."""
        facts = self.facts if operation is self.operation else Facts.of(operation, dialect_name)
        wrong = {name: said for name, said in self.wrong.items() if name not in without}
        return replace(self, operation=operation, facts=facts, wrong=MappingProxyType(wrong))

    def with_wrong(self, field_name: str, text: str, reason: str) -> Row:
        """Return this row with a text that cannot be a field's value."""
        return replace(self, wrong=MappingProxyType({**self.wrong, field_name: Wrong(text, reason)}))

    def reverted(self) -> Row:
        """Return this row as it was found."""
        return replace(self, operation=self.original, facts=self.original_facts, wrong=_NOTHING_WRONG)


def kind_of(operation: Any) -> str:
    """Return what kind of operation it is, in words, from its class.

    >>> from kernel_core.operations.ops import CreateForeignKeyOp
    >>> kind_of(CreateForeignKeyOp.example())
    'create foreign key'
    """
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z]*|[a-z]+|\d+", type(operation).__name__.removesuffix("Op"))
    return " ".join(word if word.isupper() else word.lower() for word in words)
