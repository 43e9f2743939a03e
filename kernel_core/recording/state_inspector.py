"""``sqlalchemy.inspect(op.get_bind())`` without a database: answers from the schema that the revisions so far make."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn

from sqlalchemy.exc import NoSuchTableError
from sqlalchemy.schema import Column, Table

from ..operations.named_columns import columns_of_item
from ..operations.schema_state import SchemaState, TableState
from ..runtime.version_table import DEFAULT_NAME
from ..util.sqla_compat import copy_column

Refuse = Callable[[], NoReturn]


class _Described(dict[str, Any]):
    """A description of a column, a key or an index; what is not known without a database is refused."""

    def __init__(self, members: Mapping[str, Any], refuse: Refuse) -> None:
        super().__init__(members)
        self._refuse = refuse

    def __missing__(self, name: str) -> NoReturn:
        self._refuse()

    def get(self, name: str, default: Any = None) -> Any:
        return self[name]


class StateInspector:
    """The methods of SQLAlchemy's Inspector whose result follows from a schema state; all others are refused.

    ``version_table`` is listed among the tables, as in a database that is being upgraded.
    """

    def __init__(self, state: SchemaState, refuse: Refuse, version_table: str = DEFAULT_NAME) -> None:
        self._state, self._refuse, self._version_table = state, refuse, version_table
        self.dialect = state.dialect

    def __getattr__(self, name: str) -> NoReturn:
        self._refuse()

    def get_table_names(self, schema: str | None = None, **_: object) -> list[str]:
        """Return the names of the tables of a schema, sorted."""
        names = [name for place, name in self._state.tables if self._schema(place) == self._schema(schema)]
        return sorted([*names, self._version_table] if self._schema(schema) is None else names)

    def has_table(self, table_name: str, schema: str | None = None, **_: object) -> bool:
        """Return whether there is a table."""
        return table_name in self.get_table_names(schema)

    def get_columns(self, table_name: str, schema: str | None = None, **_: object) -> list[_Described]:
        """Return name and nullability of each column."""
        table = self._table(table_name, schema)
        key = [
            name for each in table.constraints if each.constraint_type == "primary" for name in columns_of_item(each)
        ]
        return [
            _Described({"name": name, "nullable": bool(column.nullable) and name not in key}, self._refuse)
            for name, column in table.columns.items()
        ]

    def get_indexes(self, table_name: str, schema: str | None = None, **_: object) -> list[_Described]:
        """Return name, columns and uniqueness of each index; on PostgreSQL a unique constraint has one too."""
        self._refuse_mysql()
        table = self._table(table_name, schema)
        found = []
        for each in table.indexes:
            parts = [part.name if isinstance(part, Column) else part for part in each.parts]
            if not all(isinstance(part, str) for part in parts):
                self._refuse()
            members = {"name": self._name(each), "column_names": parts, "unique": bool(each.unique)}
            found.append(_Described(members, self._refuse))
        if self.dialect.name == "postgresql":
            for each in self._of_type(table, "unique"):
                members = {"name": self._name(each), "column_names": list(columns_of_item(each)), "unique": True}
                found.append(_Described({**members, "duplicates_constraint": members["name"]}, self._refuse))
        return sorted(found, key=lambda each: str(each["name"]))

    def has_index(self, table_name: str, index_name: str, schema: str | None = None, **_: object) -> bool:
        """Return whether a table has an index of a name."""
        return any(each["name"] == index_name for each in self.get_indexes(table_name, schema))

    def get_unique_constraints(self, table_name: str, schema: str | None = None, **_: object) -> list[_Described]:
        """Return name and columns of each unique constraint."""
        self._refuse_mysql()
        return [
            _Described({"name": self._name(each), "column_names": list(columns_of_item(each))}, self._refuse)
            for each in self._of_type(self._table(table_name, schema), "unique")
        ]

    def get_foreign_keys(self, table_name: str, schema: str | None = None, **_: object) -> list[_Described]:
        """Return name and columns of each foreign key, and what it refers to."""
        return [
            _Described(
                {
                    "name": self._name(each),
                    "constrained_columns": list(columns_of_item(each)),
                    "referred_schema": each.referent_schema,
                    "referred_table": each.referent_table,
                    "referred_columns": list(each.remote_cols),
                },
                self._refuse,
            )
            for each in self._of_type(self._table(table_name, schema), "foreignkey")
        ]

    def get_pk_constraint(self, table_name: str, schema: str | None = None, **_: object) -> _Described:
        """Return name and columns of the primary key."""
        found = list(self._of_type(self._table(table_name, schema), "primary"))
        names = [str(name) for each in found for name in columns_of_item(each)]
        return _Described({"name": self._name(found[0]) if found else None, "constrained_columns": names}, self._refuse)

    @contextmanager
    def _inspection_context(self) -> Iterator[StateInspector]:
        """Return this inspector, for ``autoload_with``."""
        yield self

    def reflect_table(
        self,
        table: Table,
        include_columns: Collection[str] | None,
        exclude_columns: Collection[str] = (),
        *_: object,
        **__: object,
    ) -> None:
        """Add the columns of a table to ``table``: ``Table("users", metadata, autoload_with=op.get_bind())``."""
        for name, column in self._table(table.name, table.schema).columns.items():
            if (include_columns is None or name in include_columns) and name not in exclude_columns:
                table.append_column(copy_column(column), replace_existing=True)

    def _of_type(self, table: TableState, kind: str) -> Iterator[Any]:
        return (each for each in table.constraints if each.constraint_type == kind)

    def _name(self, item: Any) -> str | None:
        """Return the name of a constraint or an index in the database; an unnamed constraint has none on SQLite."""
        names = self._state.names(item)
        if len(names) != 1 and self.dialect.name != "sqlite":
            self._refuse()
        return names[0] if names else None

    def _table(self, name: str, schema: str | None) -> TableState:
        for place, table in self._state.tables.items():
            if place[1] == name and self._schema(place[0]) == self._schema(schema):
                return table
        if name == self._version_table:
            self._refuse()
        raise NoSuchTableError(name)

    def _schema(self, name: str | None) -> str | None:
        return None if name == "public" and self.dialect.name == "postgresql" else name

    def _refuse_mysql(self) -> None:
        """Refuse where unique constraints and foreign keys have indexes of their own."""
        if self.dialect.name in ("mysql", "mariadb"):
            self._refuse()


def state_after(start: SchemaState, operations: Iterator[Any]) -> SchemaState:
    """Return a copy of a state after some operations; raises UnknownEffect where the effect of one is not known."""
    state = start.copied()
    for operation in operations:
        for each in (operation, *operation.followed_by):
            each.apply_to(state)
    return state
