"""Names that PostgreSQL gives to constraints: ``orders_user_id_fkey``, ``users_email_key``, ``users_age_check1``.

The rules are those of ``makeObjectName``, ``ChooseRelationName`` and ``ChooseConstraintName`` in its source
(src/backend/commands/indexcmds.c, src/backend/catalog/pg_constraint.c): table, columns and kind joined by ``_``, the
longer one truncated until all fits into 63 bytes, and a number appended where the name exists already.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, PrimaryKeyConstraint, UniqueConstraint
from sqlalchemy.engine import Connection
from sqlalchemy.schema import Constraint

from ...operations.add_constraint import AddConstraintOp
from ...operations.kinds.column import AddColumnOp, AlterColumnOp
from ...operations.kinds.constraint import DropConstraintOp
from ...operations.kinds.index import CreateIndexOp, DropIndexOp
from ...operations.kinds.rename_table import RenameTableOp
from ...operations.kinds.table import CreateTableOp, DropTableOp
from ...operations.operation import MigrateOperation
from ...util.sql import names_column
from ...util.sqla_compat import creation_order, excluded, is_exclude_constraint, sql_text
from ..generated_names import NOTHING, Created, GeneratedNames, Place

LIMIT = 63
"""Bytes of a name; PostgreSQL's NAMEDATALEN is one more."""

_TAKEN = sa.text("""
    SELECT n.nspname, n.nspname = current_schema(), 'constraint', c.conname, r.relname
      FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace LEFT JOIN pg_class r ON r.oid = c.conrelid
     WHERE n.nspname = current_schema() OR n.nspname = ANY(:schemas)
    UNION ALL
    SELECT n.nspname, n.nspname = current_schema(), 'relation', c.relname, coalesce(t.relname, c.relname)
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN pg_index i ON i.indexrelid = c.oid LEFT JOIN pg_class t ON t.oid = i.indrelid
     WHERE n.nspname = current_schema() OR n.nspname = ANY(:schemas)
    UNION ALL
    SELECT n.nspname, n.nspname = current_schema(), 'column', a.attname, c.relname
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE (n.nspname = current_schema() OR n.nspname = ANY(:schemas)) AND c.relname = ANY(:tables) AND a.attnum > 0
""")


