"""What a database holds, as plain values in the shapes of SQLAlchemy's Inspector.

``columns`` are ``ReflectedColumn``, ``foreign_keys`` ``ReflectedForeignKeyConstraint``, and so on
(https://docs.sqlalchemy.org/en/21/core/reflection.html). A value may say more than the Inspector does; each such key is
named below.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Key = tuple[str | None, str]
"""Schema, None for the default one, and name of a table."""

Info = Mapping[str, Any]

SEQUENCE_OPTIONS = ("start", "increment", "minvalue", "maxvalue", "cycle", "cache")
"""The options of a sequence, as arguments of SQLAlchemy's ``Sequence``."""


@dataclass(slots=True)
class TableInfo:
    """A table.

    - ``columns``: also ``collation`` and ``conflict`` (SQLite; this is NOT NULL ON CONFLICT), ``owns_sequence``
      (PostgreSQL: its default is a sequence that it owns), ``unreflected`` (MariaDB: it has parts that SQLAlchemy does
      not know, such as INVISIBLE).
    - ``uniques``: also ``deferrable``, ``initially``.
    - ``checks``: ``ReflectedCheckConstraint``; also ``columns`` (PostgreSQL: those that it is about) and ``column``
      (MariaDB: the column whose own it is, and then it has no name).
    - ``excludes`` (PostgreSQL): name, ``definition`` (``EXCLUDE USING gist (...)``), columns, deferrable, initially.
    - ``indexes``: also ``parts`` (each as written, with collation, operator class and order).
    - ``options``: ``mysql_engine``, ``sqlite_strict`` and the like, as keywords of ``Table``.
    - ``prefixes``: words between CREATE and TABLE (PostgreSQL: UNLOGGED).
    - ``inherits`` (PostgreSQL): the parent tables; ``partition_bound`` is ``FOR VALUES ...`` of a partition.
    - ``unreadable``: name -> SQL of indexes that the Inspector cannot describe (SQLite: over expressions).
    - ``sql`` (SQLite): the stored CREATE TABLE.

    What PostgreSQL made for a child because its parent has it is marked ``inherited``; a constraint that SQLAlchemy
    cannot express in CREATE TABLE (NOT VALID, NO INHERIT) has its ``definition``.
    """

    key: Key
    columns: dict[str, dict[str, Any]]
    primary_key: Info = field(default_factory=dict)
    foreign_keys: list[dict[str, Any]] = field(default_factory=list)
    uniques: list[dict[str, Any]] = field(default_factory=list)
    indexes: list[dict[str, Any]] = field(default_factory=list)
    checks: list[dict[str, Any]] = field(default_factory=list)
    excludes: list[dict[str, Any]] = field(default_factory=list)
    comment: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    unreadable: Mapping[str, str | None] = field(default_factory=dict)
    prefixes: list[str] = field(default_factory=list)
    inherits: list[Key] = field(default_factory=list)
    partition_bound: str | None = None
    sql: str | None = None

    @property
    def parents(self) -> dict[str, str | None]:
        """What ``include_name`` is told about the place of a name."""
        return {"schema_name": self.key[0], "table_name": self.key[1]}

    @property
    def is_partition(self) -> bool:
        """Whether the table is a partition of another."""
        return self.partition_bound is not None

    @property
    def key_columns(self) -> list[str]:
        """The columns of the primary key."""
        return list(self.primary_key.get("constrained_columns") or ())


@dataclass(frozen=True, slots=True)
class EnumInfo:
    """An enum type of PostgreSQL; ``schema`` is None for the default one."""

    schema: str | None
    name: str
    labels: tuple[str, ...]


@dataclass(slots=True)
class Catalog:
    """All that was read: the tables that no hook leaves out, what else has a table's place, and the named types.

    ``views`` are the names that no table can have besides: views, materialised views, foreign tables, sequences.
    ``visible`` are the tables of named schemas that are seen without their schema as well (PostgreSQL's search path).
    ``enums_by_path`` are the places of enum types by the names that mean them without a schema.
    ``partly_seen`` are schemas of which this user may see single tables or columns alone (MariaDB).
    """

    default_schema: str | None
    tables: dict[Key, TableInfo] = field(default_factory=dict)
    views: dict[Key, str] = field(default_factory=dict)
    enums: dict[Key, EnumInfo] = field(default_factory=dict)
    visible: set[Key] = field(default_factory=set)
    enums_by_path: dict[str, Key] = field(default_factory=dict)
    partly_seen: set[str | None] = field(default_factory=set)
