"""A schema as plain values with names and SQL texts, to be listed, compared, drawn and written as JSON.

describe(schema.at(scripts, "1f2e").metadata, dialect).tables["users"].columns["id"].type
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    Enum,
    ForeignKeyConstraint,
    Index,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.exc import CompileError, UnsupportedCompilationError
from sqlalchemy.schema import Column, Constraint
from sqlalchemy.types import TypeDecorator

from ..util.sqla_compat import (
    AnyColumn,
    AnyType,
    default_sql,
    final_name,
    is_type_bound,
    referred_parts,
    sorted_constraints,
    sql_text,
)

_ACTIONS = ("ondelete", "onupdate", "match", "deferrable", "initially")


@dataclass(frozen=True, slots=True)
class ColumnDescription:
    """A column; ``type`` and ``default`` are SQL, ``default`` is "" without one."""

    name: str
    type: str
    nullable: bool = True
    default: str = ""
    is_primary: bool = False
    comment: str = ""


@dataclass(frozen=True, slots=True)
class ConstraintDescription:
    """A constraint; ``kind`` is "primary key", "foreign key", "unique" or "check", or the visit name of another one.

    ``name`` is "" where the database gives one. ``refers_to`` is the key of the table a foreign key refers to.
    """

    kind: str
    name: str = ""
    columns: tuple[str, ...] = ()
    condition: str = ""
    refers_to: str = ""
    referred_columns: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)

    def sentence(self) -> str:
        """Return the constraint in SQL terms: ``foreign key fk_user (user_id) refers to users (id)``."""
        words = [self.kind, *([self.name] if self.name else [])]
        words.append(f"({self.condition})" if self.condition else f"({', '.join(self.columns)})")
        if self.refers_to:
            words.append(f"refers to {self.refers_to} ({', '.join(self.referred_columns)})")
        return " ".join([*words, *options_of(self.options)])


@dataclass(frozen=True, slots=True)
class IndexDescription:
    """An index; its parts are column names and SQL expressions."""

    name: str
    parts: tuple[str, ...]
    is_unique: bool = False
    options: Mapping[str, str] = field(default_factory=dict)

    def sentence(self) -> str:
        """Return the index in SQL terms: ``unique index ix_age (age, nick)``."""
        words = f"{'unique ' if self.is_unique else ''}index {self.name} ({', '.join(self.parts)})"
        return " ".join([words, *options_of(self.options)])


@dataclass(frozen=True, slots=True)
class TableDescription:
    """A table; ``key`` is its name, with the schema where it has one: ``billing.invoices``."""

    key: str
    name: str
    schema: str = ""
    columns: Mapping[str, ColumnDescription] = field(default_factory=dict)
    constraints: tuple[ConstraintDescription, ...] = ()
    indexes: tuple[IndexDescription, ...] = ()
    comment: str = ""
    options: Mapping[str, str] = field(default_factory=dict)

    def foreign_keys(self) -> tuple[ConstraintDescription, ...]:
        """Return the foreign keys."""
        return tuple(each for each in self.constraints if each.kind == "foreign key")

    def is_unique(self, columns: Iterable[str]) -> bool:
        """Return whether at most one row has given values in these columns, by a key or a whole unique index."""
        wanted = set(columns)
        keys = [set(each.columns) for each in self.constraints if each.kind in ("primary key", "unique")]
        keys += [set(each.parts) for each in self.indexes if each.is_unique and not each.options]
        return any(key and key <= wanted for key in keys)


@dataclass(frozen=True, slots=True)
class EnumDescription:
    """An enum type of the database, with its values in order."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SchemaDescription:
    """The tables by key, in alphabetical order, the enum types and the sequences by key."""

    tables: Mapping[str, TableDescription] = field(default_factory=dict)
    enums: Mapping[str, EnumDescription] = field(default_factory=dict)
    sequences: tuple[str, ...] = ()

    def schemas(self) -> tuple[str, ...]:
        """Return the schemas of the tables, "" is the default one."""
        return tuple(sorted({each.schema for each in self.tables.values()}))


def describe(metadata: MetaData, dialect: Dialect | None = None) -> SchemaDescription:
    """Return a MetaData as values; types and SQL are written for ``dialect``."""
    known = dialect or DefaultDialect()
    tables = {key: _table(metadata.tables[key], known) for key in sorted(metadata.tables)}
    sequences = sorted(_key(each.name, each.schema) for each in metadata._sequences.values())  # noqa: SLF001 - no public name
    return SchemaDescription(tables, _enums(metadata, known), tuple(sequences))


def options_of(options: Mapping[str, str]) -> list[str]:
    """Return options as words: ``on delete CASCADE``, ``postgresql_using gin``."""
    shown = {"ondelete": "on delete", "onupdate": "on update"}
    return [f"{shown.get(name, name)} {value}".strip() for name, value in options.items()]


def type_text(type_: AnyType, dialect: Dialect) -> str:
    """Return a type as SQL; where the dialect does not know it, as SQLAlchemy's name of it."""
    try:
        return str(type_.compile(dialect=dialect))
    except (CompileError, UnsupportedCompilationError, AttributeError):
        return "unknown" if type_.__visit_name__ == "null" else repr(type_).removesuffix("()")


def _key(name: object, schema: object) -> str:
    return f"{schema}.{name}" if schema else str(name)


