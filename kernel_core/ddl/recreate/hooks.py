"""What a dialect may do differently when a table is re-created."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

from sqlalchemy import Table, inspect
from sqlalchemy.engine import Connection

from ...operations.batch import Batch
from ...util.sqla_compat import AnyColumn, AnyType, qualified_name
from ..protocols import RunsSQL
from .definition import TableDefinition


class RecreatesTables(RunsSQL, Protocol):
    """The hooks of move and copy with their defaults, and the methods of `DefaultImpl` that it calls."""

    def alter_column(
        self, table_name: str, column_name: str, *, name: str | None = None, schema: str | None = None
    ) -> None:
        """Rename a column."""

    def rename_table(self, old_table_name: str, new_table_name: str, schema: str | None = None) -> None:
        """Rename a table."""

    def create_table_comment(self, table: Table) -> None:
        """Set a table's comment."""

    def create_column_comment(self, column: AnyColumn) -> None:
        """Set a column's comment."""

    def requires_recreate_in_batch(self, batch_op: Batch) -> bool:
        """Return whether the changes of a batch need a new table, because this database cannot alter the old one."""
        return False

    def batch_transaction(self) -> AbstractContextManager[None]:
        """Return the transaction of a batch; by default the one that the connection is in, or begins by itself."""
        return nullcontext()

    def prep_table_for_batch(self, batch_impl: Batch, table: Table) -> None:
        """Prepare the old table before the new one is created; a third-party dialect may need to."""

    def cast_for_batch_migrate(self, existing: AnyColumn, existing_transfer: dict[str, Any], new_type: AnyType) -> None:
        """Change ``existing_transfer["expr"]``, the SQL that converts a column's old values to its new type."""

    def table_definition(self, connection: Connection, table_name: str, schema: str | None) -> TableDefinition:
        """Return the parts of a table's definition that SQLAlchemy does not reflect.

        By default only which other tables refer to it: they would lose their foreign keys.
        """
        inspector, lost = inspect(connection), list[str]()
        for other in inspector.get_table_names(schema=schema):
            for key in inspector.get_foreign_keys(other, schema=schema):
                referred = (key["referred_schema"] or schema, key["referred_table"])
                if other != table_name and referred == (schema, table_name):
                    lost.append(f"foreign key {key['name']} of table {other}")
        return TableDefinition(lost=lost)

    def offline_definition(self) -> TableDefinition:
        """Return the definition of a table of which only ``copy_from`` is known."""
        return TableDefinition()

    def table_options(self, definition: TableDefinition) -> dict[str, Any]:
        """Return the options in the stored definition as arguments of Table, for when some of them change."""
        return {}

    def unreflected_part(self, column_text: str) -> str | None:
        """Return the part of a stored column definition that is not reflected; None where all of it is."""
        return None

    def create_type(self, type_: AnyType) -> None:
        """Create the type of a new column, on databases where types are created by themselves."""

    def copy_rows(self, new: Table, columns: Sequence[str], rows: str) -> None:
        """Insert the rows of a SELECT into the new table."""
        quote = self.checking_dialect.identifier_preparer
        names = ", ".join(quote.quote(name) for name in columns)
        self.execute_sql(f"INSERT INTO {quote.format_table(new)} ({names}) {self.insert_option(new)}{rows}")

    def insert_option(self, new: Table) -> str:
        """Return the option between the columns and the SELECT of such an INSERT; by default none."""
        return ""

    def swap_tables(self, old: str, new: str, schema: str | None) -> None:
        """Drop the old table and rename the new one to its name."""
        quote = self.checking_dialect.identifier_preparer
        self.execute_sql(f"DROP TABLE {qualified_name(old, schema, quote)}")
        self.rename_table(new, old, schema=schema)
