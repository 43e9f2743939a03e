"""The protocol that every operation keeps, and what an operation is handed."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal, Protocol, Self

from sqlalchemy.engine import Dialect

from ..util import files
from ..util.exc import CommandError, IrreversibleOperation
from .fields import Field
from .requirements import Requirement, key

DiffTuple = tuple[Any, ...]
"""A difference as ``compare_metadata`` returns it: its kind, such as ``"add_column"``, then what is different."""


@dataclass(frozen=True, slots=True)
class Hint:
    """What could hurt when an operation runs, in words for a person."""

    severity: Literal["loses data", "may fail", "changes data", "slow"]
    text: str


class Code(str):
    """Python source on one line that remembers its parts, so that a writer can lay it out on several.

    ``head`` is all up to and with the opening bracket, ``parts`` the arguments, ``tail`` the closing bracket.
    """

    __slots__ = ("head", "parts", "tail")
    head: str
    parts: tuple[str, ...]
    tail: str

    def __new__(cls, head: str, parts: tuple[str, ...] = (), tail: str = ")") -> Code:
        self = super().__new__(cls, f"{head}{', '.join(parts)}{tail}")
        self.head, self.parts, self.tail = head, parts, tail
        return self


class SourceWriter(Protocol):
    """What an operation is handed to write itself as Python."""

    @property
    def batch_table(self) -> str | None:
        """Name of the table whose ``with op.batch_alter_table(...)`` block is being written, if any."""

    def call(self, directive: str, /, *args: object, **kwargs: object) -> Code:
        """Return the call of a directive: ``op.<directive>(...)``, or ``batch_op.`` inside a batch."""

    def value(self, value: object) -> str:
        """Return any argument as source: literals, names, lists, types, columns, constraints, SQL text."""


def shown_name(schema: str | None, name: str) -> str:
    """Return the name of a table, a type or a sequence for a sentence, with its schema where one is given."""
    return f"{schema}.{name}" if schema else str(name)


class MigrateOperation:
    """One change to a database: it says, does, undoes, writes and explains itself.

    Subclasses register with ``Operations.register_operation``. All they must give is a constructor and a class method
    of the directive's name; each method below adds one ability.
    """

    fields: ClassVar[tuple[Field, ...]] = ()
    """What a person may edit."""

    sign: ClassVar[Literal["+", "-", "~"]] = "~"
    """``+`` adds to the schema, ``-`` removes, ``~`` changes."""

    remark: str = ""
    """What a reader of the version file should know; stands as a comment above the directive."""

    followed_by: tuple[MigrateOperation, ...] = ()
    """Operations that complete this one: run, and written, directly after it."""

    engine: str = ""
    """The database that it is for, where an environment migrates several; "" where there is one."""

    outside_batch: bool = False
    """Whether a version file has it behind the batch of its table, not inside, where SQL runs before the changes."""

    undone_by: Callable[[Any], Sequence[MigrateOperation]] | None = None
    """Returns what undoes this one in a list of operations, where that is more or less than `reverse`."""

    @cached_property
    def info(self) -> dict[Any, Any]:
        """Free space for hooks; the engine neither reads nor writes it."""
        return {}

    @property
    def table_key(self) -> tuple[str | None, str] | None:
        """Schema and name of the table that this is about; None where it is about no single table."""
        name = getattr(self, "table_name", None)
        return (getattr(self, "schema", None), name) if name is not None else None

    @property
    def shown_table(self) -> str:
        """The name of that table for a sentence, with its schema where one is given: ``sales.orders``."""
        return shown_name(*self.table_key) if self.table_key is not None else ""

    @property
    def table_keys(self) -> tuple[tuple[str | None, str], ...]:
        """Schema and name of every table that this is about: `table_key`, or those that use an enum type."""
        return () if self.table_key is None else (self.table_key,)

    def apply(self, operations: Any) -> Any:
        """Do it, by way of ``operations.impl``."""
        raise NotImplementedError(
            f"{type(self).__name__} has no implementation. "
            "Define apply(), or register one with Operations.implementation_for()."
        )

    def reverse(self) -> MigrateOperation:
        """Return the operation that undoes this one; raises IrreversibleOperation where it is not known."""
        raise IrreversibleOperation(self.sentence(), "it does not say how. Write the downgrade by hand.")

    def render(self, write: SourceWriter) -> str | list[str]:
        """Return the Python that invokes this operation from a version file."""
        raise CommandError(
            f"{type(self).__name__} cannot be written as Python. Define render(), or register a renderer for it."
        )

    def sentence(self) -> str:
        """Say in words what this does."""
        return type(self).__name__

    def slug(self) -> str:
        """Return this operation's part of a suggested message and file name, such as ``add_age_to_users``.

        By default the words of the class's name and the name of the object: ``create_view_adult`` for a
        ``CreateViewOp`` with the attribute ``name`` (or ``view_name``, ``table_name``).
        """
        words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+", type(self).__name__.removesuffix("Op"))
        named = ("name", f"{words[-1].lower()}_name" if words else "", "table_name")
        names = (getattr(self, attribute, None) for attribute in named if attribute)
        return slug(*words, next((name for name in names if isinstance(name, str)), ""))

    def hints(self, dialect_name: str = "default") -> tuple[Hint, ...]:
        """Return what could hurt when this runs on that database, judged from the operation alone."""
        return ()

    def to_diff_tuple(self) -> DiffTuple:
        """Return this as one of the tuples of ``compare_metadata``."""
        raise NotImplementedError(f"{type(self).__name__} is not a difference between two schemas.")

    def provides(self) -> frozenset[Requirement]:
        """Return what later operations may need from this one."""
        return frozenset()

    def requires(self) -> frozenset[Requirement]:
        """Return what must have been provided before; counts only where another operation of the list provides it."""
        return frozenset()

    @classmethod
    def example(cls) -> Self:
        """Return a sample for the tests that run over every registered operation."""
        raise NotImplementedError(f"{cls.__name__} gives no example.")

    def changed(self, **attributes: object) -> Self:
        """Return a copy of this operation with other values for some attributes; this one stays as it is."""
        copied = copy.copy(self)
        for name, value in attributes.items():
            setattr(copied, name, value)
        return copied

    def reversed_by(self, reverse: MigrateOperation) -> Self:
        """Return a copy of a drop whose ``reverse()`` is that operation."""
        return self.changed(_reverse=reverse)

    def edit(self, **values: object) -> Self:
        """Return a new operation with other values for some `fields`; this one stays as it is.

        Raises CommandError for a name that is not one of the fields.
        """
        by_name = {field.name: field for field in self.fields}
        edited = copy.copy(self)
        edited.__dict__.pop("info", None)
        for name, value in values.items():
            if name not in by_name:
                known = ", ".join(by_name) or "none"
                raise CommandError(f'"{self.sentence()}" has no field {name!r}. Its fields: {known}.')
            by_name[name].assign(edited, value)
        return edited

    def edit_text(self, field_name: str, text: str, dialect: Dialect | None = None) -> Self:
        """Like `edit`, from what a person typed; a text that is not changed changes nothing.

        Raises FieldError where the text cannot be the field's value.
        """
        for field in self.fields:
            if field.name == field_name:
                if field.text(self) == text:
                    return self
                return self.edit(**{field_name: field.parse(text, dialect)})
        return self.edit(**{field_name: text})


class AlterTableOp(MigrateOperation):
    """A change to one existing table, or to a column, comment or option of it: the base class of those operations."""

    alters_table = True

    def __init__(self, table_name: str, *, schema: str | None = None) -> None:
        self.table_name, self.schema = table_name, schema

    def requires(self) -> frozenset[Requirement]:
        return frozenset({self._table_requirement()})

    def _table_requirement(self) -> Requirement:
        return ("table", *key(self.schema, self.table_name))

    def _write(self, write: SourceWriter, directive: str, *args: object, **kw: object) -> str:
        """Write the call with the table's name and schema in front, or without both inside a batch."""
        if write.batch_table is not None:
            return write.call(directive, *args, **without_empty(kw))
        return write.call(directive, self.table_name, *args, **without_empty({"schema": self.schema} | kw))


def slug(*parts: str) -> str:
    """Return words and names as one part of a file name: in lower case, joined by ``_``.

    >>> slug("add", "fullName", "to", "users")
    'add_fullname_to_users'
    """
    return files.slug(" ".join(parts), length=200)


def without_empty(values: Mapping[str, object]) -> dict[str, object]:
    """Return the keyword arguments that say something: those that are not None."""
    return {name: value for name, value in values.items() if value is not None}
