"""A piece of SQL whose spelling is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from sqlalchemy.schema import Table

from ..context import AutogenContext
from .catalog import Key, TableInfo

Kind = Literal["check", "where", "computed", "exclude", "default"]


class BothSides(Protocol):
    """A table that both sides have: what was read of it, and that of the models."""

    @property
    def info(self) -> TableInfo:
        """The table of the database."""

    @property
    def model(self) -> Table:
        """The table of the models."""


class TablePair(NamedTuple):
    """A table as it was read, and as the models define it."""

    info: TableInfo
    model: Table


@dataclass(frozen=True, slots=True)
class Question:
    """A piece of SQL to be spelled as the database spells it.

    ``kind`` is what ``sql`` is: the condition of a CHECK, the WHERE of an index, what a column computes, its default,
    or a whole ``EXCLUDE ...``. ``table`` is its table in the database, ``type_`` the type of the column as DDL,
    ``new_columns`` are name and type of the columns that only the models have yet.
    """

    kind: Kind
    table: Key
    sql: str
    type_: str = ""
    new_columns: tuple[tuple[str, str], ...] = ()

    @classmethod
    def about(cls, context: AutogenContext, pair: BothSides, kind: Kind, sql: str, type_: str = "") -> Question:
        """Return the question about a table that both sides have."""
        spell = context.dialect.type_compiler_instance.process
        new = tuple(
            (str(column.name), spell(column.type))
            for column in pair.model.columns
            if str(column.name) not in pair.info.columns
        )
        return cls(kind, pair.info.key, sql, type_, new)

    @classmethod
    def about_both(
        cls, context: AutogenContext, pair: BothSides, kind: Kind, before: str, after: str, type_: str = ""
    ) -> tuple[Question, Question]:
        """Return the questions about the database's text and the model's."""
        return cls.about(context, pair, kind, before, type_), cls.about(context, pair, kind, after, type_)
