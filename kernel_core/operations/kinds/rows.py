"""INSERT of rows, and the DELETE that undoes it."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any, Self

from sqlalchemy import Enum, Integer, String, Table, and_, column, table
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.sql.dml import Delete
from sqlalchemy.sql.elements import ClauseElement, ColumnElement
from sqlalchemy.sql.expression import TableClause

from ...util.counts import counted
from ...util.exc import IrreversibleOperation, NotAsJson
from ...util.sqla_compat import AnyType, sql_text
from ..base import Operations
from ..json_form.types import is_written_as_sql
from ..operation import DiffTuple, Hint, MigrateOperation, SourceWriter, slug, without_empty
from ..registry import read_from_json
from ..requirements import Requirement, key

Rows = list[dict[str, Any]]


class RowsOp(MigrateOperation):
    """The base class of operations on rows: the table and the rows."""

    def __init__(self, table: Table | TableClause, rows: Rows) -> None:
        if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
            raise TypeError(
                f"The rows for {table.name} must be a list of dicts, one a row: "
                f'[{{"id": 1, "name": "x"}}]. This is a {type(rows).__name__}.'
            )
        self.table, self.rows = table, rows

    def json_arguments(self) -> dict[str, object]:
        _refuse_python_defaults(self)
        return super().json_arguments() | {"rows": self._stored_rows()}

    def _stored_rows(self) -> Rows:
        return [_stored(self.table, row) for row in self.rows]

    def apply_to(self, schema: object) -> None:
        """Change nothing: rows are not part of a schema."""

    @property
    def table_key(self) -> tuple[str | None, str] | None:
        return self.table.schema, str(self.table.name)

    def requires(self) -> frozenset[Requirement]:
        schema, name = self.table.schema, str(self.table.name)
        columns = {("column", *key(schema, name, column_name)) for row in self.rows for column_name in row}
        return frozenset({("table", *key(schema, name))} | columns)

    def _count(self) -> str:
        return counted(len(self.rows), "row")


def _refuse_python_defaults(operation: RowsOp) -> None:
    """Raise NotAsJson if a row gets a value from a function, or through a type that is known here only."""
    for each in operation.table.c:
        default = getattr(each, "default", None)
        if getattr(default, "is_callable", False) and not all(each.key in row for row in operation.rows):
            raise NotAsJson(operation, f"Column {each.name} has a Python function as default. Write its values.")
        if is_written_as_sql(each.type):
            raise NotAsJson(operation, f"Register the type of column {each.name} with json_form.register_type().")


def _stored(table: Table | TableClause, row: Mapping[str, object]) -> dict[str, object]:
    """Return a row with the stored names instead of members of a Python Enum."""
    return {name: _label(table.c[name].type, value) if name in table.c else value for name, value in row.items()}


def _label(type_: AnyType, value: object) -> object:
    if not isinstance(type_, Enum) or not isinstance(value, enum.Enum):
        return value
    generic: AnyType = type_
    processor = generic.bind_processor(DefaultDialect())
    return value if processor is None else processor(value)


@Operations.register_operation("bulk_insert")
class BulkInsertOp(RowsOp):
    """INSERT rows into a table.

    BulkInsertOp(users, [{"id": 1, "name": "ada"}])
    """

    sign = "+"

    def __init__(self, table: Table | TableClause, rows: Rows, *, multiinsert: bool = True) -> None:
        super().__init__(table, rows)
        self.multiinsert = multiinsert

    @classmethod
    def bulk_insert(
        cls, operations: Operations, table: Table | TableClause, rows: Rows, *, multiinsert: bool = True
    ) -> None:
        """Insert rows, given as dicts; in offline mode their values are rendered into the script.

            users = table("users", column("id", Integer), column("name", String))
            op.bulk_insert(users, [{"id": 1, "name": "ada"}, {"id": 2, "name": "grace"}])

        ``multiinsert=False`` runs one statement a row, so that a value can be SQL, such as ``op.inline_literal(...)``.
        Raises TypeError if the rows are not a list of dicts.
        """
        operations.invoke(cls(table, rows, multiinsert=multiinsert))

    def apply(self, operations: Operations) -> None:
        operations.impl.bulk_insert(self.table, self.rows, multiinsert=self.multiinsert)

    def reverse(self) -> DeleteRowsOp:
        if not all(self.rows) or any(isinstance(value, ClauseElement) for row in self.rows for value in row.values()):
            raise IrreversibleOperation(self.sentence(), "a row contains SQL, or no value that identifies it.")
        return DeleteRowsOp(self.table, self.rows)

    def render(self, write: SourceWriter) -> str:
        options = without_empty({"multiinsert": None if self.multiinsert else False})
        return write.call("bulk_insert", self.table, self._stored_rows(), **options)

    def sentence(self) -> str:
        return f"Insert {self._count()} into {self.shown_table}"

    def slug(self) -> str:
        return slug("insert into", self.table.name)

    def to_diff_tuple(self) -> DiffTuple:
        return ("bulk_insert", self.table, self.rows)

    @classmethod
    def example(cls) -> Self:
        users = table("users", column("id", Integer()), column("name", String()))
        return cls(users, [{"id": 1, "name": "O'Hara: 50%"}, {"id": 2, "name": None}])


@read_from_json
class DeleteRowsOp(RowsOp):
    """DELETE rows: the reverse of `BulkInsertOp`.

        DeleteRowsOp(users, [{"id": 1, "name": "ada"}])

    A row is identified by its primary key if that is known, otherwise by all its values.
    """

    sign = "-"

    def apply(self, operations: Operations) -> None:
        for statement in self.statements():
            operations.impl.execute(statement)

    def statements(self) -> list[Delete]:
        """Return one DELETE statement for each row."""
        return [self.table.delete().where(self._is(row)) for row in self.rows]

    def _is(self, row: Mapping[str, object]) -> ColumnElement[bool]:
        names = [item.key for item in self.table.primary_key.columns] if isinstance(self.table, Table) else []
        found_by = names if names and all(row.get(name) is not None for name in names) else list(row)
        return and_(*(self.table.c[name] == row[name] for name in found_by))

    def reverse(self) -> BulkInsertOp:
        return BulkInsertOp(self.table, self.rows)

    def render(self, write: SourceWriter) -> list[str]:
        return [write.call("execute", sql_text(statement)) for statement in self.statements()]

    def sentence(self) -> str:
        return f"Delete {self._count()} from {self.shown_table}"

    def slug(self) -> str:
        return slug("delete from", self.table.name)

    def hints(self, dialect_name: str = "default") -> tuple[Hint, ...]:
        return (Hint("loses data", f"{self._count()} of {self.shown_table} are lost"),)

    def to_diff_tuple(self) -> DiffTuple:
        return ("delete_rows", self.table, self.rows)
