"""What an operation needs of the run that it is part of: the context, and the implementation for its database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.schema import Constraint, ExecutableDDLElement, Index, Table
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.sql.expression import TableClause

from ..util.sqla_compat.columns import AnyColumn
from .direct_ddl import AddColumnOptions, DirectDDL


class Implementation(Protocol):
    """Carries operations out in one database: `ddl.impl.DefaultImpl` or a subclass of it, or a batch that records."""

    @property
    def dialect(self) -> Dialect: ...

    @property
    def bind(self) -> Any:
        """The connection; in offline mode an object that prints statements and returns no rows."""

    def execute(
        self, sql: Executable | ClauseElement | str, execution_options: Mapping[str, object] | None = None
    ) -> Any:
        """Run or print a statement."""

    @property
    def direct_ddl(self) -> DirectDDL | None:
        """Writes DDL of plain objects as text for `run_text`; None where SQLAlchemy's objects are needed."""

    def run_text(self, words: str) -> None:
        """Run or print DDL that `direct_ddl` has written."""

    def translated(self, schema: str | None) -> str | None:
        """Return the schema to which ``schema_translate_map`` translates another one."""

    def batch_transaction(self) -> AbstractContextManager[None]:
        """Return the transaction in which a batch runs."""

    def requires_recreate_in_batch(self, batch_op: Any) -> bool:
        """Return whether a `Batch` needs a new table, because the database cannot alter the table in place."""

    def rebuild(self, batch: Any) -> None:
        """Carry out a `Batch` by a new table, to which the rows are copied."""

    def create_table(self, table: Table, **kw: object) -> None: ...

    def drop_table(self, table: Table, **kw: object) -> None: ...

    def rename_table(self, old_table_name: str, new_table_name: str, schema: str | None = None) -> None: ...

    def create_table_comment(self, table: Table) -> None: ...

    def change_table_comment(self, table: Table, existing_comment: str) -> None: ...

    def drop_table_comment(self, table: Table) -> None: ...

    def add_column(self, table_name: str, column: AnyColumn, **kw: Any) -> Iterable[Constraint] | None:
        """Add a column; return the constraints that are part of the statement."""

    def plain_addition(
        self, table_name: str, column: AnyColumn, options: AddColumnOptions
    ) -> ExecutableDDLElement | None:
        """Return the one statement that adds a plain column; None where `add_column` has to query the database."""

    def alter_column(self, table_name: str, column_name: str, **kw: Any) -> None: ...

    def drop_column(self, table_name: str, column: AnyColumn, **kw: Any) -> None: ...

    def add_constraint(self, const: Constraint, **kw: object) -> None: ...

    def drop_constraint(self, const: Constraint, **kw: object) -> None: ...

    def create_index(self, index: Index, **kw: object) -> None: ...

    def drop_index(self, index: Index, **kw: object) -> None: ...

    def bulk_insert(
        self, table: Table | TableClause, rows: Sequence[Mapping[str, object]], multiinsert: bool = True
    ) -> None: ...


class RunContext(Protocol):
    """The context of a run, `runtime.migration.MigrationContext`, as far as operations need it."""

    @property
    def impl(self) -> Implementation: ...

    @property
    def opts(self) -> Mapping[str, Any]:
        """The options of ``context.configure()``."""

    @property
    def connection(self) -> Connection | None:
        """The connection; None in offline mode."""

    @property
    def borrowed(self) -> bool:
        """Whether the run is in a transaction that its caller began."""

    def autocommit_block(self) -> AbstractContextManager[None]:
        """Return a block whose statements are each committed at once."""
