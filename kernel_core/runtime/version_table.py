"""The version table, as Alembic defines it: one row for each current head of the database.

It is not created before the first write. Each change must match exactly one row; otherwise it was changed concurrently.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from contextlib import nullcontext, suppress
from functools import cached_property
from typing import Any

from sqlalchemy import (
    ColumnClause,
    Connection,
    Delete,
    Insert,
    Select,
    Table,
    Update,
    bindparam,
    inspect,
    literal_column,
    select,
)
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.schema import CreateTable

from ..ddl.impl import DefaultImpl
from ..ddl.statements import RunsStatements
from ..util.exc import CommandError, VersionTableChanged, sqlstate
from .heads import as_text, replaced_head, row_changes

DEFAULT_NAME = "alembic_version"
"""The name of the version table unless ``context.configure(version_table=...)`` sets another."""

_EXISTS_ALREADY = frozenset({"42P07", "23505"})
"""States of PostgreSQL: duplicate_table, and unique_violation in its catalog while another transaction creates it."""
_TABLE_EXISTS = 1050
"""The number of that error on MySQL and MariaDB."""


class VersionTable:
    """Reads and changes the rows of the version table; offline it prints the changes with literal values."""

    def __init__(self, impl: DefaultImpl, table: Table) -> None:
        self.impl, self.table = impl, table
        self._is_known = False
        self._column_width: int | None = None
        number = table.c.version_num
        length: int | None = getattr(number.type, "length", None)
        self._declared_width = length if impl.keeps_lengths else None

    # ---- its statements, of which a run needs one or two -------------------------------------------------------

    @cached_property
    def _select(self) -> Select[Any]:
        return select(self.table.c.version_num)

    @cached_property
    def _select_locked(self) -> Select[Any]:
        return self._select.with_for_update() if self.impl.locks_rows else self._select

    @cached_property
    def _insert(self) -> Insert:
        return self.table.insert().inline()

    @cached_property
    def _update(self) -> Update:
        where = self.table.c.version_num == bindparam("old")
        return self.table.update().where(where).values(version_num=bindparam("new"))

    @cached_property
    def _delete(self) -> Delete:
        return self.table.delete().where(self.table.c.version_num == bindparam("old"))

    # ---- reading ------------------------------------------------------------------------------------------------

    def exists(self) -> bool:
        """Return whether the table is in the database; always False offline."""
        if not self._is_known and self.impl.connection is not None and not self.impl.as_sql:
            self._is_known = inspect(self.impl.connection).has_table(self.table.name, schema=self.table.schema)
        return self._is_known

    def know(self, tables: frozenset[str] | None) -> None:
        """Take note that the table exists, if it is one of ``tables``."""
        self._is_known = self._is_known or (tables is not None and self.table.name in tables)

    def read(self) -> tuple[str, ...]:
        """Return the heads in the database, sorted; () without a version table. Raises CommandError for NULL."""
        found = list(self._connection.scalars(self._select)) if self.exists() else []
        if None in found:
            name = self.table.fullname
            raise CommandError(
                f"{name} has a row without a revision. Delete it: DELETE FROM {name} WHERE version_num IS NULL"
            )
        return tuple(sorted(found))

    def lock(self, heads: frozenset[str]) -> None:
        """Prepare a change, in its transaction: create the table, or lock its rows and check that they are ``heads``.

        Raises VersionTableChanged if they are not.
        """
        if self.impl.as_sql:
            if not heads:
                self.create()
            return
        if not self.exists():
            self._create()
            return
        found = frozenset(self._connection.scalars(self._select_locked))
        if found != heads:
            raise self._elsewhere(heads, found)

    def create(self) -> None:
        """Create the table if there is none; offline always print the statement."""
        if self.impl.as_sql:
            self.impl.execute(CreateTable(self.table))
        elif not self.exists():
            is_postgresql = self.impl.dialect.name == "postgresql"  # whose transaction an error would end
            with suppress(VersionTableChanged), self._connection.begin_nested() if is_postgresql else nullcontext():
                self._create()

    def _create(self) -> None:
        """Create the table; raises VersionTableChanged where another process has created it meanwhile."""
        try:
            self.table.create(self._connection, checkfirst=False)
        except DBAPIError as error:
            if _says_that_it_exists(error):
                raise VersionTableChanged(
                    f"{self.table.fullname} was created by another process meanwhile. The step was not begun. "
                    "Check the current revision and start again."
                ) from error
            raise
        self._is_known = True

    def forget(self) -> None:
        """Query again whether the table exists: what this run created may have been rolled back."""
        self._is_known = False

    def write(self, before: AbstractSet[str], after: AbstractSet[str]) -> None:
        """Change the rows from one set of heads to the other: every change of a version row is made here.

        Raises VersionTableChanged if a row is not as it was. `check_lengths` must have checked the plan.
        """
        if self.impl.as_sql:
            self._print(before, after)
            return
        changes = row_changes(before, after)
        for head in changes.deletes:
            self._one_row(self._delete, {"old": head}, head)
        for old, new in changes.updates:
            self._one_row(self._update, {"old": old, "new": new}, old)
        for head in changes.inserts:
            self._insert_row(head)

    @property
    def _connection(self) -> Connection:
        assert self.impl.connection is not None, "online mode has a connection"
        return self.impl.connection

    def _insert_row(self, head: str) -> None:
        try:
            self._connection.execute(self._insert, {"version_num": head})
        except IntegrityError as error:
            raise self._moved(head, "has a row already") from error

    def _one_row(self, statement: Update | Delete, values: dict[str, str], head: str) -> None:
        matched = self._connection.execute(statement, values).rowcount
        if matched != 1 and self.impl.dialect.supports_sane_rowcount:
            raise self._moved(head, "has no row" if not matched else f"has {matched} rows")

    def _elsewhere(self, heads: frozenset[str], found: frozenset[str]) -> VersionTableChanged:
        return VersionTableChanged(
            f"{self.table.fullname} changed concurrently: expected {as_text(heads)}, found {as_text(found)}. "
            "The step was not begun. Check the current revision and start again."
        )

    def _moved(self, head: str, fact: str) -> VersionTableChanged:
        return VersionTableChanged(
            f"{self.table.fullname} changed concurrently: revision {head} {fact} in it. "
            f"{self._undone()}Check the current revision and start again."
        )

    def _undone(self) -> str:
        return "This change is rolled back. " if type(self.impl).transactional_ddl else ""

    def _print(self, before: AbstractSet[str], after: AbstractSet[str]) -> None:
        replaced = replaced_head(before, after)
        if replaced is not None:
            self._print_update(*replaced)
            return
        changes = row_changes(before, after)
        for head in changes.deletes:
            self.impl.execute(self.table.delete().where(self.table.c.version_num == _literal(head)))
        for old, new in changes.updates:
            self._print_update(old, new)
        for head in changes.inserts:
            self.impl.execute(self.table.insert().inline().values(version_num=_literal(head)))

    def _print_update(self, old: str, new: str) -> None:
        """Print the UPDATE of a row; usual ids are inserted into a text that is compiled once for the whole script."""
        parts = self._update_parts
        usual = f"_{old}{new}"
        if parts is not None and usual.isidentifier() and usual.isascii():  # only letters, digits, underscores
            first, middle, last = parts
            self.impl.print_statement(f"{first}{new}{middle}{old}{last}", self._pattern)
        else:
            self.impl.execute(self._update_from(old, new))

    def _update_from(self, old: str, new: str) -> Update:
        return self.table.update().where(self.table.c.version_num == _literal(old)).values(version_num=_literal(new))

    @cached_property
    def _pattern(self) -> Update:
        return self._update_from("@old@", "@new@")

    @cached_property
    def _update_parts(self) -> tuple[str, str, str] | None:
        """The UPDATE in parts, between which its ids are: the new one, the old one; None if the table's name has both.

        None also if an add-on's implementation overrides ``execute``, which then gets each statement.
        """
        parts = re.split("(@new@|@old@)", self.impl.script_text(self._pattern).strip())
        is_ours = type(self.impl).execute is RunsStatements.execute
        return (parts[0], parts[2], parts[4]) if is_ours and parts[1::2] == ["@new@", "@old@"] else None

    def check_lengths(self, ids: Iterable[str]) -> None:
        """Raise CommandError for an id that is longer than the column is in the database, or will be."""
        declared = self._declared_width
        if declared is None:
            return
        for head in ids:
            if len(head) <= declared or len(head) <= self._width(declared):
                continue
            width = self._width(declared)
            raise CommandError(
                f"Revision id {head} has {len(head)} characters, and {self.table.fullname}.version_num holds {width}. "
                "Nothing was run. Give the revision a shorter id, or widen the column: "
                f"ALTER TABLE {self.table.fullname} {self.impl.widening.format(name='version_num', length=len(head))}"
            )

    def _width(self, declared: int) -> int:
        """Return how many characters the column holds: as in the database, if it exists there."""
        if self._column_width is None and self.exists():
            columns = inspect(self._connection).get_columns(self.table.name, schema=self.table.schema)
            found = next((each["type"] for each in columns if each["name"] == "version_num"), None)
            self._column_width = getattr(found, "length", None) or 1 << 30
        return self._column_width or declared


def _says_that_it_exists(error: DBAPIError) -> bool:
    """Return whether a CREATE TABLE failed because the table exists, or is being created by another transaction."""
    cause = error.orig
    return sqlstate(cause) in _EXISTS_ALREADY or (cause is not None and cause.args[:1] == (_TABLE_EXISTS,))


def _literal(head: str) -> ColumnClause[str]:
    return literal_column("'" + head.replace("'", "''") + "'")
