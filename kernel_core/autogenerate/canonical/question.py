"""A piece of SQL whose spelling is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..catalogue import Key
from ..compare.found import Pair
from ..context import AutogenContext

Kind = Literal["check", "where", "computed", "exclude"]


@dataclass(frozen=True, slots=True)
class Question:
    """A piece of SQL to be spelled as the database spells it.

    ``kind`` is what ``sql`` is: the condition of a CHECK, the WHERE of an index, what a column computes, or a whole
    ``EXCLUDE ...``. ``table`` is where it stands in the database, ``type_`` the type of the computing column as DDL,
    ``new_columns`` are name and type of the columns that only the models have yet.
    """

    kind: Kind
    table: Key
    sql: str
    type_: str = ""
    new_columns: tuple[tuple[str, str], ...] = ()

    @classmethod
    def about(cls, context: AutogenContext, pair: Pair, kind: Kind, sql: str, type_: str = "") -> Question:
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
        cls, context: AutogenContext, pair: Pair, kind: Kind, before: str, after: str, type_: str = ""
    ) -> tuple[Question, Question]:
        """Return the questions about the database's text and the model's."""
        return cls.about(context, pair, kind, before, type_), cls.about(context, pair, kind, after, type_)
