"""The review of operations: accept, reject, edit and move them; every change can be undone."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from types import MappingProxyType

from sqlalchemy import MetaData, Table
from sqlalchemy.engine import Connection, Dialect, make_url
from sqlalchemy.exc import NoSuchTableError, SQLAlchemyError

from kernel_core.autogenerate.renames import RenameCandidate
from kernel_core.operations.containers import OpContainer, UpgradeOps, grouped
from kernel_core.operations.operation import MigrateOperation
from kernel_core.operations.ops import CreateTableOp, ExecuteSQLOp
from kernel_core.rehearse.rewrites import rewrites_of
from kernel_core.util.exc import CommandError, FieldError

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
from .preview import downgrade_of, python_of, sql_of
from .renames import possible, renamed
from .rewriting import Offer, broken_order, chosen, rewritten, without_rewrite
from .row import Row
from .selected_row import SelectedRow
from .selection import chosen_numbers, contains, named_number, unique_names
from .undo import UndoHistory

Connect = Callable[[], AbstractContextManager[Connection]]
Observer = Callable[[str], object]
_NO_DIALECTS: Mapping[str, Dialect] = MappingProxyType({})


class Review:
    """The operations of an upgrade under review.

        review = Review(script.upgrade_ops, dialect=engine.dialect, source="`Base` (7 tables)", target="sqlite dev.db")
        review.accept("safe")
        review[3].edit_text("type_", "String(80)")
        review.move(3, 1)
        review.accepted()          # a new UpgradeOps; the operations handed in are never changed

    ``dialect`` is a SQLAlchemy dialect or a dialect's name, ``opts`` are those of ``context.configure()``, ``connect``
    opens a connection for reading (only to show how a table would be rebuilt), ``dialects`` are those of several
    databases by the name in an operation's ``engine``. ``notes`` are sentences about what was included or left out
    beyond the selection, ``warnings`` the differences that no operation can remove. Every change returns a sentence
    about itself, which is also `message`, and calls the observers with it. A change that is refused raises
    CommandError and leaves the review as it was.
    """

    def __init__(
        self,
        operations: OpContainer,
        *,
        dialect: Dialect | str,
        source: str = "",
        target: str = "",
        opts: Mapping[str, object] | None = None,
        connect: Connect | None = None,
        notes: Sequence[str] = (),
        warnings: Sequence[str] = (),
        dialects: Mapping[str, Dialect] = _NO_DIALECTS,
    ) -> None:
        self.dialect = make_url(f"{dialect}://").get_dialect()() if isinstance(dialect, str) else dialect
        self.source, self.target, self.notes, self.warnings = source, target, tuple(notes), tuple(warnings)
        self.opts, self._connect, self._dialects = dict(opts or {}), connect, dialects
        self._tables: dict[tuple[str | None, str], Table] = {}
        self.message = ""
        leaves = list(operations.leaves())
        rows = [Row.of(key, operation, self.dialect_of(operation).name) for key, operation in enumerate(leaves, 1)]
        self._tolerated = frozenset(wrong_order(rows))
        self._history = UndoHistory(settled(rows, self._tolerated))
        self._observers: list[Observer] = []
        self._renames: tuple[RenameCandidate, ...] = tuple(getattr(operations, "renames", ()))

    # ---- reading ---------------------------------------------------------------------------------------------------

    @property
    def rows(self) -> tuple[Row, ...]:
        """The current rows, as an immutable snapshot."""
        return self._history.rows

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[SelectedRow]:
        return (SelectedRow(self, row.key) for row in self.rows)

    def __getitem__(self, number: int) -> SelectedRow:
        """Return row ``number``, from 1. Raises CommandError if there is none."""
        return SelectedRow(self, self.row(number).key)

    def row(self, number: int) -> Row:
        """Return row ``number``, from 1, as a value. Raises CommandError if there is none."""
        if not 1 <= number <= len(self.rows):
            known = f"the review has rows 1 to {len(self.rows)}" if self.rows else "the review has no rows"
            raise CommandError(f"There is no row {number}: {known}.")
        return self.rows[number - 1]

    def names(self) -> tuple[str, ...]:
        """Return the names that select exactly one row."""
        return unique_names(self.rows)

    def number_of(self, name: str) -> int:
        """Return the number of the row that changes ``name``: ``users.email``, ``users``, or the name of a constraint.

        Raises CommandError if no row does, or several do.
        """
        return named_number(self.rows, name)

    def row_of(self, key: int) -> Row:
        """Return the row with that key. Raises CommandError if it is not in the review (any more)."""
        found = next((row for row in self.rows if row.key == key), None)
        if found is None:
            raise CommandError("This row is not in the review any more.")
        return found

    @property
    def errors(self) -> tuple[str, ...]:
        """Reasons why the accepted rows cannot be written, one line each; empty if they can."""
        return tuple(f"Row {row.number}: {error}" for row in self.rows if row.accepted for error in row.errors)

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables that the rows change, in the order of the rows."""
        return tuple(dict.fromkeys(row.table for row in self.rows))

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of the operations, such as ``add column``, in the order of the rows."""
        return tuple(dict.fromkeys(row.kind for row in self.rows))

    @property
    def renames(self) -> tuple[RenameCandidate, ...]:
        """Rename candidates, most likely first: an unedited drop and addition, both accepted."""
        return possible(self._renames, self.rows)

    def find(self, table: str | None = None, kind: str | None = None, search: str = "") -> tuple[int, ...]:
        """Return the numbers of the rows of that table and kind that contain every word of ``search``."""
        words = search.casefold().split()
        return tuple(
            row.number
            for row in self.rows
            if (table is None or row.table == table) and (kind is None or row.kind == kind) and contains(row, words)
        )

    def accepted(self) -> UpgradeOps:
        """Return the accepted operations in order, as a new container; changes to one table are grouped.

        Raises CommandError if a value or the order is invalid.
        """
        errors = self.errors
        if errors:
            more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
            raise CommandError(f"{errors[0].rstrip('.')}{more}. Correct, revert or reject it.")
        return UpgradeOps(grouped(row.operation for row in self.rows if row.accepted))

    def dialect_of(self, operation: MigrateOperation) -> Dialect:
        """Return the dialect of the database that an operation changes."""
        return self._dialects.get(operation.engine, self.dialect)

    def _on(self, number: int) -> tuple[MigrateOperation, Dialect]:
        operation = self.row(number).operation
        return operation, self.dialect_of(operation)

    # ---- changing --------------------------------------------------------------------------------------------------

    def accept(self, which: str = "all") -> str:
        """Accept exactly ``all``, the ``safe`` rows, ``none``, or those of a list such as ``1,3-5``; reject the others.

        A row that depends on a rejected one is rejected too. A row is safe if it neither loses data nor can fail on
        existing data; a replacement (a constraint dropped and created again) is safe only if both rows are. The
        number of one row of a replacement selects both.
        """
        chosen = chosen_numbers(which, self.rows)
        rows, added = with_partners([replace(row, accepted=row.number in chosen) for row in self.rows])
        rows, cascaded = without_orphans(rows)
        stayed = {row.key for row in rows if row.accepted}
        message = accepted_too([each for each in added if each[0].key in stayed]), rejected_too(cascaded)
        return self._apply(rows, " ".join(filter(None, (f"{len(stayed)} of {len(rows)} accepted.", *message))))

    def set_accepted(self, number: int, accepted: bool) -> str:
        """Accept or reject one row, with the rows that it depends on or that depend on it, and its group."""
        return self.set_several((number,), accepted)

    def set_several(self, numbers: Collection[int], accepted: bool) -> str:
        """Accept or reject rows in one step, with those that they depend on or that depend on them, and their groups.

        All other rows stay as they are. Raises CommandError for the number of no row.
        """
        keys = {self.row(number).key for number in numbers}
        said = f"row {min(numbers)}" if len(keys) == 1 else f"{len(keys)} rows"
        if accepted:
            rows, cascaded = with_needed(self.rows, keys)
            message = f"Accepted {said}. {accepted_too(cascaded)}"
        else:
            changed = [replace(row, accepted=False) if row.key in keys else row for row in self.rows]
            rows, cascaded = without_orphans(changed)
            message = f"Rejected {said}. {rejected_too(cascaded)}"
        return self._apply(rows, message.strip())

    def edit(self, number: int, **values: object) -> str:
        """Set fields of a row to Python values. Raises CommandError for an invalid one; the row is then unchanged."""
        row = self.row(number)
        changed = row.changed(
            row.operation.edit(**values), self.dialect_of(row.operation).name, corrected=frozenset(values)
        )
        return self._replace(row, changed, f"Edited row {number}: {changed.sentence}.")

    def edit_text(self, number: int, field_name: str, text: str) -> str:
        """Set one field of a row from text.

        An invalid text is kept with its reason; the row cannot be written until it is corrected or reverted.
        """
        row = self.row(number)
        named = any(field.name == field_name for field in row.operation.fields)
        if named and field_name not in row.invalid and text == row.text_of(field_name):
            return self.message
        try:
            operation = row.operation.edit_text(field_name, text, self.dialect_of(row.operation))
        except (FieldError, ValueError, SQLAlchemyError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            return self._replace(row, row.with_invalid_text(field_name, text, reason), f"Row {number}: {reason}")
        changed = row.changed(operation, self.dialect_of(operation).name, corrected=frozenset({field_name}))
        return self._replace(row, changed, f"Edited row {number}: {changed.sentence}.")

    def revert(self, number: int) -> str:
        """Discard the edits of a row, and the rows of its rewrite. Whether it is accepted is kept."""
        row = self.row(number)
        message = f"Row {number} is reverted: {row.original_facts.sentence}."
        if row.bundle and row.key == row.bundle:
            rows = [row.reverted() if other is row else other for other in without_rewrite(self.rows, row)]
            return self._apply(rows, message)
        return self._replace(row, row.reverted(), message)

    def move(self, number: int, to: int) -> str:
        """Move a row. Raises CommandError if it would come before a row that it depends on."""
        row = self.row(number)
        self.row(to)
        rows = [other for other in self.rows if other is not row]
        rows.insert(to - 1, row)
        known = self._tolerated | frozenset(wrong_order(self.rows))
        for (needer, provider), need in wrong_order(rows).items():
            if (needer, provider) not in known:
                first, second = self.row_of(provider), self.row_of(needer)
                raise CommandError(
                    f"Row {number} cannot go to place {to}: row {second.number} needs {described(need)}, "
                    f"so row {first.number} must come first."
                )
        several = broken_order(self.rows, rows)
        if several:
            raise CommandError(f"Row {number} cannot go to place {to}: rows {ranges(several)} run in this order.")
        return self._apply(rows, f"Moved row {number} to place {to}.")

    def rewrites(self, number: int) -> tuple[Offer, ...]:
        """Return the safer ways to do what a row does that it has not yet; none for a table that the review creates."""
        row = self.row(number)
        place = row.operation.table_key
        created = [r.operation.table_key for r in self.rows if isinstance(r.operation, CreateTableOp)]
        if place in created:
            return ()
        dialect = self.dialect_of(row.operation)
        found = rewrites_of(row.operation, dialect, lambda: None if place is None else self._table(*place))
        return tuple(Offer(number, each) for each in found if each.name not in row.rewritten_by)

    def rewrite(self, number: int, name: str, sql: str = "") -> str:
        """Replace a row by the rows of one of its `rewrites`; ``sql`` is the expression that it may need.

        Raises CommandError if the row has no such rewrite, or the expression is missing or invalid.
        """
        row = self.row(number)
        rewrite = chosen(self.rewrites(number), number, name)
        dialect = self.dialect_of(row.operation).name
        rows = rewritten(
            self.rows,
            row,
            name,
            rewrite.operations(sql),
            lambda new: Row.of(self._history.next_key(), new.changed(engine=row.operation.engine), dialect),
            lambda new: row.changed(new, dialect, corrected=frozenset()),
        )
        return self._apply(rows, f"Row {number} is rewritten: {rewrite.sentence}.")

    def trial(self) -> Review:
        """Return a review of the same rows, whose changes leave this one as it is."""
        trial = copy.copy(self)
        trial._history, trial._observers = UndoHistory(self.rows), []  # noqa: SLF001 - it is of this class
        return trial

    def rename(self, number: int = 1) -> str:
        """Replace a drop and an addition by one rename: candidate ``number`` of `renames`, from 1.

        Raises CommandError if there is no such candidate.
        """
        if not 1 <= number <= len(self.renames):
            known = f"{len(self.renames)} may be one" if self.renames else "nothing looks like one"
            raise CommandError(f"There is no rename {number}: {known}.")
        candidate = self.renames[number - 1]
        rows = renamed(
            self.rows, candidate, lambda new: Row.of(self._history.next_key(), new, self.dialect_of(new).name)
        )
        return self._apply(rows, f"{candidate.old_name} is renamed to {candidate.new_name}; its values are kept.")

    def add_sql(self, sql: str, reverse: str | None = None) -> str:
        """Add an SQL statement after the last row, with the statement that reverses it."""
        if not sql.strip():
            raise CommandError("There is no SQL to add. Type a statement first.")
        operation = ExecuteSQLOp(sql.strip(), reverse_sql=(reverse or "").strip() or None)
        operation = operation.changed(reverse_remedy="Add both: p.add_sql(sql, reverse).")
        row = Row.of(self._history.next_key(), operation, self.dialect.name, added=True)
        message = f"Added row {len(self.rows) + 1}: {row.sentence}."
        if operation.reverse_sql is None:
            message += " Without the SQL that undoes it the downgrade cannot be written."
        return self._apply([*self.rows, row], message)

    @property
    def can_undo(self) -> bool:
        """Whether there is a change to undo."""
        return self._history.can_undo

    @property
    def can_redo(self) -> bool:
        """Whether there is an undone change to redo."""
        return self._history.can_redo

    def undo(self) -> str:
        """Undo the last change. Raises CommandError if there is none."""
        return self._announce(f"Undone: {self._history.undo()}")

    def redo(self) -> str:
        """Redo the last undone change. Raises CommandError if there is none."""
        return self._announce(f"Redone: {self._history.redo()}")

    # ---- preview ---------------------------------------------------------------------------------------------------

    def sql(self, number: int) -> str:
        """Return the SQL of a row for this database, without running it."""
        return sql_of(*self._on(number), self.opts, self._table)

    def python(self, number: int) -> str:
        """Return the Python of a row in ``upgrade()``."""
        return python_of(*self._on(number), self.opts)

    def downgrade(self, number: int) -> str:
        """Return the Python that reverses a row in ``downgrade()``, or a comment with the reason why there is none."""
        return downgrade_of(*self._on(number), self.opts)

    # ---- observers -------------------------------------------------------------------------------------------------

    def observe(self, observer: Observer) -> Callable[[], None]:
        """Call ``observer(message)`` after every change, until the returned function is called."""
        self._observers.append(observer)

        def stop() -> None:
            if observer in self._observers:
                self._observers.remove(observer)

        return stop

    def _replace(self, row: Row, changed: Row, message: str) -> str:
        rows = settled([changed if other is row else other for other in self.rows], self._tolerated)
        broken = [f"Row {other.number}: {problem}" for other in rows for problem in other.problems]
        return self._apply(rows, " ".join((message, *broken)))

    def _apply(self, rows: Sequence[Row], message: str) -> str:
        self._history.add(settled(rows, self._tolerated), message)
        return self._announce(message)

    def _announce(self, message: str) -> str:
        self.message = message
        for observer in tuple(self._observers):
            observer(message)
        return message

    def _table(self, schema: str | None, name: str) -> Table | None:
        """Return a table that this review creates or that the database has; None if it cannot be reflected."""
        for row in self.rows:
            if row.operation.table_key == (schema, name) and isinstance(row.operation, CreateTableOp):
                return row.operation.to_table()
        if (schema, name) not in self._tables and self._connect is not None:
            with self._connect() as connection, suppress(NoSuchTableError):
                self._tables[schema, name] = Table(name, MetaData(), schema=schema, autoload_with=connection)
        return self._tables.get((schema, name))
