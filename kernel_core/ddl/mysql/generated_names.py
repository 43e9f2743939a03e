"""Names that MariaDB and MySQL give to constraints: ``email``, ``email_2``, ``orders_ibfk_1``, ``CONSTRAINT_1``.

They also create an index for each foreign key, and drop it implicitly when another index can replace it: a downgrade
must not leave such an index behind, nor drop the one that a foreign key needs.
https://mariadb.com/kb/en/foreign-keys/, https://dev.mysql.com/doc/refman/en/create-table-check-constraints.html
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy import PrimaryKeyConstraint
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.sql.elements import conv

from ...operations.add_constraint import AddConstraintOp
from ...operations.kinds.constraint import CreateForeignKeyOp, CreateUniqueConstraintOp, DropConstraintOp
from ...operations.kinds.index import CreateIndexOp, DropIndexOp
from ...operations.kinds.rename_table import RenameTableOp
from ...operations.kinds.table import CreateTableOp, DropTableOp
from ...operations.operation import MigrateOperation
from ...operations.unnamed_constraints import column_checks
from ...util.sqla_compat import creation_order, should_create
from ..generated_names import NOTHING, Created, GeneratedNames, Place, Undo

_INDEXES = sa.text("""
    SELECT table_name, index_name, column_name, non_unique FROM information_schema.statistics
     WHERE table_schema = coalesce(:schema, database()) AND table_name IN :tables
     ORDER BY table_name, index_name, seq_in_index
""").bindparams(sa.bindparam("tables", expanding=True))
_CONSTRAINTS = sa.text("""
    SELECT c.table_name, c.constraint_type, c.constraint_name, k.column_name
      FROM information_schema.table_constraints c LEFT JOIN information_schema.key_column_usage k
        ON (k.table_schema, k.table_name, k.constraint_name) = (c.table_schema, c.table_name, c.constraint_name)
     WHERE c.table_schema = coalesce(:schema, database()) AND c.table_name IN :tables
       AND c.constraint_type IN ('FOREIGN KEY', 'CHECK')
     ORDER BY c.table_name, c.constraint_name, k.ordinal_position
