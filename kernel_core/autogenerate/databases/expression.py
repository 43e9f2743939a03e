"""SQL expressions of a table that are compared by the text that the database itself stores for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from sqlalchemy.engine import Dialect
from sqlalchemy.schema import Table

from .catalog import Key, TableInfo

Kind = Literal["check", "where", "computed", "exclude", "default"]


class BothSides(Protocol):
    """A table that both sides have: as it was read, and as the metadata defines it."""

    @property
    def info(self) -> TableInfo:
        """The table of the database."""

    @property
    def model(self) -> Table:
        """The table of the metadata."""


class TablePair(NamedTuple):
    """A table as it was read, and as the metadata defines it."""

    info: TableInfo
    model: Table


@dataclass(frozen=True, slots=True)
class Expression:
    """A piece of SQL that belongs to a table of the database.

    ``kind`` is what ``sql`` is: the condition of a CHECK, the WHERE of an index, the expression of a generated column,
    a server default, or a whole ``EXCLUDE ...``. ``type_`` is the type of the column as DDL, ``new_columns`` are name
    and type of the columns that only the metadata has so far.
    """

    kind: Kind
    table: Key
    sql: str
    type_: str = ""
    new_columns: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, dialect: Dialect, pair: BothSides, kind: Kind, sql: str, type_: str = "") -> Expression:
        """Return an expression of a table that both sides have."""
        format_type = dialect.type_compiler_instance.process
        new = tuple(
            (str(column.name), format_type(column.type))
            for column in pair.model.columns
            if str(column.name) not in pair.info.columns
        )
        return cls(kind, pair.info.key, sql, type_, new)

    @classmethod
    def of_both(
        cls, dialect: Dialect, pair: BothSides, kind: Kind, before: str, after: str, type_: str = ""
    ) -> tuple[Expression, Expression]:
        """Return the expression of the database and that of the metadata."""
        return cls.of(dialect, pair, kind, before, type_), cls.of(dialect, pair, kind, after, type_)
