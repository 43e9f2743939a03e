"""What a dialect may do in its own way when a table is made anew."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from sqlalchemy import Column, Table, inspect, text
from sqlalchemy.engine import Connection
from sqlalchemy.types import TypeEngine

from ...operations.batch import Batch
from .definition import TableDefinition
from .recreation import Recreation


class RecreatesTables:
    """The part of `DefaultImpl` that is about move and copy; ``self`` is the whole of it."""

    def requires_recreate_in_batch(self, batch_op: Batch) -> bool:
        """Tell whether the changes of a batch need a new table, because this database cannot alter the old one."""
        return False

    def batch_transaction(self) -> AbstractContextManager[None]:
        """Return what a batch runs in: by default the transaction that the connection is in, or begins by itself."""
        return nullcontext()

    def rebuild(self: Any, batch: Batch) -> None:
        """Make a new table with the changes, move the rows, and put it in the old one's place."""
        Recreation(self, batch).run()

    def prep_table_for_batch(self, batch_impl: Batch, table: Table) -> None:
        """Do what the old table needs before the new one is made; a dialect of its own may."""

    def cast_for_batch_migrate(self, existing: Column[Any], existing_transfer: dict[str, Any], new_type: Any) -> None:
        """Change ``existing_transfer["expr"]``, the SQL that makes a column's old values those of its new type."""

    def table_definition(self, connection: Connection, table_name: str, schema: str | None) -> TableDefinition:
        """Return what this database says of a table beyond SQLAlchemy's reflection.

        Here that is only which other tables refer to it: they would lose their foreign keys.
        """
        inspector, stored = inspect(connection), TableDefinition()
        for other in inspector.get_table_names(schema=schema):
            for key in inspector.get_foreign_keys(other, schema=schema):
                if other != table_name and (key["referred_schema"] or schema, key["referred_table"]) == (
                    schema,
                    table_name,
                ):
                    stored.lost.append(f"foreign key {key['name']} of table {other}")
        return stored

    def offline_definition(self) -> TableDefinition:
        """Return how this database wants a table stated of which only ``copy_from`` is known."""
        return TableDefinition()

    def table_options(self, stored: TableDefinition) -> dict[str, Any]:
        """Return the stored table options as arguments of Table, where some of them are to change."""
        return {}

    def unreflected_part(self, column_text: str) -> str | None:
        """Return what a stored column says that reflection does not know; None for nothing."""
        return None

    def create_type(self, type_: TypeEngine[Any]) -> None:
        """Make the type of a new column, where types are things of their own."""

    def copy_rows(self: Any, new: Table, columns: Sequence[str], rows: str) -> None:
        """Put the rows of a SELECT into the new table."""
        quote = self.checking_dialect.identifier_preparer
        names = ", ".join(quote.quote(name) for name in columns)
        self.execute_sql(f"INSERT INTO {quote.format_table(new)} ({names}) {self.insert_option(new)}{rows}")

    def insert_option(self, new: Table) -> str:
        """Return what stands between the columns and the rows of such an INSERT."""
        return ""

    def swap_tables(self: Any, old: str, new: str, schema: str | None) -> None:
        """Drop the old table and give its name to the new one."""
        quote = self.checking_dialect.identifier_preparer
        place = f"{quote.quote_schema(schema)}." if schema else ""
        self.execute_sql(f"DROP TABLE {place}{quote.quote(old)}")
        self.rename_table(new, old, schema=schema)

    def execute_sql(self: Any, sql: str) -> None:
        """Run SQL that is complete: a colon in it is a colon."""
        self.execute(text(sql.replace("\\:", ":").replace(":", r"\:")))
