"""A rewrite, and what all rewrites are built from: SQL and operations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Table
from sqlalchemy.engine import Dialect

from ...operations.operation import MigrateOperation
from ...operations.ops import ExecuteSQLOp
from ...util.exc import CommandError
from ...util.sql.expression import refuse_loose_sql
from ...util.sqla_compat import quoted_name
from ..findings import BlockerKind


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A safer way to do what one operation does.

        backfill.operations("'unknown'")

    ``name`` selects it, ``sentence`` says what it does. ``needs`` describes the SQL expression that it needs, "" if it
    needs none; ``default`` is the one that is proposed; with ``takes_several`` commas may separate several. ``removes``
    are the kinds of blockers that it can remove, none for one that only takes weaker locks.
    """

    name: str
    sentence: str
    make: Callable[[str], Sequence[MigrateOperation]]
    needs: str = ""
    default: str = ""
    takes_several: bool = False
    removes: tuple[BlockerKind, ...] = ()
    dialect_name: str = "default"

    def operations(self, sql: str = "") -> tuple[MigrateOperation, ...]:
        """Return the operations to run instead, in order.

        Raises CommandError if the expression is missing, or is not one expression.
        """
        given = sql.strip() or self.default
        if self.needs and not given:
            raise CommandError(f"The rewrite {self.name} needs {self.needs}.")
        if given:
            refuse_loose_sql(given, self.dialect_name, alone=not self.takes_several)
        return tuple(self.make(given))


@dataclass(frozen=True, slots=True)
class Place:
    """Where an operation is: the dialect of its database, and what reads its table there, None if that is not known."""

    dialect: Dialect
    table: Callable[[], Table | None]

    @property
    def is_postgresql(self) -> bool:
        return self.dialect.name == "postgresql"

    def quoted(self, name: str) -> str:
        """Return a name as this database needs it in SQL."""
        return quoted_name(name, self.dialect)

    def named(self, schema: str | None, table: str) -> str:
        """Return the name of a table in SQL."""
        return f"{self.quoted(schema)}.{self.quoted(table)}" if schema else self.quoted(table)

    @property
    def key(self) -> tuple[str, ...]:
        """The columns in SQL that tell rows apart: the primary key, or where there is none what the database has."""
        table = self.table()
        names = tuple(self.quoted(column.name) for column in table.primary_key) if table is not None else ()
        # rows of two partitions can have the same ctid
        return names or {"postgresql": ("tableoid", "ctid"), "sqlite": ("rowid",)}.get(self.dialect.name, ())


def statement(sql: str, *, remark: str = "", outside_transaction: bool = False) -> ExecuteSQLOp:
    """Return a statement of which a downgrade undoes nothing."""
    return ExecuteSQLOp(sql).changed(
        remark=remark, outside_transaction=outside_transaction, undone_by=undone_by_nothing
    )


def undone_by_nothing(_: object) -> list[MigrateOperation]:
    """Return no operations: the reverse where the effect may stay, or is undone with another operation."""
    return []


def listed(names: Iterable[str]) -> str:
    """Return names with commas between them."""
    return ", ".join(names)
