"""The tables of a database as plain values: what every folder of ``databases`` reads.

The fields have the names that SQLAlchemy's Inspector gives them (``ReflectedColumn`` and so on,
https://docs.sqlalchemy.org/en/21/core/reflection.html); the others are described below.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple, Self

from ...util.sqla_compat import AnyType

Key = tuple[str | None, str]
"""Schema, None for the default one, and name of a table."""

Arguments = dict[str, Any]
"""Keyword arguments of SQLAlchemy's constructors, such as ``deferrable`` and ``postgresql_where``."""

Options = Mapping[str, Any]
"""The same of one that is not changed."""

Row = Sequence[Any]
"""A row of a catalog query."""

SEQUENCE_OPTIONS = ("start", "increment", "minvalue", "maxvalue", "cycle", "cache")
"""The options of a sequence, as arguments of SQLAlchemy's ``Sequence``."""

SequenceOptions = dict[str, int | bool | None]


@dataclass(slots=True, kw_only=True)
class ReflectedInfo:
    """Anything that a catalog describes; ``inherited`` is what PostgreSQL created because the parent table has it."""

    comment: str | None = None
    inherited: bool = False

    @classmethod
    def from_row(cls, row: Options) -> Self:
        """Return what a row of the Inspector describes; keys that have no field are left out."""
        known = {each.name for each in fields(cls)}
        return cls(**{name: value for name, value in row.items() if name in known})

    def to_row(self) -> Arguments:
        """Return a row as hooks of SQLAlchemy and of dialects get it."""
        row = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: value for name, value in row.items() if value or name in ("name", "default", "nullable")}

    def update(self, row: Options) -> None:
        """Take over the values of a row that a hook changed."""
        for each in fields(self):
            if each.name in row:
                setattr(self, each.name, row[each.name])


class OwnedSequence(NamedTuple):
    """The sequence that belongs to a column, with its options."""

    name: str
    type: str
    start: int
    increment: int
    minvalue: int
    maxvalue: int
    cycle: bool
    cache: int


@dataclass(slots=True, kw_only=True)
class ColumnInfo(ReflectedInfo):
    """A column.

    ``collation`` and ``conflict`` (NOT NULL ON CONFLICT) are SQLite's; ``owns_sequence`` is a PostgreSQL column whose
    default is a sequence that belongs to it, and ``serial_default`` that default; ``unreflected`` is a MariaDB column
    with parts that SQLAlchemy does not know, such as INVISIBLE. ``primary_key`` is the place in the key, from 1
    (SQLite).
    ``settings`` are the actions of ALTER COLUMN that restore statistics and storage (PostgreSQL). ``sequence`` is that
    of a SERIAL or identity column; where neither SERIAL nor GENERATED would create it as it is, ``numbering`` are the
    statements before ``settings`` that do, and the column is created without numbers (PostgreSQL).
    """

    name: str
    type: AnyType
    nullable: bool = True
    default: str | None = None
    autoincrement: bool | str | None = None
    computed: Options | None = None
    identity: Options | None = None
    primary_key: int = 0
    collation: str | None = None
    conflict: str | None = None
    owns_sequence: bool = False
    serial_default: str | None = None
    unreflected: bool = False
    settings: Sequence[str] = ()
    sequence: OwnedSequence | None = None
    numbering: Sequence[str] | None = None


@dataclass(slots=True, kw_only=True)
class ConstraintInfo(ReflectedInfo):
    """A constraint.

    ``definition`` is the SQL of one that SQLAlchemy cannot express: NOT VALID, NO INHERIT. ``statements`` are the SQL
    that completes its index once it was created again: its tablespace, its comment (PostgreSQL).
    """

    name: str | None = None
    definition: str | None = None
    deferrable: bool | None = None
    initially: str | None = None
    dialect_options: Options = field(default_factory=dict)
    statements: Sequence[str] = ()


@dataclass(slots=True, kw_only=True)
class PrimaryKeyInfo(ConstraintInfo):
    """A primary key; without columns where the table has none."""

    constrained_columns: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class UniqueInfo(ConstraintInfo):
    """A unique constraint."""

    column_names: list[str]


