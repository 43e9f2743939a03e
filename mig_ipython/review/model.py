"""The review: rows of operations that a person keeps, edits, orders and refuses; every act can be undone."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from sqlalchemy import MetaData, Table
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.exc import NoSuchTableError, SQLAlchemyError

from kernel_core.autogenerate.renames import RenameCandidate
from kernel_core.operations.containers import OpContainer, UpgradeOps, grouped
from kernel_core.operations.operation import MigrateOperation
from kernel_core.operations.ops import CreateTableOp, ExecuteSQLOp
from kernel_core.util.exc import CommandError, FieldError

from .chosen import Chosen
from .dependencies import (
    accepted_too,
    described,
    ranges,
    rejected_too,
    settled,
    with_needed,
    with_partners,
    without_orphans,
    wrong_order,
)
from .past import Past
from .preview import downgrade_of, python_of, sql_of
from .renames import possible, renamed
from .row import Row
from .selection import chosen_numbers

Connect = Callable[[], AbstractContextManager[Connection]]
Observer = Callable[[str], object]
_NO_DIALECTS: Mapping[str, Any] = MappingProxyType({})


class Review:
    """The operations of an upgrade under review.

        review = Review(script.upgrade_ops, dialect=engine.dialect, source="`Base` (7 tables)", target="sqlite dev.db")
        review.accept("safe")
        review[3].edit_text("type_", "String(80)")
        review.move(3, 1)
        review.accepted()          # a new UpgradeOps; the operations handed in are never changed

    ``dialect`` is a SQLAlchemy dialect or a dialect's name, ``opts`` are those of ``context.configure()``, ``connect``
    opens a connection for reading (only to show how a table would be rebuilt), ``dialects`` are those of several
    databases by the name that an operation has for its own (``engine``). ``notes`` are sentences about what was
    included or left out beside what was asked for. Each act returns what it did in words,
    keeps it in `said`, and tells the observers. An act that is refused raises CommandError and changes nothing.
    """

    def __init__(
        self,
        operations: OpContainer,
        *,
        dialect: Any,
        source: str = "",
        target: str = "",
        opts: Mapping[str, Any] | None = None,
        connect: Connect | None = None,
        notes: Sequence[str] = (),
        dialects: Mapping[str, Any] = _NO_DIALECTS,
    ) -> None:
        self.dialect = make_url(f"{dialect}://").get_dialect()() if isinstance(dialect, str) else dialect
        self.source, self.target, self.notes = source, target, tuple(notes)
        self.opts, self._connect, self._dialects = dict(opts or {}), connect, dialects
        self._tables: dict[tuple[str | None, str], Table] = {}
        self.said = ""
        leaves = list(operations.leaves())
        rows = [Row.of(key, operation, self.dialect_of(operation).name) for key, operation in enumerate(leaves, 1)]
        self._tolerated = frozenset(wrong_order(rows))
        self._past = Past(settled(rows, self._tolerated))
        self._observers: list[Observer] = []
        self._renames: tuple[RenameCandidate, ...] = tuple(getattr(operations, "renames", ()))

    # ---- what there is ---------------------------------------------------------------------------------------------

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows as they are now; an immutable snapshot."""
        return self._past.rows

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Chosen]:
        return (Chosen(self, row.key) for row in self.rows)

    def __getitem__(self, number: int) -> Chosen:
        """Return row ``number``, from 1; raises CommandError where there is none."""
        return Chosen(self, self.row(number).key)

    def row(self, number: int) -> Row:
        """Return row ``number`` as it is now, from 1; raises CommandError where there is none."""
        if not 1 <= number <= len(self.rows):
            known = f"the review has rows 1 to {len(self.rows)}" if self.rows else "the review has no rows"
            raise CommandError(f"There is no row {number}: {known}.")
        return self.rows[number - 1]

    def names(self) -> tuple[str, ...]:
        """Return the names by which a row can be chosen, those that one row alone has."""
        found = Counter(name for row in self.rows for name in row.own_names)
        return tuple(name for name, times in found.items() if times == 1)

    def number_of(self, name: str) -> int:
        """Return the number of the row that is about ``name``: ``users.email``, ``users``, a name in the models.

        Raises CommandError where no row is, or several are.
        """
        found = [row.number for row in self.rows if name in row.own_names]
        found = found or [row.number for row in self.rows if name in row.names]
        if len(found) == 1:
            return found[0]
        if found:
            raise CommandError(f"{name!r} is in rows {ranges(found)}. Choose one by its number.")
        near = difflib.get_close_matches(name, self.names(), 1)
        raise CommandError(f"No row is about {name!r}{f'; the nearest is {near[0]!r}' if near else ''}.")

    def row_of(self, key: int) -> Row:
        """Return the row of that key, wherever it stands; raises CommandError where an undo took it away."""
        found = next((row for row in self.rows if row.key == key), None)
        if found is None:
            raise CommandError("This row is not in the review any more.")
        return found

    @property
    def errors(self) -> tuple[str, ...]:
        """What keeps the accepted rows from being written, one line each."""
        return tuple(f"Row {row.number}: {error}" for row in self.rows if row.accepted for error in row.errors)

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables that the rows are about, in their order."""
        return tuple(dict.fromkeys(row.table for row in self.rows))

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of operations, in the order of their first row."""
        return tuple(dict.fromkeys(row.kind for row in self.rows))

    @property
    def renames(self) -> tuple[RenameCandidate, ...]:
        """What looks like a rename, surest first: a drop and an addition, both accepted and as they were found."""
        return possible(self._renames, self.rows)

    def find(self, table: str | None = None, kind: str | None = None, search: str = "") -> tuple[int, ...]:
        """Return the numbers of the rows of that table and kind whose words hold every word of ``search``."""
        words = search.casefold().split()
        return tuple(
            row.number
            for row in self.rows
            if (table is None or row.table == table) and (kind is None or row.kind == kind) and _holds(row, words)
        )

    def accepted(self) -> UpgradeOps:
        """Return the accepted operations in their order, as a new list, changes to one table gathered.

        Raises CommandError where a value or the order is wrong.
        """
        errors = self.errors
        if errors:
            more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
            raise CommandError(f"{errors[0].rstrip('.')}{more}. Correct, revert or reject it.")
        return UpgradeOps(grouped(row.operation for row in self.rows if row.accepted))

    def dialect_of(self, operation: MigrateOperation) -> Any:
        """Return the dialect of the database that an operation is for."""
        return self._dialects.get(operation.engine, self.dialect)

    def _on(self, number: int) -> tuple[MigrateOperation, Any]:
        operation = self.row(number).operation
        return operation, self.dialect_of(operation)

    # ---- what a person does ----------------------------------------------------------------------------------------

    def accept(self, which: str = "all") -> str:
        """Accept exactly ``all``, the ``safe`` rows, ``none``, or those of a list such as ``1,3-5``; reject the others.

        A row that needs a rejected one is rejected with it. Safe is what neither loses data nor may fail on the data; a
        replacement (a drop and a creation of one constraint) only as a whole. A number that names half of a replacement
        means all of it.
        """
        chosen = chosen_numbers(which, self.rows)
        rows, added = with_partners([replace(row, accepted=row.number in chosen) for row in self.rows])
        rows, taken = without_orphans(rows)
        stayed = {row.key for row in rows if row.accepted}
        said = accepted_too([each for each in added if each[0].key in stayed]), rejected_too(taken)
        return self._do(rows, " ".join(filter(None, (f"{len(stayed)} of {len(rows)} accepted.", *said))))

    def set_accepted(self, number: int, accepted: bool) -> str:
        """Accept or reject one row, with the rows that need it or that it needs, and those that belong to it."""
        row = self.row(number)
        if accepted:
            rows, taken = with_needed(self.rows, row.key)
            said = f"Accepted row {number}. {accepted_too(taken)}"
        else:
            changed = [replace(other, accepted=False) if other is row else other for other in self.rows]
            rows, taken = without_orphans(changed)
            said = f"Rejected row {number}. {rejected_too(taken)}"
        return self._do(rows, said.strip())

    def edit(self, number: int, **values: object) -> str:
        """Give fields of a row other values, as Python objects; raises CommandError, and then nothing is changed."""
        row = self.row(number)
        changed = row.changed(
            row.operation.edit(**values), self.dialect_of(row.operation).name, without=frozenset(values)
        )
        return self._replace(row, changed, f"Edited row {number}: {changed.sentence}.")

    def edit_text(self, number: int, field_name: str, text: str) -> str:
        """Give one field of a row what was typed.

        A text that cannot be its value is kept beside the row with the reason, and bars the row from being written.
        """
        row = self.row(number)
        named = any(field.name == field_name for field in row.operation.fields)
        if named and field_name not in row.wrong and text == row.text_of(field_name):
            return self.said
        try:
            operation = row.operation.edit_text(field_name, text, self.dialect_of(row.operation))
        except (FieldError, ValueError, SQLAlchemyError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            return self._replace(row, row.with_wrong(field_name, text, reason), f"Row {number}: {reason}")
        changed = row.changed(operation, self.dialect_of(operation).name, without=frozenset({field_name}))
        return self._replace(row, changed, f"Edited row {number}: {changed.sentence}.")

    def revert(self, number: int) -> str:
        """Make a row what it was when it was found; its place and whether it is accepted stay."""
        row = self.row(number)
        return self._replace(row, row.reverted(), f"Row {number} is as it was found: {row.original_facts.sentence}.")

    def move(self, number: int, to: int) -> str:
        """Put a row in another place; raises CommandError where it would come before what it needs."""
        row = self.row(number)
        self.row(to)
        rows = [other for other in self.rows if other is not row]
        rows.insert(to - 1, row)
        known = self._tolerated | frozenset(wrong_order(self.rows))
        for (needer, maker), need in wrong_order(rows).items():
            if (needer, maker) not in known:
                first, second = self.row_of(maker), self.row_of(needer)
                raise CommandError(
                    f"Row {number} cannot go to place {to}: row {second.number} needs {described(need)}, "
                    f"so row {first.number} must come first."
                )
        return self._do(rows, f"Moved row {number} to place {to}.")

    def rename(self, number: int = 1) -> str:
        """Make one row, a rename, of the candidate ``number`` of `renames`, from 1; raises CommandError for another."""
        if not 1 <= number <= len(self.renames):
            known = f"{len(self.renames)} may be one" if self.renames else "nothing looks like one"
            raise CommandError(f"There is no rename {number}: {known}.")
        candidate = self.renames[number - 1]
        rows = renamed(self.rows, candidate, lambda new: Row.of(self._past.next_key(), new, self.dialect_of(new).name))
        return self._do(rows, f"{candidate.old_name} is renamed to {candidate.new_name}; its values are kept.")

    def add_sql(self, sql: str, reverse: str | None = None) -> str:
        """Add a statement of SQL behind the last row, with the one that undoes it."""
        if not sql.strip():
            raise CommandError("There is no SQL to add. Type a statement first.")
        operation = ExecuteSQLOp(sql.strip(), reverse_sql=(reverse or "").strip() or None)
        row = Row.of(self._past.next_key(), operation, self.dialect.name, added=True)
        said = f"Added row {len(self.rows) + 1}: {row.sentence}."
        if operation.reverse_sql is None:
            said += " Without the SQL that undoes it the downgrade cannot be written."
        return self._do([*self.rows, row], said)

    @property
    def can_undo(self) -> bool:
        """Whether there is something to undo."""
        return self._past.can_undo

    @property
    def can_redo(self) -> bool:
        """Whether there is something to do again."""
        return self._past.can_redo

    def undo(self) -> str:
        """Take back the last act; raises CommandError where there is none."""
        return self._tell(f"Undone: {self._past.undo()}")

    def redo(self) -> str:
        """Do again what was undone last; raises CommandError where nothing was."""
        return self._tell(f"Done again: {self._past.redo()}")

    # ---- what it would be ------------------------------------------------------------------------------------------

    def sql(self, number: int) -> str:
        """Return the SQL of a row for this database; nothing is run."""
        return sql_of(*self._on(number), self.opts, self._table)

    def python(self, number: int) -> str:
        """Return the Python of a row as it would stand in ``upgrade()``."""
        return python_of(*self._on(number), self.opts)

    def downgrade(self, number: int) -> str:
        """Return the Python that undoes a row, or a comment that says why it cannot be undone."""
        return downgrade_of(*self._on(number), self.opts)

    # ---- who watches -----------------------------------------------------------------------------------------------

    def observe(self, observer: Observer) -> Callable[[], None]:
        """Call ``observer(said)`` after every act; the function that is returned ends it."""
        self._observers.append(observer)

        def stop() -> None:
            if observer in self._observers:
                self._observers.remove(observer)

        return stop

    # ---- the rest --------------------------------------------------------------------------------------------------

    def _replace(self, row: Row, changed: Row, said: str) -> str:
        rows = settled([changed if other is row else other for other in self.rows], self._tolerated)
        broken = [f"Row {other.number}: {problem}" for other in rows for problem in other.problems]
        return self._do(rows, " ".join((said, *broken)))

    def _do(self, rows: Sequence[Row], said: str) -> str:
        self._past.add(settled(rows, self._tolerated), said)
        return self._tell(said)

    def _tell(self, said: str) -> str:
        self.said = said
        for observer in tuple(self._observers):
            observer(said)
        return said

    def _table(self, schema: str | None, name: str) -> Table | None:
        """Return a table as this review makes it, or as the database had it when it was first asked for."""
        for row in self.rows:
            if row.operation.table_key == (schema, name) and isinstance(row.operation, CreateTableOp):
                return row.operation.to_table()
        if (schema, name) not in self._tables and self._connect is not None:
            with self._connect() as connection, suppress(NoSuchTableError):
                self._tables[schema, name] = Table(name, MetaData(), schema=schema, autoload_with=connection)
        return self._tables.get((schema, name))


def _holds(row: Row, words: Sequence[str]) -> bool:
    hints = (f"{hint.severity} {hint.text}" for hint in row.hints)
    text = " ".join((str(row.number), row.sentence, row.table, row.kind, *hints)).casefold()
    return all(word in text for word in words)
