"""Schema objects of SQLAlchemy for the columns, constraints and indexes that were read."""

from __future__ import annotations

from typing import Any

from sqlalchemy import column
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import CheckConstraint, Column, Computed, Identity, Index, Table, UniqueConstraint
from sqlalchemy.sql.elements import TextClause, conv
from sqlalchemy.types import Integer

from ...util.sql import tokens
from ...util.sqla_compat import AnyColumn, literal_text
from ..databases.catalog import (
    Arguments,
    CheckInfo,
    ColumnInfo,
    ConstraintInfo,
    ForeignKeyInfo,
    IndexInfo,
    Options,
    TableInfo,
    UniqueInfo,
)
from ..databases.signature import ReflectedPart, index_parts

STATEMENTS = "kernel_core.statements"
"""The key in ``Index.info`` of a reflected index: the statements that complete it once it was created again."""


def final(name: Any) -> conv | None:
    """Return a name of the database so that no naming convention applies to it again."""
    return None if name is None else conv(name)


def column_of(info: ColumnInfo, is_key: bool = False) -> AnyColumn:
    """Return a column from its reflected description."""
    generated: list[Any] = []
    default: TextClause | None = None
    if info.computed:
        generated.append(Computed(**info.computed))
    elif info.identity:
        generated.append(Identity(**info.identity))
    elif info.default is not None:
        default = literal_text(info.default)
    options: Arguments = {"comment": info.comment}
    if info.conflict is not None:
        options["sqlite_on_conflict_not_null"] = info.conflict
    autoincrement = info.autoincrement
    if autoincrement is True and default is not None:
        autoincrement = None  # the default takes from another sequence than SERIAL would create
    if autoincrement is True or (autoincrement is False and is_key and isinstance(info.type, Integer)):
        options["autoincrement"] = autoincrement
    return Column(info.name, info.type, *generated, nullable=info.nullable, server_default=default, **options)


def unique_constraint_of(info: UniqueInfo) -> UniqueConstraint:
    """Return a unique constraint from its reflected description."""
    options = stated(info.dialect_options)
    return UniqueConstraint(*info.column_names, name=final(info.name), **timing(info), **options)


def timing(info: ConstraintInfo) -> Arguments:
    """Return DEFERRABLE and INITIALLY of a reflected constraint, as arguments."""
    known = {"deferrable": info.deferrable, "initially": info.initially}
    return {name: value for name, value in known.items() if value}


def check_constraint_of(info: CheckInfo) -> CheckConstraint:
    """Return a check from its reflected description."""
    return CheckConstraint(literal_text(info.sqltext), name=final(info.name))


def is_of_create_table(info: CheckInfo) -> bool:
    """Return whether a reflected check can be part of a Table: not of a column, nor added by ALTER TABLE only."""
    return info.column is None and info.definition is None


def index_object(info: IndexInfo, table: Table, dialect: Dialect) -> Index:
    """Return an index from its reflected description, on ``table``."""
    options: Arguments = {
        name: literal_text(value) if name.endswith("_where") and isinstance(value, str) else value
        for name, value in stated(info.dialect_options).items()
    }
    classes = dict(options.pop("postgresql_ops", {}))
    parts = [_index_part(part, table, classes, dialect) for part in index_parts(info)]
    if classes:
        options["postgresql_ops"] = classes
    index = Index(final(info.name), *parts, unique=bool(info.unique), _table=table, **options)
    if info.statements:
        index.info[STATEMENTS] = info.statements
    return index


def _index_part(part: ReflectedPart, table: Table, classes: dict[str, str], dialect: Dialect) -> Any:
    """Return a column, with its order if it has one, or the text of the part with its operator class."""
    written = part.written
    words = () if written is None else [token.name for token in tokens(written, dialect)]
    is_whole = written is None or list(words) == [part.name, *([classes[part.name]] if part.name in classes else [])]
    if part.is_expression or part.name not in table.c or not (is_whole or (part.sorting and len(words) <= 1)):
        classes.pop(part.name, None)
        return literal_text(part.text if written is None else written)
    if not part.sorting:
        return table.c[part.name]
    ordered: Any = column(part.name)  # it belongs to no table, so that an operation can put it on its own
    for word in part.sorting:
        ordered = getattr(ordered, word)()
    return ordered


def foreign_key_options(info: ForeignKeyInfo) -> Arguments:
    """Return the options of a reflected foreign key as arguments."""
    known = ("onupdate", "ondelete", "deferrable", "initially", "match")
    return {name: value for name, value in (info.options or {}).items() if name in known and value is not None}


def stated(options: Options) -> Arguments:
    """Return the options that have a value, without that of an invalid index, which cannot be an argument."""
    return {
        name: value
        for name, value in (options or {}).items()
        if value not in (None, False, [], ()) and not name.endswith("_invalid")
    }


def table_options(info: TableInfo, dialect: Dialect) -> Arguments:
    """Return the options of a reflected table that the dialect accepts as arguments of a Table."""
    if info.inherits and not info.is_partition:
        parents = tuple(f"{schema}.{name}" if schema else name for schema, name in info.inherits)
        return {**_accepted(info.options, dialect), "postgresql_inherits": parents if len(parents) > 1 else parents[0]}
    return _accepted(info.options, dialect)


def _accepted(options: Options, dialect: Dialect) -> Arguments:
    known: Options = next((known for cls, known in dialect.construct_arguments or () if cls is Table), {})
    found = {name.replace(" ", "_"): value for name, value in options.items() if not name.endswith("_comment")}
    return {name: value for name, value in found.items() if "*" in known or name.partition("_")[2] in known}
