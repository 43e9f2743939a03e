"""Rebuild a table of SQLite: new definition, rows moved, indexes and triggers made again, nothing lost.

The order of steps is that of https://sqlite.org/lang_altertable.html, section 7.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, Index, Table
from sqlalchemy.schema import Constraint, CreateIndex, CreateTable
from sqlalchemy.types import TypeEngine

from ...operations.batch import Batch, Change
from ...util.exc import BatchError, UnsupportedOperation
from ...util.sqla_compat import ddl_compiler, default_argument, default_sql, should_create
from .definition import Clause, ColumnText, TableText, parse_clause, parse_column, parse_table
from .pragma import in_transaction
from .tokens import mentions, quote, tokens
from .unnamed import names_of_clause

if TYPE_CHECKING:
    from .impl import SQLiteImpl


@dataclass(slots=True)
class Stored:
    """A table as the database holds it: its text, and the text of what hangs on it (name to SQL)."""

    text: TableText
    indexes: dict[str, str] = field(default_factory=dict)
    triggers: dict[str, str] = field(default_factory=dict)
    views: dict[str, str] = field(default_factory=dict)

    def is_free(self, column: str) -> bool:
        """Tell whether DROP COLUMN takes this column: it is not the last one, and nothing mentions it."""
        if not self.text.has_column(column) or len(self.text.columns) == 1:
            return False
        own = self.text.column(column)
        if any(clause.kind in ("PRIMARY KEY", "UNIQUE", "FOREIGN KEY", "CHECK") for clause in own.clauses):
            return False
        others = [clause.text for other in self.text.columns if other is not own for clause in other.clauses]
        texts = [*others, *(clause.text for clause in self.text.constraints)]
        texts += [*self.indexes.values(), *self.triggers.values(), *self.views.values()]
        return not any(mentions(tokens(text), column) for text in texts)


def stored_definition(impl: SQLiteImpl, table_name: str, schema: str | None = None) -> Stored:
    """Read a table from ``sqlite_master``.

    Raises BatchError where there is no such table, or where it is none that can be rebuilt.
    """
    master = f"{quote(schema)}.sqlite_master" if schema else "sqlite_master"
    assert impl.connection is not None, "the stored definition is read from a live database"
    rows = impl.connection.exec_driver_sql(
        f"SELECT type, name, tbl_name, sql FROM {master} WHERE sql IS NOT NULL"
    ).all()
    text: TableText | None = None
    kinds: dict[str, dict[str, str]] = {"index": {}, "trigger": {}, "view": {}}
    for type_, name, owner, sql in rows:
        if type_ == "table" and name.lower() == table_name.lower():
            try:
                text = parse_table(sql)
            except ValueError as error:
                raise BatchError(f"Table {table_name!r} cannot be rebuilt: {error}.") from None
        elif (type_ in ("index", "trigger") and owner.lower() == table_name.lower()) or (
            type_ == "view" and mentions(tokens(sql), table_name)
        ):
            kinds[type_][name] = sql
    if text is None:
        raise BatchError(f"There is no table {table_name!r} in this database. Check its name.")
    return Stored(text, kinds["index"], kinds["trigger"], kinds["view"])


class Rebuild:
    """One move-and-copy: replays the changes of a batch on the table's text, then carries it out."""

    def __init__(self, impl: SQLiteImpl, batch: Batch) -> None:
        self.impl, self.batch = impl, batch
        self.compiler = ddl_compiler(impl.dialect)
        self._load()

    def run(self) -> None:
        """Make every change, renames in place and all others by moving the rows once."""
        for constraint in self.batch.options.table_args:
            self.add_constraint(constraint)
        for change in self.batch.changes:
            if change.method == "alter_column" and change.kw.get("name") is not None:
                self._rename_in_place(change)
            elif not change.method.endswith("_table_comment"):
                change.replay(self)
        if self.changed or self.batch.options.recreate == "always":
            self._carry_out()

    def _load(self) -> None:
        """Start from the table as it is now (or as ``copy_from`` states it)."""
        self.changed = False
        copy_from = self.batch.options.copy_from
        if copy_from is not None:
            self.stored = self._from_table(copy_from)
        elif self.impl.as_sql:
            raise UnsupportedOperation(
                f"Table {self.batch.table_name!r} must be rebuilt, and offline its definition cannot be read. "
                "Pass copy_from= with a Table, or run it on a live database."
            )
        else:
            self.stored = stored_definition(self.impl, self.batch.table_name, self.batch.schema)
        self.old = {column.name: column for column in self.stored.text.columns}
        self.text = self.stored.text
        self.sources = {column.name: column.name for column in self.text.columns if not column.is_generated}
        self.indexes, self.triggers = dict(self.stored.indexes), dict(self.stored.triggers)

    def _from_table(self, table: Table) -> Stored:
        """Return a Table of SQLAlchemy as if it had been read from the database."""
        text = parse_table(str(CreateTable(table).compile(dialect=self.impl.dialect)))
        indexes = {str(index.name): self._index_sql(index) for index in table.indexes}
        return Stored(text, indexes)

    # The changes, under the names by which operations ask for them

    def add_column(
        self,
        table_name: str,
        column: Column[Any],
        *,
        insert_before: str | None = None,
        insert_after: str | None = None,
        if_not_exists: bool | None = None,
        **kw: Any,
    ) -> None:
        """Add a column at the end, or beside another."""
        if self.text.has_column(column.name):
            if if_not_exists:
                return
            raise self.batch.refuse(f"it has a column {column.name!r} already")
        new = parse_column(self.compiler.get_column_specification(column))
        if column.primary_key:
            new.set_clause("PRIMARY KEY", "PRIMARY KEY")
        self._place(new, insert_before, insert_after)

    def _place(self, column: ColumnText, before: str | None, after: str | None) -> None:
        place = len(self.text.columns)
        if before is not None:
            place = self.text.columns.index(self._column(before))
        elif after is not None:
            place = self.text.columns.index(self._column(after)) + 1
        self.text.columns.insert(place, column)
        self.changed = True

    def drop_column(self, table_name: str, column: Column[Any], *, if_exists: bool | None = None, **kw: Any) -> None:
        """Drop a column, and with it the indexes, keys and unique constraints that it is part of."""
        name = str(column.name)
        if if_exists and not self.text.has_column(name):
            return
        dropped = self._column(name)
        self.text.columns.remove(dropped)
        kept = []
        for clause in self.text.constraints:
            if clause.kind in ("PRIMARY KEY", "CHECK") and clause.mentions(name):
                what = clause.name or " ".join(clause.text.split())
                raise self.batch.refuse(f"column {name!r} is part of {what}. Drop that first")
            if not (clause.kind in ("UNIQUE", "FOREIGN KEY") and name in clause.columns()):
                kept.append(clause)
        self._refuse_mentions(name)
        self.text.constraints = kept
        self.indexes = {
            index: sql for index, sql in self.indexes.items() if not mentions(tokens(_behind_on(sql)), name)
        }
        self.sources.pop(dropped.name, None)
        self.changed = True

    def _refuse_mentions(self, column: str) -> None:
        """Raise where a computed column, a check of another column or a trigger needs the column."""
        for other in self.text.columns:
            for clause in other.clauses:
                if clause.kind in ("GENERATED", "CHECK") and clause.mentions(column):
                    raise self.batch.refuse(f"column {column!r} is used by column {other.name!r}. Change that first")
        for name, sql in self.triggers.items():
            if mentions(tokens(sql), column):
                raise self.batch.refuse(f"column {column!r} is used by trigger {name!r}. Drop that first")

    def alter_column(
        self,
        table_name: str,
        column_name: str,
        *,
        nullable: bool | None = None,
        server_default: Any = False,
        type_: TypeEngine[Any] | None = None,
        insert_before: str | None = None,
        insert_after: str | None = None,
        **kw: Any,
    ) -> None:
        """Give a column another type, nullability, default or place."""
        column = self._column(column_name)
        if type_ is not None:
            column.type_text = self.impl.dialect.type_compiler_instance.process(type_)
        if nullable is not None:
            column.set_clause("NULL", None)
            column.set_clause("NOT NULL", None if nullable else "NOT NULL")
        if server_default is not False:
            column.set_clause("DEFAULT", self._default(server_default))
        if insert_before is not None or insert_after is not None:
            self.text.columns.remove(column)
            self._place(column, insert_before, insert_after)
        self.changed = True

    def _default(self, server_default: Any) -> str | None:
        if server_default is None:
            return None
        scratch: Column[Any] = Column("x", server_default=default_argument(server_default))
        sql = self.compiler.get_column_default_string(scratch) or default_sql(server_default, self.impl.dialect)
        bracketed = "(" in sql and not sql.startswith(("'", "("))
        return f"DEFAULT ({sql})" if bracketed else f"DEFAULT {sql}"

    def add_constraint(self, constraint: Constraint) -> None:
        """Add a constraint to the table."""
        if not should_create(constraint, self.impl.dialect):
            return
        text = self.compiler.process(constraint)
        if not text:
            raise self.batch.refuse(f"SQLite has no constraint like {constraint.name or constraint!r}")
        clause = parse_clause(text.strip())
        if clause.kind == "PRIMARY KEY":
            for column in self.text.columns:
                column.set_clause("PRIMARY KEY", None)
            self.text.constraints = [other for other in self.text.constraints if other.kind != "PRIMARY KEY"]
        self.text.constraints.append(clause)
        self.changed = True

    def drop_constraint(self, constraint: Constraint, **kw: Any) -> None:
        """Drop a constraint by its name; a primary key also by its kind, as there is only one."""
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
        self.indexes[str(index.name)] = self._index_sql(index)
        self.changed = True

    def drop_index(self, index: Index, *, if_exists: bool | None = None, **kw: Any) -> None:
        """Leave an index out of the new table."""
        if self.indexes.pop(str(index.name), None) is None and not if_exists:
            raise self.batch.refuse(
                f"it has no index {index.name!r}. Its indexes: {', '.join(sorted(self.indexes)) or 'none'}"
            )
        self.changed = True

    def _index_sql(self, index: Index) -> str:
        return str(CreateIndex(index).compile(dialect=self.impl.dialect))

    def _column(self, name: str) -> ColumnText:
        try:
            return self.text.column(name)
        except KeyError:
            known = ", ".join(column.name for column in self.text.columns)
            raise self.batch.refuse(f"it has no column {name!r}. Its columns: {known}") from None

    # Carrying it out

    def _rename_in_place(self, change: Change) -> None:
        """Let SQLite rename the column everywhere it is used, then go on from there."""
        if self.changed:
            self._carry_out()
        table_name, column_name = change.args
        new = change.kw["name"]
        self.impl.alter_column(table_name, column_name, name=new, schema=self.batch.schema)
        if not self.impl.as_sql:
            self._load()
        rest = {name: value for name, value in change.kw.items() if name not in ("name", "schema")}
        if any(rest.get(what) is not None for what in ("nullable", "type_")) or rest.get("server_default") is not False:
            self.alter_column(table_name, new, **rest)

    def _carry_out(self) -> None:
        """Make the new table, move the rows, put it in the old one's place, make indexes and triggers again."""
        schema, old = self.batch.schema, self.text.name
        new = f"_mig_new_{old}"
        before = self._check_broken()
        with self._free_of_foreign_keys():
            self._run(self.text.sql(new).replace("CREATE TABLE ", f"CREATE TABLE {_prefix(schema)}", 1))
            self._move_rows(old, new)
            self._run(f"DROP TABLE {_prefix(schema)}{quote(old)}")
            with self._plain_rename():
                self._run(f"ALTER TABLE {_prefix(schema)}{quote(new)} RENAME TO {quote(old)}")
            for sql in (*self.indexes.values(), *self.triggers.values()):
                self._run(sql)
            self._verify(before)
        self.changed = False

    def _move_rows(self, old: str, new: str) -> None:
        pairs = [
            (target.name, self.sources[target.name]) for target in self.text.columns if target.name in self.sources
        ]
        pairs = [(target, source) for target, source in pairs if not self.text.column(target).is_generated]
        targets, sources = [quote(target) for target, _ in pairs], [quote(source) for _, source in pairs]
        if not (self.text.without_rowid or self.text.has_rowid_alias or self.text.has_column("rowid")):
            targets, sources = ["rowid", *targets], ["rowid", *sources]
        prefix = _prefix(self.batch.schema)
        rows = f"SELECT {', '.join(sources)} FROM {prefix}{quote(old)}"
        self._run(f"INSERT INTO {prefix}{quote(new)} ({', '.join(targets)}) {rows}")
        if any("AUTOINCREMENT" in clause.text.upper() for column in self.text.columns for clause in column.clauses):
            self._keep_sequence(old, new)

    def _keep_sequence(self, old: str, new: str) -> None:
        """An AUTOINCREMENT table never gives a number twice, not even one whose row is gone."""
        table, old, new = f"{_prefix(self.batch.schema)}sqlite_sequence", _text(old), _text(new)
        self._run(f"DELETE FROM {table} WHERE name = {new}")
        self._run(f"INSERT INTO {table} (name, seq) SELECT {new}, seq FROM {table} WHERE name = {old}")

    def _run(self, sql: str) -> None:
        self.impl.execute(sql)

    @contextmanager
    def _free_of_foreign_keys(self) -> Iterator[None]:
        """Make sure that dropping the old table takes no row of another along.

        Outside a transaction the enforcement is switched off and on again around a transaction of this rebuild's own;
        inside one it cannot be, so a table that others refer to is refused there.
        """
        connection = self.impl.connection
        if self.impl.as_sql or connection is None or connection.exec_driver_sql("PRAGMA foreign_keys").scalar() != 1:
            yield
            return
        if in_transaction(connection):
            self._refuse_referred()
            yield
            return
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                if not connection.invalidated:
                    connection.exec_driver_sql("ROLLBACK")
                raise
            connection.exec_driver_sql("COMMIT")
        finally:
            if not connection.invalidated:
                connection.exec_driver_sql("PRAGMA foreign_keys=ON")

    def _refuse_referred(self) -> None:
        connection = self.impl.connection
        assert connection is not None
        rows = connection.exec_driver_sql(
            "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND sql IS NOT NULL"
        ).all()
        for name, sql in rows:
            found = tokens(sql)
            for place, token in enumerate(found[:-1]):
                if token.keyword == "REFERENCES" and found[place + 1].name.lower() == self.text.name.lower():
                    raise self.batch.refuse(
                        f"table {name!r} refers to it, foreign keys are enforced, and inside a transaction SQLite "
                        "cannot switch that off. Run it through upgrade, or set PRAGMA foreign_keys=OFF "
                        "before the transaction"
                    )

    @contextmanager
    def _plain_rename(self) -> Iterator[None]:
        """Rename without SQLite looking into views and triggers, which name the table that is not there yet."""
        if self.impl.as_sql:
            self._run("PRAGMA legacy_alter_table=ON")
            yield
            self._run("PRAGMA legacy_alter_table=OFF")
            return
        assert self.impl.connection is not None
        before = self.impl.connection.exec_driver_sql("PRAGMA legacy_alter_table").scalar()
        self.impl.connection.exec_driver_sql("PRAGMA legacy_alter_table=ON")
        try:
            yield
        finally:
            if not self.impl.connection.invalidated:
                self.impl.connection.exec_driver_sql(f"PRAGMA legacy_alter_table={before or 0}")

    def _check_broken(self) -> Counter[str]:
        """Return how many rows of the table refer to rows that each other table lacks."""
        if self.impl.as_sql or self.impl.connection is None:
            return Counter()
        prefix = _prefix(self.batch.schema)
        rows = self.impl.connection.exec_driver_sql(f"PRAGMA {prefix}foreign_key_check({quote(self.text.name)})").all()
        return Counter(row[2] for row in rows)

    def _verify(self, before: Counter[str]) -> None:
        """Raise where the new table refers to rows that are not there, or where a view no longer works."""
        wrong = self._check_broken() - before
        if wrong:
            said = ", ".join(f"{count} rows refer to rows that {table} lacks" for table, count in sorted(wrong.items()))
            raise self.batch.refuse(f"{said}. Correct those rows first; nothing was changed")
        for view in self.stored.views if not self.impl.as_sql else ():
            assert self.impl.connection is not None
            try:
                self.impl.connection.exec_driver_sql(f"SELECT 1 FROM {quote(view)} LIMIT 0").all()
            except Exception as error:
                reason = str(error).splitlines()[0]
                raise self.batch.refuse(
                    f"view {view!r} would no longer work ({reason}). Change that view first"
                ) from error


def _kind_of(constraint: Constraint) -> str:
    return {
        "unique_constraint": "UNIQUE",
        "foreign_key_constraint": "FOREIGN KEY",
        "primary_key_constraint": "PRIMARY KEY",
    }.get(constraint.__visit_name__, "CHECK" if "check" in constraint.__visit_name__ else "")


def _behind_on(sql: str) -> str:
    """Return a CREATE INDEX without its own name: what stands behind ON."""
    found = tokens(sql)
    place = next((place for place, token in enumerate(found) if token.keyword == "ON"), 0)
    return sql[found[min(place + 2, len(found) - 1)].start :]


def _prefix(schema: str | None) -> str:
    return f"{quote(schema)}." if schema else ""


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