""").bindparams(sa.bindparam("tables", expanding=True))


@dataclass(slots=True)
class _Table:
    """The existing names of one table: indexes and foreign keys with their columns, checks.

    ``implied`` are the indexes that the database created for a foreign key: name of the index -> name of the key.
    """

    indexes: dict[str, list[str]] = field(default_factory=dict)
    keys: dict[str, list[str]] = field(default_factory=dict)
    checks: set[str] = field(default_factory=set)
    implied: dict[str, str] = field(default_factory=dict)
    unique: set[str] = field(default_factory=set)

    def find_implied(self) -> None:
        """Recognize the implied indexes by their names and columns: the catalog does not mark them."""
        for key, columns in self.keys.items():
            for name, others in self.indexes.items():
                if others == columns and name in (key, columns[0]) and name not in self.unique:
                    self.implied[name] = key

    def covers(self, columns: list[str]) -> bool:
        """Return whether an index begins with these columns."""
        return any(others[: len(columns)] == columns for others in self.indexes.values())

    def replaced_by(self, columns: list[str]) -> list[str]:
        """Return the implied indexes that the database drops once there is an index over these columns."""
        return [name for name in self.implied if columns[: len(self.indexes[name])] == self.indexes[name]]


class MysqlNames(GeneratedNames):
    """Tracks the names of each table separately: they need not be unique in the database."""

    def __init__(self, connection: Connection | None, dialect: Dialect) -> None:
        super().__init__(connection)
        self._dialect = dialect
        self._is_mariadb = bool(getattr(dialect, "is_mariadb", False))
        self._tables: dict[Place, _Table] = {}

    def shared(self) -> tuple[object, ...]:
        return (self._dialect,)

    def is_relevant(self, operation: MigrateOperation) -> bool:
        """Return whether an operation creates an unnamed constraint, or an index that may replace an implied one."""
        return super().is_relevant(operation) or isinstance(operation, (CreateUniqueConstraintOp, CreateIndexOp))

    def read(self, connection: Connection, relevant: Sequence[MigrateOperation]) -> None:
        places = {each.table_key for each in relevant if each.table_key is not None}
        for schema in {schema for schema, _ in places}:
            given = {"schema": schema, "tables": sorted(table for other, table in places if other == schema)}
            for table, index, column, non_unique in connection.execute(_INDEXES, given):
                found = self._tables.setdefault((schema, table), _Table())
                found.indexes.setdefault(index, []).append(str(column))
                found.unique |= set() if non_unique else {index}
            for table, kind, name, column in connection.execute(_CONSTRAINTS, given):
                found = self._tables.setdefault((schema, table), _Table())
                if kind == "CHECK":
                    found.checks.add(name)
                else:
                    found.keys.setdefault(name, []).append(str(column))
        for each in self._tables.values():
            each.find_implied()

    def track(self, operation: MigrateOperation) -> Created:
        match operation:
            case AddConstraintOp():
                return self._create(operation, self._table(operation))
            case DropConstraintOp(constraint_name=str(name)):
                table = self._table(operation)
                table.keys.pop(name, None)
                table.checks.discard(name)
                if operation.constraint_type != "foreignkey":
                    table.indexes.pop(name, None)
            case CreateIndexOp(index_name=str(name)):
                return self._create_index(operation, name, [str(each) for each in operation.parts])
            case DropIndexOp(index_name=str(name), table_name=str()):
                table = self._table(operation)
                table.indexes.pop(name, None)
                table.implied.pop(name, None)
            case CreateTableOp():
                self._create_table(operation)
            case DropTableOp():
                self._tables.pop((operation.schema, operation.table_name), None)
            case RenameTableOp():
                self._rename_table(operation)
            case _:
                pass
        return NOTHING

    def _create_table(self, operation: CreateTableOp) -> None:
        """Track the constraints of CREATE TABLE in their order; the definition of a column has no UNIQUE there."""
        table = self._tables[operation.schema, operation.table_name] = _Table()
        created = operation.to_table()
        if not self._is_mariadb:  # MariaDB gives the CHECK of a column the name of the column
            for _, check in column_checks(created):
                name = check.name if isinstance(check.name, str) else None
                table.checks.add(name or check_name(created.name, table.checks, is_mariadb=False))
        for constraint in sorted(created.constraints, key=creation_order):
            if isinstance(constraint, PrimaryKeyConstraint):
                table.indexes |= {"PRIMARY": constraint.columns.keys()} if constraint.columns else {}
            elif should_create(constraint, self._dialect):
                self._create(AddConstraintOp.from_constraint(constraint), table)

    def _table(self, operation: MigrateOperation) -> _Table:
        place = operation.table_key
        assert place is not None, "an operation on a constraint or an index names its table"
        return self._tables.setdefault(place, _Table())

    def _rename_table(self, operation: RenameTableOp) -> None:
        """InnoDB gives the generated names of foreign keys the new name of the table."""
        table = self._tables.pop((operation.schema, operation.table_name), _Table())
        old, new = f"{operation.table_name}_ibfk_", f"{operation.new_table_name}_ibfk_"
        renamed = {name: new + name.removeprefix(old) if name.startswith(old) else name for name in table.keys}
        table.keys = {renamed[name]: columns for name, columns in table.keys.items()}
        table.implied = {index: renamed.get(name, name) for index, name in table.implied.items()}
        self._tables[operation.schema, operation.new_table_name] = table

    def _create(self, operation: AddConstraintOp, table: _Table) -> Created:
        name = operation.constraint_name
        if isinstance(operation, CreateForeignKeyOp):
            columns = operation.local_cols
            key = name or key_name(operation.table_name, table.keys)
            table.keys[key] = columns
            if not table.covers(columns):
                index = name or index_name(columns[0], table.indexes)
                table.indexes[index], table.implied[index] = columns, key
                if name is None:
                    return Created(str(key), _with_index(index))
            return Created(str(key))
        if isinstance(operation, CreateUniqueConstraintOp):
            return self._create_index(operation, name, operation.columns)
        if operation.constraint_type != "check":
            return NOTHING
        check = name or check_name(operation.table_name, table.checks, is_mariadb=self._is_mariadb)
        table.checks.add(check)
        return Created(str(check))

    def _create_index(self, operation: MigrateOperation, name: str | None, columns: list[str]) -> Created:
        table = self._table(operation)
        replaced = table.replaced_by(columns)
        undo = _after_index([(table.implied[index], table.indexes[index]) for index in replaced]) if replaced else None
        for index in replaced:
            del table.indexes[index], table.implied[index]
        created = str(name or index_name(columns[0], table.indexes))
        table.indexes[created] = columns
        return Created(created, undo)


def _with_index(name: str) -> Undo:
    """Return what drops a foreign key and the index that was created with it."""

    def undone(operation: CreateForeignKeyOp) -> list[MigrateOperation]:
        index = CreateIndexOp(conv(name), operation.table_name, operation.local_cols, schema=operation.schema)
        return [operation.reverse(), index.reverse()]

    return undone


def _after_index(keys: Sequence[tuple[str, list[str]]]) -> Undo:
    """Return what drops an index that foreign keys use: first each of ``keys`` gets an index by itself."""

    def undone(operation: CreateIndexOp | CreateUniqueConstraintOp) -> list[MigrateOperation]:
        place = (operation.table_name, operation.schema)
        own = [CreateIndexOp(conv(name), place[0], columns, schema=place[1]) for name, columns in keys]
        return [*own, operation.reverse()]

    return undone


def key_name(table: str, taken: Collection[str]) -> str:
    """Return the name of an unnamed foreign key.

    >>> key_name("orders", ["orders_ibfk_1"])
    'orders_ibfk_2'
    """
    return f"{table}_ibfk_{_next(taken, f'{table}_ibfk_')}"


def check_name(table: str, taken: Collection[str], *, is_mariadb: bool) -> str:
    """Return the name of an unnamed CHECK: on MariaDB with the first free number, on MySQL after the highest.

    >>> check_name("users", ["CONSTRAINT_1"], is_mariadb=True)
    'CONSTRAINT_2'
    """
    if not is_mariadb:
        return f"{table}_chk_{_next(taken, f'{table}_chk_')}"
    number = 1
    lower = {name.lower() for name in taken}
    while f"constraint_{number}" in lower:
        number += 1
    return f"CONSTRAINT_{number}"


def index_name(column: str, taken: Collection[str]) -> str:
    """Return the name of an unnamed index: that of its first column, with a number from 2 where it is taken.

    >>> index_name("email", ["Email"])
    'email_2'
    """
    lower = {name.lower() for name in taken}
    if column.lower() not in lower and column.lower() != "primary":
        return column
    number = 2
    while f"{column}_{number}".lower() in lower:
        number += 1
    return f"{column}_{number}"


def _next(names: Collection[str], prefix: str) -> int:
    """Return the number after the highest that follows the prefix."""
    numbers = [int(found[1]) for name in names if (found := re.fullmatch(rf"{re.escape(prefix)}(\d+)", name))]
    return max(numbers, default=0) + 1
