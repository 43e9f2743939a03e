"""One row of a review: an operation with its edits, and its description."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from kernel_core.operations.operation import Hint, MigrateOperation
from kernel_core.operations.requirements import Requirement

from ..views.operations import group_of, names_of, table_of
from .preview import no_downgrade

_NO_INVALID_TEXTS: Mapping[str, InvalidText] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class InvalidText:
    """A text that is not a valid value of the field it was typed for; ``reason`` is one line for display."""

    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Facts:
    """The description of an operation, computed once."""

    sentence: str
    sign: str
    kind: str
    table: str
    group: str
    hints: tuple[Hint, ...]
    provides: frozenset[Requirement]
    requires: frozenset[Requirement]
    no_downgrade: str

    @classmethod
    def of(cls, operation: MigrateOperation, dialect_name: str) -> Facts:
        """Return the description of ``operation`` for that database."""
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

    ``key`` is the same through edits and moves, ``number`` is the position in the list, from 1. ``original`` is the
    operation before any edit, ``operation`` with all edits. ``invalid`` are the invalid texts by the name of their
    field. ``hints`` and ``problems`` take the other rows into account. ``together`` are the numbers of the rows that
    are accepted and rejected with this one, ``others_are_safe`` is whether all of these are safe. ``bundle`` is the
    same number in the rows of one rewrite, the key of the row that was rewritten; 0 in all others.
    ``rewritten_by`` has the names of the rewrites of this row.
    """

    key: int
    original: MigrateOperation
    operation: MigrateOperation
    facts: Facts
    original_facts: Facts
    accepted: bool = True
    added: bool = False
    invalid: Mapping[str, InvalidText] = field(default_factory=lambda: _NO_INVALID_TEXTS)
    number: int = 0
    hints: tuple[Hint, ...] = ()
    problems: tuple[str, ...] = ()
    together: tuple[int, ...] = ()
    bundle: int = 0
    rewritten_by: tuple[str, ...] = ()
    others_are_safe: bool = True

    @classmethod
    def of(cls, key: int, operation: MigrateOperation, dialect_name: str, *, added: bool = False) -> Row:
        """Return the row of an unedited operation."""
        facts = Facts.of(operation, dialect_name)
        return cls(key, operation, operation, facts, facts, added=added, hints=facts.hints)

    @property
    def sentence(self) -> str:
        """The operation as a sentence."""
        return self.facts.sentence

    @property
    def sign(self) -> str:
        """``+`` adds, ``-`` removes, ``~`` changes."""
        return self.facts.sign

    @property
    def kind(self) -> str:
        """Kind of the operation: ``add column``."""
        return self.facts.kind

    @property
    def table(self) -> str:
        """Name of the table that it changes, with its schema; "" if it changes none."""
        return self.facts.table

    @property
    def group(self) -> str:
        """Heading that it is listed under: its table, or the kind of its object or statement."""
        return self.facts.group

    @property
    def names(self) -> tuple[str, ...]:
        """Names that select the row: ``users.email``, ``shop.users.email`` with a schema; the name of its table."""
        return names_of(self.operation)

    @property
    def own_names(self) -> tuple[str, ...]:
        """Names that select the row, without the table's if it changes a part of the table only."""
        tables = {".".join(filter(None, place)) for place in self.operation.table_keys}
        tables |= {table for _, table in self.operation.table_keys}
        return tuple(name for name in self.names if name not in tables) or self.names

    @property
    def no_downgrade(self) -> str:
        """Reason why it cannot be downgraded; "" if it can."""
        return self.facts.no_downgrade

    @property
    def edited(self) -> bool:
        """Whether the operation was edited."""
        return self.operation is not self.original

    @property
    def errors(self) -> tuple[str, ...]:
        """Reasons why the row cannot be written, one line each; empty if it can."""
        return (*(text.reason for text in self.invalid.values()), *self.problems)

    @property
    def loses_data(self) -> bool:
        """Whether the operation deletes rows or values."""
        return any(hint.severity == "loses data" for hint in self.hints)

    @property
    def is_safe(self) -> bool:
        """Whether neither it nor a row grouped with it loses data or can fail on existing data."""
        return self.others_are_safe and all(hint.severity == "slow" for hint in self.hints)

    def text_of(self, field_name: str) -> str:
        """Return the text of a field: the invalid text if there is one, or the value of the operation."""
        if field_name in self.invalid:
            return self.invalid[field_name].text
        return next(field.text(self.operation) for field in self.operation.fields if field.name == field_name)

    def changed(self, operation: MigrateOperation, dialect_name: str, *, corrected: frozenset[str]) -> Row:
        """Return this row with another operation, and without the invalid texts of the fields ``corrected``."""
        facts = self.facts if operation is self.operation else Facts.of(operation, dialect_name)
        invalid = {name: text for name, text in self.invalid.items() if name not in corrected}
        return replace(self, operation=operation, facts=facts, invalid=MappingProxyType(invalid))

    def with_invalid_text(self, field_name: str, text: str, reason: str) -> Row:
        """Return this row with a text that is not a valid value of the field."""
        return replace(self, invalid=MappingProxyType({**self.invalid, field_name: InvalidText(text, reason)}))

    def reverted(self) -> Row:
        """Return this row without its edits."""
        first = replace(self, operation=self.original, facts=self.original_facts, invalid=_NO_INVALID_TEXTS)
        return replace(first, bundle=0, rewritten_by=())


def kind_of(operation: MigrateOperation) -> str:
    """Return the kind of an operation as words, from the name of its class.

    >>> from kernel_core.operations.ops import CreateForeignKeyOp
    >>> kind_of(CreateForeignKeyOp.example())
    'create foreign key'
    """
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z]*|[a-z]+|\d+", type(operation).__name__.removesuffix("Op"))
    return " ".join(word if word.isupper() else word.lower() for word in words)