def _table(table: Table, dialect: Dialect) -> TableDescription:
    primary = {column.name for column in table.primary_key.columns}
    constraints = [_constraint(each, dialect) for each in sorted_constraints(table) if not _is_implied(each)]
    indexes = [_index(each, dialect) for each in table.indexes]
    prefixes = {str(each).lower(): "" for each in table._prefixes}  # noqa: SLF001 - no public name
    return TableDescription(
        key=table.key,
        name=str(table.name),
        schema=table.schema or "",
        columns={each.name: _column(each, each.name in primary, dialect) for each in table.columns},
        constraints=tuple(sorted(constraints, key=lambda each: (_ORDER.get(each.kind, 9), each.name, each.columns))),
        indexes=tuple(sorted(indexes, key=lambda each: (each.name, each.parts))),
        comment=table.comment or "",
        options=prefixes | _texts(table.dialect_kwargs),
    )


_ORDER = {"primary key": 0, "foreign key": 1, "unique": 2, "check": 3}


def _is_implied(constraint: Constraint) -> bool:
    """Return whether a constraint is that of a type without CHECK, or the primary key of a table that has none."""
    return is_type_bound(constraint) or (isinstance(constraint, PrimaryKeyConstraint) and not constraint.columns)


def _column(column: AnyColumn, is_primary: bool, dialect: Dialect) -> ColumnDescription:
    generated = column.computed if column.computed is not None else column.identity
    default = generated if generated is not None else column.server_default
    return ColumnDescription(
        name=column.name,
        type=type_text(column.type, dialect),
        nullable=bool(column.nullable),
        default=default_sql(default, dialect),
        is_primary=is_primary,
        comment=column.comment or "",
    )


def _constraint(constraint: Constraint, dialect: Dialect) -> ConstraintDescription:
    kinds = {
        PrimaryKeyConstraint: "primary key",
        ForeignKeyConstraint: "foreign key",
        UniqueConstraint: "unique",
        CheckConstraint: "check",
    }
    kind = next((word for cls, word in kinds.items() if isinstance(constraint, cls)), "")
    named = final_name(constraint, dialect)
    options = {name: getattr(constraint, name, None) for name in _ACTIONS}
    refers_to, referred = "", tuple[str, ...]()
    if isinstance(constraint, ForeignKeyConstraint):
        refers_to, referred = _referred(constraint)
    condition = sql_text(constraint.sqltext, dialect) if isinstance(constraint, CheckConstraint) else ""
    columns: Any = getattr(constraint, "columns", ()) if kind != "check" else ()
    return ConstraintDescription(
        kind=kind or str(constraint.__visit_name__).replace("_", " "),
        name=str(named or ""),
        columns=tuple(each.name for each in columns),
        condition=condition,
        refers_to=refers_to,
        referred_columns=referred,
        options=_texts(options) | _texts(constraint.dialect_kwargs),
    )


def _referred(constraint: ForeignKeyConstraint) -> tuple[str, tuple[str, ...]]:
    parts = [referred_parts(each) for each in constraint.elements]
    schema, table, _ = parts[0]
    return _key(table, schema), tuple(str(column) for *_, column in parts)


def _index(index: Index, dialect: Dialect) -> IndexDescription:
    parts = [each.name if isinstance(each, Column) else sql_text(each, dialect) for each in index.expressions]
    return IndexDescription(
        name=str(final_name(index, dialect) or ""),
        parts=tuple(parts),
        is_unique=bool(index.unique),
        options=_texts(index.dialect_kwargs, dialect),
    )


def _texts(options: Mapping[str, Any], dialect: Dialect | None = None) -> dict[str, str]:
    """Return options that have a value, as text; True is ""."""
    return {
        str(name): "" if value is True else _text(value, dialect)
        for name, value in sorted(options.items(), key=lambda pair: str(pair[0]))
        if value is not None and value is not False and value not in ({}, [])
    }


def _text(value: object, dialect: Dialect | None) -> str:
    if isinstance(value, (list, tuple)):
        return f"({', '.join(_text(each, dialect) for each in value)})"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_text(each, dialect)}" for name, each in value.items())
    if isinstance(value, Column):
        return str(value.name)
    return sql_text(value, dialect) if hasattr(value, "__clause_element__") or hasattr(value, "compile") else str(value)


def _enums(metadata: MetaData, dialect: Dialect) -> dict[str, EnumDescription]:
    """Return the enum types of columns where the dialect has such types."""
    if dialect.name not in ("postgresql", "default"):
        return {}
    found: dict[str, EnumDescription] = {}
    for table in metadata.tables.values():
        for column in table.columns:
            inner = enum_of(column.type, dialect)
            if inner is not None and inner.native_enum and inner.name:
                key = _key(inner.name, inner.schema)
                found[key] = EnumDescription(key, tuple(str(each) for each in inner.enums))
    return dict(sorted(found.items()))


def enum_of(type_: AnyType, dialect: Dialect) -> Enum | None:
    """Return the Enum that a type is: itself, that of an array, or the implementation of a TypeDecorator."""
    if isinstance(type_, ARRAY):
        return enum_of(type_.item_type, dialect)
    if isinstance(type_, TypeDecorator):
        return enum_of(type_.load_dialect_impl(dialect), dialect)
    return type_ if isinstance(type_, Enum) else None