class PostgresqlNames(GeneratedNames):
    """Tracks relations, constraints and columns of the schemas in which constraints are created."""

    def __init__(self, connection: Connection | None) -> None:
        super().__init__(connection)
        self._taken: dict[str, set[tuple[str | None, str, str]]] = {"constraint": set(), "relation": set()}
        self._columns: dict[Place, set[str]] = {}

    def read(self, connection: Connection, relevant: Sequence[MigrateOperation]) -> None:
        unnamed = [each for each in relevant if isinstance(each, AddConstraintOp)]
        schemas = sorted({each.schema for each in unnamed if each.schema})
        tables = sorted({each.table_name for each in unnamed if each.constraint_type == "check"})
        found = connection.execute(_TAKEN, {"schemas": schemas, "tables": tables})
        for schema, is_current, what, name, table in found:
            for place in {schema} | ({None} if is_current else set()):
                if what == "column":
                    self._columns.setdefault((place, table), set()).add(name)
                else:
                    self._taken[what].add((place, table or "", name))

    def track(self, operation: MigrateOperation) -> Created:
        match operation:
            case AddConstraintOp():
                return Created(self._create(operation.to_constraint(), (operation.schema, operation.table_name)))
            case DropConstraintOp(constraint_name=str(name)) | DropIndexOp(index_name=str(name)):
                self._free(operation.schema, name)
            case CreateIndexOp(index_name=str(name)):
                self._take("relation", (operation.schema, operation.table_name), name)
            case CreateTableOp():
                self._create_table(operation)
            case DropTableOp() | RenameTableOp():
                self._remove_table(operation)
            case AddColumnOp():
                self._columns.setdefault((operation.schema, operation.table_name), set()).add(operation.column.name)
            case AlterColumnOp(modify_name=str(name)):
                self._columns.setdefault((operation.schema, operation.table_name), set()).add(name)
            case _:
                pass
        return NOTHING

    def _create_table(self, operation: CreateTableOp) -> None:
        place = (operation.schema, operation.table_name)
        self._take("relation", place, operation.table_name)
        self._columns[place] = {item.name for item in operation.columns if isinstance(item, Column)}
        constraints = [item for item in operation.to_table().constraints if _label(item)]
        constraints.sort(key=lambda item: (ORDER.index(_label(item)), creation_order(item)))
        for constraint in constraints:
            if not isinstance(constraint, PrimaryKeyConstraint) or constraint.columns:
                self._create(constraint, place)

    def _remove_table(self, operation: DropTableOp | RenameTableOp) -> None:
        """Free the names of a table that is dropped; the constraints of a renamed table keep theirs."""
        new = operation.new_table_name if isinstance(operation, RenameTableOp) else None
        for what, taken in self._taken.items():
            for schema, table, name in [one for one in taken if one[:2] == (operation.schema, operation.table_name)]:
                taken.discard((schema, table, name))
                if new is not None:
                    taken.add((schema, new, new if what == "relation" and name == table else name))
        if new is not None:
            self._columns[operation.schema, new] = self._columns.pop((operation.schema, operation.table_name), set())

    def _create(self, constraint: Constraint, place: Place) -> str | None:
        is_relation = _label(constraint) in ("pkey", "key", "excl")
        name = str(constraint.name) if isinstance(constraint.name, str) else None
        if name is None:
            columns = self._middle(constraint, place)
            if columns is None:
                return None
            name = self._free_name(place, columns, _label(constraint), is_relation=is_relation)
        if is_relation:
            self._take("relation", place, name)
        self._take("constraint", place, name)
        return name

    def _middle(self, constraint: Constraint, place: Place) -> str | None:
        """Return the middle of the name, from the columns; None where it cannot be known."""
        if isinstance(constraint, PrimaryKeyConstraint):
            return ""
        if isinstance(constraint, CheckConstraint):
            words = sql_text(constraint.sqltext)
            named = [name for name in self._columns.get(place, ()) if names_column(words, name, "postgresql")]
            return named[0] if len(named) == 1 else ""
        if isinstance(constraint, ForeignKeyConstraint):
            return joined(constraint.column_keys)
        if isinstance(constraint, UniqueConstraint):
            return joined(column.name for column in constraint.columns)
        assert is_exclude_constraint(constraint), "the other kinds come before"
        parts = [item for item, _ in excluded(constraint)]
        return joined(part.name for part in parts) if all(isinstance(part, Column) for part in parts) else None

    def _free_name(self, place: Place, columns: str, label: str, *, is_relation: bool) -> str:
        schema, table = place
        kinds = ("constraint", "relation") if is_relation else ("constraint",)
        taken = {name for kind in kinds for other, _, name in self._taken[kind] if other == schema}
        number = 0
        while True:
            name = object_name(table, columns, f"{label}{number or ''}")
            if name not in taken:
                return name
            number += 1

    def _take(self, what: str, place: Place, name: str) -> None:
        self._taken[what].add((*place, _truncated(name, LIMIT)))

    def _free(self, schema: str | None, name: str) -> None:
        for taken in self._taken.values():
            taken.difference_update([one for one in taken if one[0] == schema and one[2] == name])


_LABELS = (
    (PrimaryKeyConstraint, "pkey"),
    (UniqueConstraint, "key"),
    (ForeignKeyConstraint, "fkey"),
    (CheckConstraint, "check"),
)
ORDER = ("check", "pkey", "key", "excl", "fkey")
"""The kinds of constraints in the order in which CREATE TABLE names them."""


def _label(constraint: Constraint) -> str:
    """Return the end of the names of a kind of constraint, "" for another kind."""
    if is_exclude_constraint(constraint):
        return "excl"
    return next((label for cls, label in _LABELS if isinstance(constraint, cls)), "")


def object_name(table: str, columns: str, label: str) -> str:
    """Return ``table_columns_label`` in at most 63 bytes: the longer of table and columns is truncated, not the label.

    >>> object_name("users", "email", "key")
    'users_email_key'
    """
    first, second = _truncated(table, LIMIT), columns
    room = LIMIT - len(label) - 1 - (1 if second else 0)
    one, two = len(first.encode()), len(second.encode())
    while one + two > room:
        one, two = (one - 1, two) if one > two else (one, two - 1)
    return "_".join(part for part in (_truncated(first, one), _truncated(second, two), label) if part)


def joined(names: Iterable[str]) -> str:
    """Return the columns' names joined, no further than a name could be."""
    joined = ""
    for name in names:
        joined = f"{joined}_{_truncated(name, LIMIT)}" if joined else _truncated(name, LIMIT)
        if len(joined.encode()) > LIMIT:
            break
    return joined


def _truncated(text: str, size: int) -> str:
    """Return as many whole characters as fit into ``size`` bytes."""
    return text.encode()[:size].decode(errors="ignore")
