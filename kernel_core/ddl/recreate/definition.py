"""The definition of a table in the database's own SQL, and the SQL of the objects that depend on the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, PrimaryKeyConstraint, Table, UniqueConstraint
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import Column, Constraint, CreateIndex

from ...operations.add_constraint import AddConstraintOp
from ...util.sqla_compat import ddl_compiler, final_name, should_create, sorted_constraints

Kind = Literal["PRIMARY KEY", "UNIQUE", "FOREIGN KEY", "CHECK", "EXCLUDE", "INDEX"]


@dataclass(frozen=True, slots=True)
class Clause:
    """A constraint or an index: its name, its columns, and its SQL.

    The SQL of a constraint is the part after ALTER TABLE ... ADD, that of an index its CREATE INDEX. With ``inline`` it
    is an item of CREATE TABLE instead. ``then`` are the statements that follow it, such as its comment.
    """

    name: str | None
    kind: Kind
    columns: tuple[str, ...]
    sql: str
    inline: bool = False
    then: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TableDefinition:
    """The parts of a table's definition that SQLAlchemy does not reflect, or reflects with less precision.

    ``columns``: the SQL of each column in CREATE TABLE, by its name; empty where only reflection is known.
    ``clauses``: the constraints and indexes; None where only reflection is known.
    ``options``: the text after the last parenthesis of CREATE TABLE; None to compile the reflected options.
    ``prefix``: TEMPORARY or UNLOGGED.
    ``before``, ``after``: statements that drop the dependent objects first, and that create them again.
    ``lost``: descriptions of what a new table would not have; such a table is not re-created.
    ``referred``: column name -> description of the foreign key of another table that refers to it.
    ``inline``: kinds of constraints that are stated in CREATE TABLE, where their names cannot conflict with those of
    the old table.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    clauses: Sequence[Clause] | None = None
    options: str | None = None
    prefix: str = ""
    before: Sequence[str] = ()
    after: Sequence[str] = ()
    lost: Sequence[str] = ()
    referred: Mapping[str, str] = field(default_factory=dict)
    inline: frozenset[Kind] = frozenset()

    def is_inline(self, clause: Clause) -> bool:
        """Return whether a clause is an item of CREATE TABLE."""
        return clause.inline or clause.kind in self.inline


def clauses_of(table: Table, dialect: Dialect) -> list[Clause]:
    """Return the constraints and indexes of a Table, with the CHECKs of its types where this database has them."""
    constraints = sorted_constraints(table)
    indexes = sorted(table.indexes, key=lambda each: str(each.name))
    stated = [each for each in constraints if column_names(each) or isinstance(each, CheckConstraint)]
    found = [clause for each in stated if (clause := constraint_clause(each, dialect)) is not None]
    return found + [index_clause(each, dialect) for each in indexes]


def constraint_clause(constraint: Constraint, dialect: Dialect) -> Clause | None:
    """Return a constraint as a clause; None for one that this database does not have."""
    if not should_create(constraint, dialect):
        return None
    stated = constraint
    if isinstance(constraint, ForeignKeyConstraint):
        # On a scratch table, so that the compiler finds the referred table.
        stated = AddConstraintOp.from_constraint(constraint).to_constraint()
    sql = ddl_compiler(dialect).process(stated)
    name = final_name(constraint, dialect)
    return Clause(name, _kind(constraint), column_names(constraint), sql.strip()) if sql else None


def index_clause(index: Index, dialect: Dialect) -> Clause:
    """Return an index as a clause."""
    columns = tuple(each.name for each in index.expressions if isinstance(each, Column))
    return Clause(final_name(index, dialect), "INDEX", columns, str(CreateIndex(index).compile(dialect=dialect)))


def column_names(constraint: Constraint) -> tuple[str, ...]:
    """Return the columns of a constraint; none for a CHECK of SQL text, which is not parsed."""
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
