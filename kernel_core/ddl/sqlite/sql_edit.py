"""The changes of a batch, applied to the stored CREATE TABLE of SQLite."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Column, ForeignKeyConstraint, Index, MetaData, Table, literal_column
from sqlalchemy.exc import CompileError
from sqlalchemy.schema import Constraint, SchemaItem
from sqlalchemy.types import NULLTYPE, Boolean, Integer, Numeric, SchemaType

from ...operations.add_constraint import AddConstraintOp
from ...operations.batch import Batch
from ...operations.ddl_formatting import checks
from ...util.sql import default_expression, mentions, tokens
from ...util.sqla_compat import (
    AnyColumn,
    AnyType,
    ddl_compiler,
    default_argument,
    default_sql,
    is_type_bound,
    should_create,
    sql_text,
    type_constraints,
)
from ..columnchange import ColumnChange
from ..recreate.hooks import RecreatesTables
from ..recreate.table_edit import TableEdit
from .create_table import Clause, ColumnText, parse_clause, parse_column
from .definition import StoredTable, index_sql
from .equivalence import constraints_of, normal_clause
from .generated_names import name_by_convention, names_of_clause
from .identifiers import quote


class SQLTableEdit(TableEdit):
    """The new table as the SQL that SQLite stores of it.

    ``sources``: for each column of the new table the SQL over the old one that its values come from.
    """

    def __init__(self, stored: StoredTable, impl: RecreatesTables, batch: Batch) -> None:
        super().__init__(impl, batch)
        self.text = stored.text
        self.compiler = ddl_compiler(self.dialect)
        self.sources = {column.name: quote(column.name) for column in self.text.columns if not column.is_generated}
        self.indexes, self.triggers = dict(stored.indexes), dict(stored.triggers)
        self._dropped: list[str] = []
        self.numeric_conversions: dict[str, tuple[str, ...]] = {}
        """The columns that become numeric, each with the storage classes that its values should have."""

    def apply_overrides(self, columns: Sequence[AnyColumn]) -> None:
        """Set type, nullability and default of columns that ``reflect_args`` overrides, and the CHECKs of their types.

        The stored column keeps its keys, CHECKs and collation: an overriding Column replaces the reflected column
        object, and reflection returns those as separate objects of the table.
        """
        for column in columns:
            old = self.text.column(self.existing(column.name))
            new = parse_column(self.compiler.get_column_specification(self._on_scratch_column(column)))
            old.type_text = new.type_text
            for kind in ("NULL", "NOT NULL", "DEFAULT"):
                clause = new.clause(kind)
                old.set_clause(kind, None if clause is None else clause.text)
            self.add_type_constraints(column, self.constraint_names())
            self.changed = True

    def conclude(self) -> None:
        """Give unnamed constraints the names of the batch's ``naming_convention``, by which they can be dropped.

        Those of columns become constraints of the table: SQLAlchemy reflects no names of constraints in columns.
        """
        for column, clauses in self._all_clauses():
            for place, clause in reversed(list(enumerate(clauses))):
                name = name_by_convention(self.text.name, column, clause, self.batch.options.naming_convention)
                if name is None:
                    continue
                named = f"CONSTRAINT {quote(name)} "
                if column is None or clause.kind == "PRIMARY KEY":
                    clauses[place] = Clause(named + clause.text, clause.kind, name)
                else:
                    del clauses[place]
                    self.text.constraints.append(parse_clause(named + _of_table(column, clause)))

    def scratch_table(self, *items: SchemaItem) -> Table:
        """Return a table object without a schema: SQLite stores the SQL of a table without it."""
        return Table(self.text.name, MetaData(), *items)

    def _on_scratch_column(self, column: AnyColumn) -> AnyColumn:
        on_table: Table | None = column.table
        return column if on_table is not None else self.scratch_table(column).columns[column.name]

    def apply_table_kwargs(self, kwargs: Mapping[str, object]) -> None:
        for name, value in kwargs.items():
            self._set_table_option(name, value)

    def add_table_arg(self, constraint: Constraint) -> None:
        """Add a constraint of ``table_args``; an unnamed one only where the table does not have it already."""
        if isinstance(constraint, ForeignKeyConstraint):
            self.add_constraint(AddConstraintOp.from_constraint(constraint).to_constraint())
            return
        before = constraints_of(self.text)
        self.add_constraint(constraint)
        if constraint.name is None and before[normal_clause(self.text.constraints[-1])]:
            self.text.constraints.pop()

    def _set_table_option(self, name: str, value: object) -> None:
        """Set STRICT, WITHOUT ROWID or AUTOINCREMENT; arguments of Table for other databases are ignored."""
        words = {"sqlite_strict": ("STRICT", bool(value)), "sqlite_with_rowid": ("WITHOUT ROWID", not value)}
        if name in words:
            self.text.set_option(*words[name])
        elif name == "sqlite_autoincrement":
            for column in self.text.columns:
                if column.clause("PRIMARY KEY") is not None:
                    column.set_clause("PRIMARY KEY", "PRIMARY KEY AUTOINCREMENT" if value else "PRIMARY KEY")
        elif name.startswith("sqlite_"):
            raise self.batch.refuse(f"table_kwargs has {name!r}, which is not an option of SQLite's tables")
        self.changed = True

    def names(self) -> list[str]:
        return [column.name for column in self.text.columns]

    def find(self, name: str) -> str | None:
        """Return a column's name as the table spells it: SQLite ignores the case of names."""
        return self.text.column(name).name if self.text.has_column(name) else None

    def arrange(self, names: Sequence[str]) -> None:
        self.text.columns.sort(key=lambda column: names.index(column.name))

    def append(self, column: AnyColumn) -> None:
        new = parse_column(self.compiler.get_column_specification(column) + checks(self.compiler, column))
        if column.primary_key:
            new.set_clause("PRIMARY KEY", "PRIMARY KEY")
        self.text.columns.append(new)

    def remove(self, name: str) -> None:
        """Drop a column and its part of the primary key; other constraints and indexes of it wait for `settle`."""
        self.text.columns.remove(self.text.column(name))
        self.text.constraints = [
            kept for clause in self.text.constraints if (kept := _without_key_column(clause, name)) is not None
        ]
        self.sources.pop(name, None)
        self._dropped.append(name)

    def settle(self) -> None:
        """Drop the constraints and indexes of dropped columns, unless the batch has added the columns again.

        A CHECK is dropped with the last of its columns; one that also mentions another column is refused.
        """
        for name in self._dropped:
            if not self.text.has_column(name):
                self._drop_dependents(name)
        self._dropped.clear()

    def _drop_dependents(self, name: str) -> None:
        kept = []
        for clause in self.text.constraints:
            if clause.kind == "CHECK" and clause.mentions(name):
                if any(clause.mentions(column.name) for column in self.text.columns):
                    what = clause.name or " ".join(clause.text.split())
                    raise self.batch.refuse(f"column {name!r} is part of {what}. Drop that first")
                continue
            if not (clause.kind in ("UNIQUE", "FOREIGN KEY") and name in clause.columns()):
                kept.append(clause)
        self._refuse_mentions(name)
        self.text.constraints = kept
        self.indexes = {
            index: sql for index, sql in self.indexes.items() if not mentions(tokens(_after_on(sql), "sqlite"), name)
        }

    def _refuse_mentions(self, column: str) -> None:
        """Raise BatchError where a computed column, a CHECK of another column or a trigger mentions the column."""
        for other in self.text.columns:
            for clause in other.clauses:
                if clause.kind in ("GENERATED", "CHECK") and clause.mentions(column):
                    raise self.batch.refuse(f"column {column!r} is used by column {other.name!r}. Change that first")
        for name, sql in self.triggers.items():
            if mentions(tokens(sql, "sqlite"), column):
                raise self.batch.refuse(f"column {column!r} is used by trigger {name!r}. Drop that first")

    def redefine(self, name: str, change: ColumnChange) -> None:
        column = self.text.column(name)
        if change.type_ is not None:
            self._convert(name, change.existing_type, change.type_)
            column.type_text = self.dialect.type_compiler_instance.process(change.type_)
            if name in self.sources and isinstance(change.type_, (Integer, Numeric)):
                self.numeric_conversions[name] = (
                    ("integer",) if isinstance(change.type_, Integer) else ("integer", "real")
                )
            self._drop_type_check(column, change.existing_type, change.type_)
            if any(getattr(each, "collation", None) for each in (change.existing_type, change.type_)):
                column.set_clause("COLLATE", None)  # the new type has its own
        if change.nullable is not None:
            column.set_clause("NULL", None)
            column.set_clause("NOT NULL", None if change.nullable else "NOT NULL")
        if change.server_default is not False:
            column.set_clause("DEFAULT", self._default(change.server_default))

    def _drop_type_check(self, column: ColumnText, before: AnyType | None, after: AnyType) -> None:
        """Drop the unnamed ``CHECK (column IN (...))`` of an Enum or a Boolean; that of the new type is added later."""
        if not any(isinstance(type_, SchemaType) for type_ in (before, after)):
            return
        stays_boolean = all(isinstance(type_, Boolean) for type_ in (before, after))
        if stays_boolean and not type_constraints(after, self.text.name, column.name, None):
            return
        for clauses in (self.text.constraints, column.clauses):
            clauses[:] = [clause for clause in clauses if not clause.lists_values_of(column.name)]

    def _convert(self, name: str, before: AnyType | None, after: AnyType) -> None:
        """Let the dialect set the expression that converts the old values; by default there is none.

        A column of numeric affinity converts texts that are numbers and stores other texts unchanged, where a CAST
        would turn them into 0 (https://sqlite.org/datatype3.html, section 3).
        """
        if name in self.sources:
            transfer: dict[str, Any] = {"expr": literal_column(self.sources[name])}
            self.impl.cast_for_batch_migrate(Column(name, NULLTYPE if before is None else before), transfer, after)
            self.sources[name] = sql_text(transfer["expr"], self.dialect)

    def _default(self, server_default: object) -> str | None:
        if server_default is None:
            return None
        scratch: AnyColumn = Column("x", server_default=default_argument(server_default))
        sql = self.compiler.get_column_default_string(scratch) or default_sql(server_default, self.dialect)
        return f"DEFAULT {default_expression(sql, self.dialect)}"

    def add_constraint(self, constraint: Constraint) -> None:
        """Add a constraint to the table, replacing one of the same name."""
        if not should_create(constraint, self.dialect):
            return
        try:
            text = self.compiler.process(constraint)
        except CompileError:
            text = ""
        if not text:
            raise self.batch.refuse(f"SQLite has no constraint like {constraint.name or constraint!r}")
        clause = parse_clause(text.strip())
        if clause.kind == "PRIMARY KEY":
            for column in self.text.columns:
                column.set_clause("PRIMARY KEY", None)
            self.text.constraints = [other for other in self.text.constraints if other.kind != "PRIMARY KEY"]
        for _, clauses in self._all_clauses():
            clauses[:] = [other for other in clauses if clause.name is None or other.name != clause.name]
        self.text.constraints.append(clause)
        self.changed = True

    def drop_constraint(self, constraint: Constraint, **kw: object) -> None:
        """Drop a constraint by its name; a primary key also by its kind, as a table has only one.

        An unnamed CHECK of a type is dropped with the type, see `redefine`.
        """
        if is_type_bound(constraint) and not isinstance(constraint.name, str):
            return
        kind = _kind_of(constraint)
        for column, clauses in self._all_clauses():
            for clause in clauses:
                names = names_of_clause(self.text.name, column, clause, self.batch.options.naming_convention)
                named = constraint.name is not None and constraint.name in (clause.name, *names)
                if named or kind == "PRIMARY KEY" == clause.kind:
                    clauses.remove(clause)
                    self.changed = True
                    return
        if not kw.get("if_exists"):
            known = ", ".join(sorted(self.constraint_names())) or "none"
            raise self.batch.refuse(f"it has no constraint {constraint.name!r}. It has: {known}")

    def _all_clauses(self) -> Iterator[tuple[str | None, list[Clause]]]:
        """Yield the clauses of the table, then those of each column with its name."""
        yield None, self.text.constraints
        for column in self.text.columns:
            yield column.name, column.clauses

    def constraint_names(self) -> set[str]:
        names = set[str]()
        for column, clauses in self._all_clauses():
            for clause in clauses:
                names |= {clause.name} if clause.name else names_of_clause(self.text.name, column, clause, {})
        return names

    def create_index(self, index: Index, **kw: object) -> None:
        self.indexes[str(index.name)] = index_sql(index, self.dialect)
        self.changed = True

    def drop_index(self, index: Index, *, if_exists: bool | None = None, **kw: object) -> None:
        """Drop an index."""
        if self.indexes.pop(str(index.name), None) is None and not if_exists:
            raise self.batch.refuse(
                f"it has no index {index.name!r}. Its indexes: {', '.join(sorted(self.indexes)) or 'none'}"
            )
        self.changed = True


