"""Replay the changes of a batch on a table's text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Column, ForeignKeyConstraint, Index, MetaData, Table, literal_column
from sqlalchemy.exc import CompileError
from sqlalchemy.schema import Constraint
from sqlalchemy.types import NULLTYPE, Boolean, Integer, Numeric, SchemaType, TypeEngine

from ...operations.add_constraint import AddConstraintOp
from ...operations.batch import Batch
from ...operations.ddl_formatting import checks
from ...util.sql import default_expression, mentions, tokens
from ...util.sqla_compat import (
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
from .equivalence import constraints_of, words_of
from .generated_names import name_by_convention, names_of_clause
from .identifiers import quote


class SQLTableEdit(TableEdit):
    """The new table as the text that SQLite keeps of it.

    ``sources`` says for each column of the new table by which SQL its values come from the old one.
    """

    def __init__(self, stored: StoredTable, impl: RecreatesTables, batch: Batch) -> None:
        super().__init__(impl, batch)
        self.text = stored.text
        self.compiler = ddl_compiler(self.dialect)
        self.sources = {column.name: quote(column.name) for column in self.text.columns if not column.is_generated}
        self.indexes, self.triggers = dict(stored.indexes), dict(stored.triggers)
        self._dropped: list[str] = []
        self.made_numbers: dict[str, tuple[str, ...]] = {}
        """The columns that become numbers, each with the storage classes that its values should have."""

    def take_overrides(self, columns: Sequence[Column[Any]]) -> None:
        """Give columns the type, nullability and default that they are stated with, and the CHECK of their type.

        The keys, checks and collation of the stored column stay: reflection tells those apart from the column too.
        """
        for column in columns:
            old = self.text.column(self.existing(column.name))
            new = parse_column(self.compiler.get_column_specification(_on_a_table(column, self.text.name)))
            old.type_text = new.type_text
            for kind in ("NULL", "NOT NULL", "DEFAULT"):
                clause = new.clause(kind)
                old.set_clause(kind, None if clause is None else clause.text)
            known = set(self._constraint_names())
            for constraint in type_constraints(column.type, self.text.name, column.name, self.batch.schema):
                if constraint.name not in known:
                    self.add_constraint(constraint)
            self.changed = True

    def conclude(self) -> None:
        """Give unnamed constraints the names of the batch's ``naming_convention``, to be dropped by from now on."""
        for column, clauses in self._all_clauses():
            for place, clause in enumerate(clauses):
                name = name_by_convention(self.text.name, column, clause, self.batch.options.naming_convention)
                if name is not None:
                    clauses[place] = Clause(f"CONSTRAINT {quote(name)} {clause.text}", clause.kind, name)

    def take_options(self) -> None:
        """Apply what ``batch_alter_table`` itself was given: columns, constraints and indexes, options of the table."""
        for item in self.batch.options.table_args:
            if not isinstance(item, (Column, Index, Constraint)):
                raise self.batch.refuse(f"table_args holds {item!r}, which is no column, constraint or index")
            names = [] if isinstance(item, Column) else [column.name for column in self.text.columns]
            scratch = Table(self.text.name, MetaData(), *map(Column, names), item)
            if isinstance(item, Column):
                self.add_column(self.text.name, item)
            elif isinstance(item, Index):
                self.create_index(item)
            elif not isinstance(item, ForeignKeyConstraint):
                self._add_unless_there(item)
            for constraint in scratch.foreign_key_constraints:
                self.add_constraint(AddConstraintOp.from_constraint(constraint).to_constraint())
        for name, value in self.batch.options.table_kwargs.items():
            self._table_option(name, value)

    def _add_unless_there(self, constraint: Constraint) -> None:
        """Add a constraint; an unnamed one only where the table states none like it: ``table_args`` may repeat it."""
        before = constraints_of(self.text)
        self.add_constraint(constraint)
        if constraint.name is None and before[words_of(self.text.constraints[-1])]:
            self.text.constraints.pop()

    def _table_option(self, name: str, value: object) -> None:
        """Set STRICT, WITHOUT ROWID or AUTOINCREMENT; other arguments of Table say nothing to SQLite."""
        words = {"sqlite_strict": ("STRICT", bool(value)), "sqlite_with_rowid": ("WITHOUT ROWID", not value)}
        if name in words:
            self.text.set_option(*words[name])
        elif name == "sqlite_autoincrement":
            for column in self.text.columns:
                if column.clause("PRIMARY KEY") is not None:
                    column.set_clause("PRIMARY KEY", "PRIMARY KEY AUTOINCREMENT" if value else "PRIMARY KEY")
        elif name.startswith("sqlite_"):
            raise self.batch.refuse(f"table_kwargs has {name!r}, which SQLite's tables do not know")
        self.changed = True

    def names(self) -> list[str]:
        return [column.name for column in self.text.columns]

    def find(self, name: str) -> str | None:
        """Return the name that the table itself has for a column: it may be written in another case."""
        return self.text.column(name).name if self.text.has_column(name) else None

    def arrange(self, names: Sequence[str]) -> None:
        self.text.columns.sort(key=lambda column: names.index(column.name))

    def append(self, column: Column[Any]) -> None:
        new = parse_column(self.compiler.get_column_specification(column) + checks(self.compiler, column))
        if column.primary_key:
            new.set_clause("PRIMARY KEY", "PRIMARY KEY")
        self.text.columns.append(new)

    def remove(self, name: str) -> None:
        """Drop a column and its part of the primary key; what else it is part of is dropped last, see `settle`."""
        self.text.columns.remove(self.text.column(name))
        self.text.constraints = [
            kept for clause in self.text.constraints if (kept := _without_key_column(clause, name)) is not None
        ]
        self.sources.pop(name, None)
        self._dropped.append(name)

    def settle(self) -> None:
        """Drop the constraints and indexes of dropped columns, unless the batch has added the columns again.

        A CHECK is dropped with the last column that it is about; one that is also about another is refused.
        """
        for name in self._dropped:
            if not self.text.has_column(name):
                self._drop_what_hangs_on(name)
        self._dropped.clear()

    def _drop_what_hangs_on(self, name: str) -> None:
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
            index: sql for index, sql in self.indexes.items() if not mentions(tokens(_behind_on(sql), "sqlite"), name)
        }

    def _refuse_mentions(self, column: str) -> None:
        """Raise where a computed column, a check of another column or a trigger needs the column."""
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
                self.made_numbers[name] = ("integer",) if isinstance(change.type_, Integer) else ("integer", "real")
            self._forget_check_of_type(column, change.existing_type, change.type_)
            if any(getattr(each, "collation", None) for each in (change.existing_type, change.type_)):
                column.set_clause("COLLATE", None)  # the new type says its own
        if change.nullable is not None:
            column.set_clause("NULL", None)
            column.set_clause("NOT NULL", None if change.nullable else "NOT NULL")
        if change.server_default is not False:
            column.set_clause("DEFAULT", self._default(change.server_default))

    def _forget_check_of_type(self, column: ColumnText, before: TypeEngine[Any] | None, after: TypeEngine[Any]) -> None:
        """Drop the unnamed ``CHECK (column IN (...))`` of an Enum or a Boolean; the new type's is added after it."""
        if not any(isinstance(type_, SchemaType) for type_ in (before, after)):
            return
        is_still_true = all(isinstance(type_, Boolean) for type_ in (before, after))
        if is_still_true and not type_constraints(after, self.text.name, column.name, None):
            return
        for clauses in (self.text.constraints, column.clauses):
            clauses[:] = [clause for clause in clauses if not clause.lists_values_of(column.name)]

    def _convert(self, name: str, before: TypeEngine[Any] | None, after: TypeEngine[Any]) -> None:
        """Ask the dialect how old values become those of the new type.

        SQLite itself turns what reads as a number into one where the column's type is a number's, and leaves all else
        as it is; a CAST would make 0 of it. (https://sqlite.org/datatype3.html, section 3)
        """
        if name in self.sources:
            transfer: dict[str, Any] = {"expr": literal_column(self.sources[name])}
            self.impl.cast_for_batch_migrate(Column(name, NULLTYPE if before is None else before), transfer, after)
            self.sources[name] = sql_text(transfer["expr"], self.dialect)

    def _default(self, server_default: Any) -> str | None:
        if server_default is None:
            return None
        scratch: Column[Any] = Column("x", server_default=default_argument(server_default))
        sql = self.compiler.get_column_default_string(scratch) or default_sql(server_default, self.dialect)
        return f"DEFAULT {default_expression(sql, self.dialect)}"

    def add_constraint(self, constraint: Constraint) -> None:
        """Add a constraint to the table, in the place of one that has its name already."""
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

    def drop_constraint(self, constraint: Constraint, **kw: Any) -> None:
        """Drop a constraint by its name; a primary key also by its kind, as there is only one.

        An unnamed CHECK of a type goes with the type, see `alter_column`.
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
            known = sorted(self._constraint_names())
            raise self.batch.refuse(f"it has no constraint {constraint.name!r}. It has: {', '.join(known) or 'none'}")

    def _all_clauses(self) -> Iterator[tuple[str | None, list[Clause]]]:
        """Yield the clauses of the table, then those of each column with its name."""
        yield None, self.text.constraints
        for column in self.text.columns:
            yield column.name, column.clauses

    def _constraint_names(self) -> Iterator[str]:
        for column, clauses in self._all_clauses():
            for clause in clauses:
                yield from {clause.name} if clause.name else names_of_clause(self.text.name, column, clause, {})

    def create_index(self, index: Index, **kw: Any) -> None:
        """Add an index, made once the rows are there."""
        self.indexes[str(index.name)] = index_sql(index, self.dialect)
        self.changed = True

    def drop_index(self, index: Index, *, if_exists: bool | None = None, **kw: Any) -> None:
        """Leave an index out of the new table."""
        if self.indexes.pop(str(index.name), None) is None and not if_exists:
            raise self.batch.refuse(
                f"it has no index {index.name!r}. Its indexes: {', '.join(sorted(self.indexes)) or 'none'}"
            )
        self.changed = True


def _without_key_column(clause: Clause, name: str) -> Clause | None:
    """Return a clause of the table without a column of a primary key; None where it was the only one."""
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


def _on_a_table(column: Column[Any], table_name: str) -> Column[Any]:
    return column if column.table is not None else Table(table_name, MetaData(), column).columns[column.name]


def _behind_on(sql: str) -> str:
    """Return a CREATE INDEX without its own name: what stands behind ON."""
    found = tokens(sql, "sqlite")
    place = next((place for place, token in enumerate(found) if token.keyword == "ON"), 0)
    return sql[found[min(place + 2, len(found) - 1)].start :]