@dataclass(slots=True, kw_only=True)
class ForeignKeyInfo(ConstraintInfo):
    """A foreign key; ``options`` are its actions, its MATCH and when it is checked."""

    constrained_columns: list[str]
    referred_schema: str | None
    referred_table: str
    referred_columns: list[str]
    options: Options = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class CheckInfo(ConstraintInfo):
    """A CHECK; ``columns`` are those in it (PostgreSQL), ``column`` the one that it is a part of (MariaDB)."""

    sqltext: str
    columns: Sequence[str] = ()
    column: str | None = None


@dataclass(slots=True, kw_only=True)
class ExcludeInfo(ConstraintInfo):
    """An exclude constraint of PostgreSQL: its ``definition`` is ``EXCLUDE USING gist (...)``."""

    columns: Sequence[str] = ()


@dataclass(slots=True, kw_only=True)
class IndexInfo(ReflectedInfo):
    """An index.

    ``parts`` is the text of each column and expression with collation, operator class and order; ``sql`` the stored
    CREATE INDEX (SQLite). ``statements`` complete it once it was created again: its comment (PostgreSQL).
    """

    name: str
    column_names: list[str | None]
    unique: bool = False
    expressions: list[str] | None = None
    column_sorting: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    dialect_options: Arguments = field(default_factory=dict)
    parts: Sequence[str] = ()
    sql: str | None = None
    duplicates_constraint: str | None = None
    statements: Sequence[str] = ()


@dataclass(slots=True)
class TableInfo:
    """A table.

    - ``options``: ``mysql_engine``, ``sqlite_strict`` and the like, as keywords of ``Table``.
    - ``prefixes``: words between CREATE and TABLE (PostgreSQL: UNLOGGED).
    - ``inherits`` (PostgreSQL): the parent tables; ``partition_bound`` is ``FOR VALUES ...`` of a partition.
    - ``unreadable``: name -> SQL of indexes that the Inspector cannot describe (SQLite: over expressions).
    - ``sql`` (SQLite): the stored CREATE TABLE.
    """

    key: Key
    columns: dict[str, ColumnInfo]
    primary_key: PrimaryKeyInfo = field(default_factory=PrimaryKeyInfo)
    foreign_keys: list[ForeignKeyInfo] = field(default_factory=list)
    uniques: list[UniqueInfo] = field(default_factory=list)
    indexes: list[IndexInfo] = field(default_factory=list)
    checks: list[CheckInfo] = field(default_factory=list)
    excludes: list[ExcludeInfo] = field(default_factory=list)
    comment: str | None = None
    options: Arguments = field(default_factory=dict)
    unreadable: Mapping[str, str | None] = field(default_factory=dict)
    prefixes: list[str] = field(default_factory=list)
    inherits: list[Key] = field(default_factory=list)
    partition_bound: str | None = None
    sql: str | None = None

    @property
    def parents(self) -> dict[str, str | None]:
        """The ``parent_names`` of ``include_name`` for the parts of the table."""
        return {"schema_name": self.key[0], "table_name": self.key[1]}

    @property
    def is_partition(self) -> bool:
        """Whether the table is a partition of another."""
        return self.partition_bound is not None

    @property
    def key_columns(self) -> list[str]:
        """The columns of the primary key."""
        return list(self.primary_key.constrained_columns)


@dataclass(frozen=True, slots=True)
class EnumInfo:
    """An enum type of PostgreSQL; ``schema`` is None for the default one."""

    schema: str | None
    name: str
    labels: tuple[str, ...]


@dataclass(slots=True)
class Catalog:
    """The tables that no hook excludes, other objects with names like tables, and the named types.

    ``views`` are the objects that no table can have the name of: views, materialized views, foreign tables, sequences.
    ``visible`` are tables of named schemas that the search path finds without their schema as well (PostgreSQL).
    ``enums_by_path`` are the keys of enum types by the names that the search path finds without a schema.
    ``partly_seen`` are schemas of which this user has privileges on single tables or columns only (MariaDB).
    """

    default_schema: str | None
    tables: dict[Key, TableInfo] = field(default_factory=dict)
    views: dict[Key, str] = field(default_factory=dict)
    enums: dict[Key, EnumInfo] = field(default_factory=dict)
    visible: set[Key] = field(default_factory=set)
    enums_by_path: dict[str, Key] = field(default_factory=dict)
    partly_seen: set[str | None] = field(default_factory=set)
