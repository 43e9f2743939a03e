"""What a database says of a table in its own words, and what hangs on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, PrimaryKeyConstraint, Table, UniqueConstraint
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import Column, Constraint, CreateIndex

from ...operations.add_constraint import AddConstraintOp
from ...util.sqla_compat import ddl_compiler, final_name, should_create

Kind = Literal["PRIMARY KEY", "UNIQUE", "FOREIGN KEY", "CHECK", "EXCLUDE", "INDEX"]


@dataclass(frozen=True, slots=True)
class Clause:
    """A constraint or an index: its name, the columns that it is about, and its SQL.

    The SQL of a constraint is what stands behind ADD, that of an index its CREATE INDEX; ``inline`` says that it is a
    line of CREATE TABLE instead. ``then`` are statements about it: its comment.
    """

    name: str | None
    kind: Kind
    columns: tuple[str, ...]
    sql: str
    inline: bool = False
    then: tuple[str, ...] = ()


@dataclass(slots=True)
class TableDefinition:
    """What reflection does not tell of a table, or tells with less care.

    ``columns`` has the text of each column as it stands in CREATE TABLE, ``clauses`` those of the table; None where
    only reflection knows. ``before`` and ``after`` are statements that free the table, and that hang on it again what
    hung there. ``lost`` says in words what cannot be kept: a table with such a thing is not made anew.
    ``referred`` says of a column which foreign key of another table needs it. Constraints of the kinds ``inline`` are
    stated in CREATE TABLE, because their names are free there.
    """

    columns: dict[str, str] = field(default_factory=dict)
    clauses: list[Clause] | None = None
    options: str | None = None
    prefix: str = ""
    before: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    referred: dict[str, str] = field(default_factory=dict)
    inline: frozenset[Kind] = frozenset()

    def is_inline(self, clause: Clause) -> bool:
        """Tell whether a clause is a line of CREATE TABLE."""
        return clause.inline or clause.kind in self.inline


def clauses_of(table: Table, dialect: Dialect) -> list[Clause]:
    """Return the constraints and indexes of a Table, those of its types too where this database makes them."""
    constraints = sorted(table.constraints, key=lambda each: (type(each).__name__, str(each.name)))
    indexes = sorted(table.indexes, key=lambda each: str(each.name))
    stated = [each for each in constraints if each_columns(each) or isinstance(each, CheckConstraint)]
    found = [clause for each in stated if (clause := constraint_clause(each, dialect)) is not None]
    return found + [index_clause(each, dialect) for each in indexes]


def constraint_clause(constraint: Constraint, dialect: Dialect) -> Clause | None:
    """Return a constraint as a clause; None for one that this database does not make."""
    if not should_create(constraint, dialect):
        return None
    stated = constraint
    if isinstance(constraint, ForeignKeyConstraint):  # on a scratch table, so that it finds what it refers to
        stated = AddConstraintOp.from_constraint(constraint).to_constraint()
    sql = ddl_compiler(dialect).process(stated)
    name = final_name(constraint, dialect)
    return Clause(name, _kind(constraint), each_columns(constraint), sql.strip()) if sql else None


def index_clause(index: Index, dialect: Dialect) -> Clause:
    """Return an index as a clause."""
    columns = tuple(each.name for each in index.expressions if isinstance(each, Column))
    return Clause(final_name(index, dialect), "INDEX", columns, str(CreateIndex(index).compile(dialect=dialect)))


def each_columns(constraint: Constraint) -> tuple[str, ...]:
    """Return the names of the columns that a constraint is about; none for a CHECK of SQL text, which is not read."""
    if isinstance(constraint, ForeignKeyConstraint):
        return tuple(constraint.column_keys)
    columns: Sequence[Column[object]] = list(getattr(constraint, "columns", ()))
    return tuple(column.name for column in columns)


def _kind(constraint: Constraint) -> Kind:
    kinds: tuple[tuple[type[Constraint], Kind], ...] = (
        (PrimaryKeyConstraint, "PRIMARY KEY"),
        (UniqueConstraint, "UNIQUE"),
        (ForeignKeyConstraint, "FOREIGN KEY"),
        (CheckConstraint, "CHECK"),
    )
    return next((kind for cls, kind in kinds if isinstance(constraint, cls)), "EXCLUDE")