def _of_table(column: str, clause: Clause) -> str:
    """Return the SQL of a column's UNIQUE or REFERENCES as that of a constraint of the table."""
    columns = f"({quote(column)})"
    if clause.kind == "UNIQUE":
        return f"UNIQUE {columns}{clause.text[len('UNIQUE') :]}"
    return f"FOREIGN KEY {columns} {clause.text}"


def _without_key_column(clause: Clause, name: str) -> Clause | None:
    """Return a clause without one column, if it is the primary key; None where that was its only column."""
    columns = clause.columns() if clause.kind == "PRIMARY KEY" else []
    left = [column for column in columns if column.lower() != name.lower()]
    if len(left) == len(columns):
        return clause
    named = f"CONSTRAINT {quote(clause.name)} " if clause.name is not None else ""
    return parse_clause(f"{named}PRIMARY KEY ({', '.join(map(quote, left))})") if left else None


def _kind_of(constraint: Constraint) -> str:
    return {
        "unique_constraint": "UNIQUE",
        "foreign_key_constraint": "FOREIGN KEY",
        "primary_key_constraint": "PRIMARY KEY",
    }.get(constraint.__visit_name__, "CHECK" if "check" in constraint.__visit_name__ else "")


def _after_on(sql: str) -> str:
    """Return the part of CREATE INDEX after ON, in which names are those of columns."""
    found = tokens(sql, "sqlite")
    place = next((place for place, token in enumerate(found) if token.keyword == "ON"), 0)
    return sql[found[min(place + 2, len(found) - 1)].start :]
