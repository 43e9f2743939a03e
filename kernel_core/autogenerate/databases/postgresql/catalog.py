"""Read PostgreSQL: four queries of its catalogs for all tables of all schemas."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import bindparam, text
from sqlalchemy.engine import Connection

from ....util.exc import CommandError
from ....util.sql import sequence_of_default
from ....util.sqla_compat import PostgresqlTypes
from ..catalog import (
    Arguments,
    Catalog,
    CheckInfo,
    ColumnInfo,
    EnumInfo,
    ExcludeInfo,
    ForeignKeyInfo,
    IndexInfo,
    Key,
    OwnedSequence,
    PrimaryKeyInfo,
    Row,
    TableInfo,
    UniqueInfo,
)
from ..create_index import index_text
from . import catalog_queries as sql
from .completing import column_settings, index_statements, statements_of_key

IsIncluded = Callable[[Key], bool]

_ACTIONS = {"r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}
_MATCHES = {"f": "FULL", "p": "PARTIAL"}
_VIEWS = {"v": "view", "m": "materialized view", "f": "foreign table"}


def read_postgresql(connection: Connection, schemas: Sequence[str | None], is_included: IsIncluded) -> Catalog:
    """Return the tables of some schemas; None is all that the search path finds outside of the named ones."""
    if None in schemas and connection.dialect.default_schema_name is None:
        raise CommandError(
            "This role can use no schema: none of its search_path exists, or it has no privilege on any of them. "
            "GRANT USAGE ON SCHEMA to it, or SET search_path."
        )
    reading = _Reading(connection, schemas, is_included)
    if schemas:
        reading.read()
    return reading.catalog


@dataclass(slots=True)
class _Table:
    """A table, and the names of its columns by their numbers."""

    info: TableInfo
    names: dict[int, str] = field(default_factory=dict)

    def columns(self, numbers: str | None) -> list[str]:
        """Return the names for an array of numbers such as ``{1,2}``; an expression, 0, has none."""
        return [self.names[int(number)] for number in (numbers or "{}")[1:-1].split(",") if number not in ("", "0")]


class _Reading:
    """Builds a catalog from the rows of the four queries."""

    def __init__(self, connection: Connection, schemas: Sequence[str | None], is_included: IsIncluded) -> None:
        self._connection, self._is_included = connection, is_included
        self._named = [schema for schema in schemas if schema is not None]
        self._sees_path = None in schemas
        self.catalog = Catalog(connection.dialect.default_schema_name)
        self._tables: dict[int, _Table] = {}
        self._indexes: dict[int, IndexInfo] = {}

    def read(self) -> None:
        """Run the queries, and fill the catalog."""
        self._types = self._named_types()
        self._columns()
        self._index_rows()
        self._constraints()

    def _rows(self, query: str) -> Sequence[Row]:
        conditions = []
        if self._sees_path:
            conditions.append("(pg_table_is_visible(c.oid) AND n.nspname <> 'pg_catalog')")
        if self._named:
            conditions.append("n.nspname IN :schemas")
        statement = text(query.format(spaces=f"({' OR '.join(conditions)})", **self._of_version()))
        if self._named:
            statement = statement.bindparams(bindparam("schemas", self._named, expanding=True))
        return self._connection.execute(statement).all()

    def _of_version(self) -> dict[str, str]:
        """Return the columns that came with PostgreSQL 14 and 15."""
        version = self._connection.dialect.server_version_info or ()
        return {
            "compression": "NULLIF(CAST(a.attcompression AS text), '')" if version >= (14,) else "CAST(NULL AS text)",
            "nulls_not_distinct": "i.indnullsnotdistinct" if version >= (15,) else "false",
            "delete_columns": "con.confdelsetcols" if version >= (15,) else "CAST(NULL AS text)",
        }

    def _key(self, schema: str, name: str, visible: bool) -> Key:
        """Return the key of a table: with its schema where that is a named one, or the search path does not find it."""
        return (None if visible and schema not in self._named else schema, name)

    # Types

    def _named_types(self) -> PostgresqlTypes:
        enums: list[Arguments] = []
        domains: list[Arguments] = []
        for kind, schema, name, visible, labels, *domain in self._connection.execute(text(sql.TYPES)):
            known = {"schema": schema, "name": name, "visible": visible}
            if kind == "d":
                domains.append(known | _domain(*domain))
                continue
            enums.append(known | {"labels": list(labels)})
            place = None if schema == self.catalog.default_schema else schema
            if place in self._named or (self._sees_path and (visible or place is None)):
                self.catalog.enums[place, name] = EnumInfo(place, name, tuple(labels))
            if visible:
                self.catalog.enums_by_path[name] = place, name
        return PostgresqlTypes(self._connection.dialect, enums, domains)

    # Columns

    def _columns(self) -> None:
        skipped: set[int] = set()
        last = None
        for row in self._rows(sql.COLUMNS):
            oid, number = row[0], row[7]
            table = self._tables.get(oid)
            if table is None:
                if oid in skipped:
                    continue
                schema, name, kind, visible, comment, options = row[1:7]
                key = self._key(schema, name, visible)
                if kind in _VIEWS:
                    self.catalog.views[key] = _VIEWS[kind]
                    continue
                if not self._is_included(key):
                    skipped.add(oid)
                    continue
                table = self._tables[oid] = _Table(TableInfo(key, {}))
                table.info.comment = comment
                if options:
                    table.info.options["postgresql_with"] = _options(options)
                self._kind(table.info, *row[25:31])
                self.catalog.tables[key] = table.info
                if visible and self._sees_path and key[0] is not None:
                    self.catalog.visible.add(key)
            if number is None:
                continue
            if (oid, number) == last:  # one more sequence that the column owns
                continue
            last = (oid, number)
            self._column(table, row)

    def _kind(
        self,
        info: TableInfo,
        persistence: str,
        partition_by: str | None,
        method: str | None,
        tablespace: str | None,
        bound: str | None,
        parents: Sequence[tuple[str, str, str]] | None,
    ) -> None:
        """Set what a table is besides its columns: UNLOGGED, partitioned, a partition or a child of other tables."""
        info.prefixes = ["UNLOGGED"] if persistence == "u" else []
        stated = {"partition_by": partition_by, "using": method, "tablespace": tablespace}
        info.options |= {f"postgresql_{name}": value for name, value in stated.items() if value is not None}
        info.inherits = [self._key(schema, name, visible == "true") for schema, name, visible in parents or ()]
        info.partition_bound = bound

    def _column(self, table: _Table, row: Row) -> None:
        number, name, type_text, not_null, default, generated, identity, comment = row[7:15]
        type_ = self._types.type(type_text, name, *row[15:17])
        domain = self._types.domain_of(type_) if self._types.has_domains else None
        if domain is not None:
            default = domain["default"] if default is None else default
            not_null = not_null or not domain["nullable"]
        is_serial = default is not None and not generated and default.startswith("nextval(")
        column = ColumnInfo(
            name=name,
            type=type_,
            nullable=not not_null,
            default=None if generated else default,
            autoincrement=bool(identity) or is_serial,
            comment=comment,
            inherited=not row[24],
        )
        if generated:
            column.computed = {"sqltext": default, "persisted": generated in ("s", b"s")}
        elif identity:
            column.identity = _identity(identity, row[18:24])
        else:
            column.owns_sequence = is_serial and row[17] == "a" and _takes_from(default, row[35])
        if row[35] is not None and (identity or column.owns_sequence):
            column.sequence = OwnedSequence(*row[35:37], *row[18:24])
        column.settings = column_settings(*row[31:35])
        table.names[number] = name
        table.info.columns[name] = column

    # Indexes

    def _index_rows(self) -> None:
        for row in self._rows(sql.INDEXES):
            table = self._tables.get(row[0])
            if table is None:
                continue
            index = _index(table, row[:15], row[15])
            index.inherited = bool(row[16])
            if row[17] is not None:
                index.dialect_options["postgresql_tablespace"] = row[17]
            index.statements = index_statements(self._connection.dialect, table.info.key, row[2], *row[18:])
            self._indexes[row[1]] = index
            if not row[4]:
                table.info.indexes.append(index)

    # Constraints

    def _constraints(self) -> None:
        for row in self._rows(sql.CONSTRAINTS):
            table = self._tables.get(row[0])
            if table is not None:
                self._constraint(table, row)

    def _constraint(self, table: _Table, row: Row) -> None:
        _, name, kind, deferrable, deferred, valid, no_inherit, comment, key, index_oid, text = row[:11]
        info, columns = table.info, table.columns(key)
        common = _Common(name, comment, not row[18], row[19], bool(deferrable), bool(deferred))
        if kind == "c":
            options = {name: True for name, holds in (("no_inherit", no_inherit), ("not_valid", not valid)) if holds}
            info.checks.append(CheckInfo(sqltext=text, columns=columns, dialect_options=options, **common.fields()))
        elif kind == "x":
            exclude = ExcludeInfo(columns=columns, **{**common.fields(), "definition": text})
            exclude.statements = self._completing(info, self._indexes[index_oid])
            info.excludes.append(exclude)
            self._indexes[index_oid].duplicates_constraint = name
        elif kind == "f":
            info.foreign_keys.append(self._foreign_key(row, columns, common))
        else:
            self._key_constraint(info, row, columns, common)

    def _key_constraint(self, info: TableInfo, row: Row, columns: list[str], common: _Common) -> None:
        name, kind, index = row[1], row[2], self._indexes[row[9]]
        options = {"postgresql_include": index.dialect_options["postgresql_include"]}
        completing = self._completing(info, index)
        if kind == "p":
            info.primary_key = PrimaryKeyInfo(
                constrained_columns=columns, dialect_options=options, statements=completing, **common.fields()
            )
            return
        options["postgresql_nulls_not_distinct"] = "postgresql_nulls_not_distinct" in index.dialect_options
        index.duplicates_constraint = name
        info.uniques.append(
            UniqueInfo(column_names=columns, dialect_options=options, statements=completing, **common.fields())
        )

    def _completing(self, info: TableInfo, index: IndexInfo) -> list[str]:
        return statements_of_key(self._connection.dialect, info.key[0], index)

    def _foreign_key(self, row: Row, columns: list[str], common: _Common) -> ForeignKeyInfo:
        schema, table, visible, referred, on_update, on_delete, match = row[11:18]
        actions = {
            "onupdate": _ACTIONS.get(on_update),
            "ondelete": _ACTIONS.get(on_delete),
            "match": _MATCHES.get(match),
        }
        return ForeignKeyInfo(
            name=common.name,
            comment=common.comment,
            inherited=common.inherited,
            definition=common.definition,
            constrained_columns=columns,
            referred_schema=self._key(schema, table, visible)[0],
            referred_table=table,
            referred_columns=list(referred),
            options=common.timing() | {option: word for option, word in actions.items() if word is not None},
        )


class _Common(NamedTuple):
    """What all kinds of constraints have."""

    name: str
    comment: str | None
    inherited: bool
    definition: str | None
    is_deferrable: bool
    is_deferred: bool

    def timing(self) -> Arguments:
        """Return DEFERRABLE and INITIALLY DEFERRED where the constraint has them."""
        timing: Arguments = {"deferrable": True} if self.is_deferrable else {}
        return {**timing, "initially": "DEFERRED"} if self.is_deferred else timing

    def fields(self) -> Arguments:
        """Return the fields that every `ConstraintInfo` has."""
        known = {"name": self.name, "comment": self.comment, "inherited": self.inherited}
        return {**known, "definition": self.definition, **self.timing()}


def _domain(
    base: str,
    nullable: bool,
    default: str | None,
    collation: str | None,
    collation_schema: str | None,
    names: Sequence[str],
    checks: Sequence[str],
) -> Arguments:
    return {
        "type": base,
        "nullable": nullable,
        "default": default,
        "collation": collation,
        "collation_schema": collation_schema,
        "constraints": [
            {"name": each, "check": check.removeprefix("CHECK (").removesuffix(" NOT VALID").removesuffix(")")}
            for each, check in zip(names, checks, strict=True)
        ],
    }


def _identity(kind: str, row: Row) -> Arguments:
    start, increment, minvalue, maxvalue, cycle, cache = row
    return {
        "always": kind == "a",
        "start": start,
        "increment": increment,
        "minvalue": minvalue,
        "maxvalue": maxvalue,
        "cycle": cycle,
        "cache": cache,
    }


def _takes_from(default: str, sequence: str) -> bool:
    """Return whether a default is the next value of the sequence of that name."""
    found = sequence_of_default(default)
    return found is not None and found.name == sequence


def _options(stored: Sequence[str]) -> dict[str, str]:
    """``{fillfactor=70}`` as a dictionary."""
    return dict(option.split("=", 1) for option in stored)


def _index(table: _Table, row: Row, definition: str | None) -> IndexInfo:
    name, unique, _, valid, method, key, count, sorting, stored, where, nulls, expressions, classes = row[2:]
    numbers = [int(number) for number in key.split()]
    columns = [table.names.get(number) for number in numbers]
    parts = [str(column) for column in columns[:count]]
    if expressions is not None:
        parts = [column or expression for column, expression in zip(columns[:count], expressions, strict=True)]
    options: Arguments = {"postgresql_include": columns[count:]}
    own_classes = {part: each for part, each in zip(parts, classes or (), strict=False) if each is not None}
    if own_classes:
        options["postgresql_ops"] = own_classes
    if method != "btree":
        options["postgresql_using"] = method
    if stored:
        options["postgresql_with"] = _options(stored)
    if where is not None:
        options["postgresql_where"] = where
    if nulls:
        options["postgresql_nulls_not_distinct"] = True
    if not valid:
        options["postgresql_invalid"] = True
    bits = zip(parts, map(int, sorting.split()), strict=False)
    text = None if definition is None else definition[definition.index(" USING ") :]
    return IndexInfo(
        name=name,
        unique=unique,
        column_names=columns[:count],
        dialect_options=options,
        expressions=None if expressions is None else parts,
        column_sorting={part: _SORTING[bit] for part, bit in bits if bit},
        parts=() if text is None else index_text(text, "postgresql").parts,
    )


_SORTING = {1: ("desc", "nulls_last"), 2: ("nulls_first",), 3: ("desc",)}
"""The bits of ``indoption``: 1 is descending, 2 is nulls first."""
