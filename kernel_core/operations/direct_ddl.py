"""DDL of plain objects, written directly from an operation: no Table is created, nothing is copied.

SQLAlchemy's compiler writes each definition once for all columns of the same shape (type, default, nullability), and
the statements for indexes and added columns once for any names. Everything else is left to it altogether.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Self

from sqlalchemy import Column, ForeignKeyConstraint, Index, Integer, MetaData, PrimaryKeyConstraint, Table
from sqlalchemy import table as table_clause
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import Constraint, CreateColumn, CreateIndex, ExecutableDDLElement, SchemaItem
from sqlalchemy.types import NULLTYPE

from ..util.exc import CommandError
from ..util.sqla_compat import (
    AnyColumn,
    creation_order,
    ddl_compiler,
    default_argument,
    mark_primary_key,
    plain_referent,
    plain_shape,
)
from .plain_items import PlainItems, names_of, plain_items

_TABLE, _INDEX, _COLUMN = "mig_table", "mig_index", "mig_column_"
_UNKNOWN = "?"
"""In place of a definition that SQLAlchemy has not written yet: none is a single question mark."""
_FIRST_COLUMN = f"{_COLUMN}0"
_SLOT = re.compile(r"\b(mig_table|mig_index|mig_column_\d+)\b")


@dataclass(frozen=True, slots=True)
class Template:
    """A statement, of which the ``pattern`` is to be formatted with the quoted names in the order of the slots."""

    pattern: str

    @classmethod
    def of(cls, words: str, slots: tuple[str, ...]) -> Self | None:
        """Return the template of a statement; None unless each slot is in it once, in their order."""
        parts = _SLOT.split(words)
        if tuple(parts[1::2]) != slots:
            return None
        return cls("%s".join(part.replace("%", "%%") for part in parts[::2]))


_NOT_COMPILED = Template("")


@dataclass(frozen=True, slots=True)
class IndexNames:
    """The names of an index, of its table, and of its columns."""

    name: str
    table: str
    columns: tuple[str, ...]
    schema: str | None = None


class AddColumnOptions(NamedTuple):
    """The options of ADD COLUMN, as `operations.kinds.column.AddColumn` takes them."""

    schema: str | None
    if_not_exists: bool | None
    inline_references: bool | None
    inline_primary_key: bool | None


@dataclass(slots=True)
class DirectDDL:
    """Writes DDL for one dialect; each method returns None where the statement needs SQLAlchemy's objects."""

    dialect: Dialect
    _definitions: dict[object, str | None] = field(default_factory=dict)
    _templates: dict[object, Template | None] = field(default_factory=dict)

    def create_table(
        self,
        name: str,
        items: Sequence[SchemaItem],
        *,
        schema: str | None = None,
        if_not_exists: bool | None = None,
        has_convention: bool = False,
    ) -> str | None:
        """Return CREATE TABLE; ``has_convention`` says that a naming convention names the constraints.

        As SQLAlchemy does, it sets ``primary_key`` and ``nullable`` of columns that an explicit primary key lists.
        """
        found = plain_items(items, has_convention=has_convention)
        if found is None:
            return None
        lines = self._clauses(found, schema) if found.constraints else self._columns(found)
        if lines is None:
            return None
        body = ", \n\t".join(lines)
        exists = "IF NOT EXISTS " if if_not_exists else ""
        return f"\nCREATE TABLE {exists}{self._table(name, schema)} (\n\t{body}\n)\n\n"

    def _clauses(self, found: PlainItems, schema: str | None) -> list[str] | None:
        """Return what is in the parentheses of a table with constraints."""
        keys = [item for item in found.constraints if isinstance(item, PrimaryKeyConstraint)]
        for column in found.columns if keys else ():
            if column.name in found.key:
                mark_primary_key(column)
        referring = {
            name for item in found.constraints if isinstance(item, ForeignKeyConstraint) for name in names_of(item)
        }
        others = sorted((item for item in found.constraints if item not in keys), key=creation_order)
        lines = self._columns(found, referring, has_key=bool(keys))
        clauses = [self._clause(item, found, schema) for item in (*keys, *others)]
        written = [clause for clause in clauses if clause is not None]
        return lines + written if lines is not None and len(written) == len(clauses) else None

    def _columns(
        self, found: PlainItems, referring: Collection[str] = (), *, has_key: bool = False
    ) -> list[str] | None:
        """Return the definitions of the columns, and the primary key; ``has_key`` says that a constraint is it."""
        key, quote = found.key, self.dialect.identifier_preparer.quote
        numbered = key[0] if len(key) == 1 and key[0] not in referring else None
        lines, of_key = [], []
        for column, shape in zip(found.columns, found.shapes, strict=True):
            kept = vars(column)
            name = str(kept["name"])  # it is a quoted_name, for which SQLAlchemy takes three times as long
            in_key = name in key
            kind = shape, kept["nullable"], in_key, name == numbered
            definition = self._definitions.get(kind, _UNKNOWN)
            if definition is _UNKNOWN:
                definition = self._definitions[kind] = self._definition(column, in_key, name == numbered)
            if definition is None:
                return None
            quoted = quote(name)
            lines.append(f"{quoted} {definition}")
            if in_key:
                of_key.append(quoted)
        if of_key and not has_key:
            lines.append(f"PRIMARY KEY ({', '.join(of_key)})")
        return lines

    def drop_table(self, name: str, *, schema: str | None = None, if_exists: bool | None = None) -> str:
        """Return DROP TABLE."""
        return f"\nDROP TABLE {'IF EXISTS ' if if_exists else ''}{self._table(name, schema)}"

    def create_index(self, index: IndexNames, *, unique: bool, if_not_exists: bool | None) -> str | None:
        """Return CREATE INDEX on columns."""
        if not self._fits(index.name):
            return None
        columns = [f"{_COLUMN}{number}" for number in range(len(index.columns))]

        def probe() -> ExecutableDDLElement:
            table = Table(_TABLE, MetaData(), *(Column(each, NULLTYPE) for each in columns), schema=index.schema)
            made = Index(_INDEX, *table.columns, unique=unique)
            return CreateIndex(made, **({} if if_not_exists is None else {"if_not_exists": if_not_exists}))

        key = ("index", len(columns), *_as_written(index.schema), unique, if_not_exists)
        slots, names = (_INDEX, _TABLE, *columns), (index.name, index.table, *index.columns)
        return self._from_template(key, probe, slots, names)

    def add_column(
        self,
        table_name: str,
        column: AnyColumn,
        options: AddColumnOptions,
        statement: Callable[[str, AnyColumn, AddColumnOptions], ExecutableDDLElement | None],
    ) -> str | None:
        """Return ADD COLUMN; ``statement`` returns the usual one, None where it depends on what is in the database."""
        kept, shape = vars(column), plain_shape(column)
        if shape is None or kept["primary_key"]:
            return None
        key = (shape, kept["nullable"], options, getattr(options.schema, "quote", None))
        return self._from_template(
            key,
            lambda: statement(_TABLE, _example(_FIRST_COLUMN, column), options),
            (_TABLE, _FIRST_COLUMN),
            (table_name, str(kept["name"])),
        )

    # ---- parts of statements -------------------------------------------------------------------------------------

    def _definition(self, column: AnyColumn, in_key: bool, numbered: bool) -> str | None:
        """Return the definition of a column, without its name; ``numbered``: it may be an autoincrement column."""
        return self._compiled(lambda: self._probed(column, in_key=in_key, numbered=numbered))

    def _probed(self, column: AnyColumn, *, in_key: bool, numbered: bool) -> str:
        """Return what SQLAlchemy writes after the name of such a column."""
        other = [] if numbered or not in_key else [Column("other", Integer, primary_key=True)]
        example = _example(f"{_COLUMN}0", column, primary_key=in_key)
        Table(_TABLE, MetaData(), example, *other)
        words = ddl_compiler(self.dialect).process(CreateColumn(example), first_pk=in_key)
        return words.removeprefix(f"{_COLUMN}0 ")

    def _clause(self, item: Constraint, found: PlainItems, schema: str | None) -> str | None:
        """Return the clause of a constraint."""
        if item.name is not None and not self._fits(str(item.name)):
            return None
        name = "" if item.name is None else f"CONSTRAINT {self._quoted([str(item.name)])} "
        columns = self._quoted(names_of(item))
        if isinstance(item, ForeignKeyConstraint):
            words = self._foreign_key(item, found, columns) if schema is None else None
            return None if words is None else name + words
        return f"{name}{'PRIMARY KEY' if isinstance(item, PrimaryKeyConstraint) else 'UNIQUE'} ({columns})"

    def _foreign_key(self, item: ForeignKeyConstraint, found: PlainItems, columns: str) -> str | None:
        referent = plain_referent(item)
        if referent is None or (item.onupdate is not None and self.dialect.name == "oracle"):
            return None
        table, referred = referent
        words = f"FOREIGN KEY({columns}) REFERENCES {self._quoted([table])} ({self._quoted(referred)})"
        for event, action in (("DELETE", item.ondelete), ("UPDATE", item.onupdate)):
            words += f" ON {event} {action}" if action is not None else ""
        return words

    def _fits(self, name: str) -> bool:
        """Return whether a name is certainly neither too long nor shortened."""
        dialect = self.dialect
        limits = (dialect.max_identifier_length, dialect.max_index_name_length, dialect.max_constraint_name_length)
        return len(name) <= min(limit for limit in limits if limit)

    def _table(self, name: str, schema: str | None) -> str:
        preparer = self.dialect.identifier_preparer
        return preparer.quote(name) if schema is None else preparer.format_table(table_clause(name, schema=schema))

    def _quoted(self, names: Iterable[str]) -> str:
        return ", ".join(map(self.dialect.identifier_preparer.quote, names))

    # ---- what SQLAlchemy writes ----------------------------------------------------------------------------------

    def _from_template(
        self,
        key: Hashable,
        probe: Callable[[], ExecutableDDLElement | None],
        slots: tuple[str, ...],
        names: Iterable[str],
    ) -> str | None:
        """Return the statement ``probe()`` with these names in the ``slots``; it is compiled once for each key."""
        template = self._templates.get(key, _NOT_COMPILED)
        if template is _NOT_COMPILED:
            template = self._templates[key] = self._template(probe, slots)
        if template is None:
            return None
        quote = self.dialect.identifier_preparer.quote
        return template.pattern % tuple([quote(name) for name in names])

    def _template(self, probe: Callable[[], ExecutableDDLElement | None], slots: tuple[str, ...]) -> Template | None:
        statement = probe()
        words = None if statement is None else self._compiled(lambda: str(statement.compile(dialect=self.dialect)))
        return None if words is None else Template.of(words, slots)

    def _compiled(self, compile_: Callable[[], str]) -> str | None:
        """Return a text; None where it raises an error or warns, which each statement has to do for itself."""
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                return compile_()
            except (SQLAlchemyError, CommandError, Warning):
                return None


def _as_written(schema: str | None) -> tuple[str | None, bool | None]:
    """Return a schema, and whether it is quoted: a quoted_name equals the str, and is written otherwise."""
    return schema, getattr(schema, "quote", None)


def _example(name: str, column: AnyColumn, *, primary_key: bool = False) -> AnyColumn:
    """Return a column of the same shape, with a name that no database quotes."""
    return Column(
        name,
        column.type.copy(),
        nullable=column.nullable,
        primary_key=primary_key,
        server_default=default_argument(column.server_default),
        autoincrement=column.autoincrement,
    )
