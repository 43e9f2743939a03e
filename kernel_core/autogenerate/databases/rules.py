"""The rules of a database for the comparison: one Protocol, implemented in the folder of each database."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from sqlalchemy.engine import Connection, Dialect, Inspector
from sqlalchemy.schema import Constraint, Index, Table

from ...operations.add_constraint import AddConstraintOp
from ...operations.kinds.column import DropColumnOp
from ...operations.kinds.constraint import CreatePrimaryKeyOp
from ...operations.operation import MigrateOperation
from ...util.sqla_compat import AnyType
from .catalog import Catalog, ColumnInfo, ConstraintInfo, ExcludeInfo, IndexInfo, Key, SequenceOptions, TableInfo
from .expression import Expression
from .signature import ForeignKeySignature

IsIncluded = Callable[[Key], bool]
"""Whether a table is read; called before its parts are read, where that is possible."""

Warn = Callable[[str], None]

IndexOptionsDiffer = Callable[[TableInfo, Index, IndexInfo], bool]
"""Whether an index of the metadata has other options than the index of its name in a table of the database."""


class DefaultPair(NamedTuple):
    """Two server defaults of a type that differ as text: the database's and the metadata's."""

    type_text: str
    inspected: str
    wanted: str


@dataclass(frozen=True, slots=True)
class ConstraintStatements:
    """SQL that re-creates what no directive states of a constraint.

    ``addition`` adds all of it where it is not None; ``completing`` restores its comment, and its index's settings.
    """

    addition: str | None = None
    completing: tuple[str, ...] = ()

    def all(self) -> tuple[str, ...]:
        """Return the statements in the order in which they run."""
        return self.completing if self.addition is None else (self.addition, *self.completing)


class DatabaseRules(Protocol):
    """The rules of one database.

    `kernel_core.autogenerate.databases.inspected` has those of an unknown one; a known database replaces some of them.
    """

    @property
    def dialect(self) -> Dialect:
        """The dialect of the connection."""

    # Features that a comparison needs

    has_enum_types: bool
    """Enum types are objects of the database."""
    has_exclude_constraints: bool
    has_table_options: bool
    """Tables have an engine, a character set and the like."""
    has_index_options: bool
    """Indexes have options that are compared: a condition, a method, operator classes, a prefix length."""
    keeps_type_bounds: bool
    """``VARCHAR`` and ``VARCHAR(20)``, ``TIMESTAMP`` and ``TIMESTAMP(3)`` are stored as different types."""
    reflects_match: bool
    """The catalog has the MATCH of a foreign key."""
    reflects_unique_timing: bool
    """The catalog has DEFERRABLE and INITIALLY of a unique constraint."""

    # What the server does by itself

    omits_repeated_uniques: bool
    """A UNIQUE over the columns of the primary key or of another UNIQUE is left out by CREATE TABLE."""
    stores_uniques_as_indexes: bool
    """A unique constraint and a unique index are one object, shown as both."""
    creates_foreign_key_indexes: bool
    """The server creates an index for a foreign key, and does not drop it while the key exists."""
    stores_whole_tables: bool
    """The CREATE TABLE of `create_table_sql` has all of a table: its indexes, its comments, settings of columns."""
    alters_whole_columns: bool
    """ALTER TABLE states a whole column to change a part of it."""
    respells_expressions: bool
    """Expressions are stored in another spelling than they are written."""
    drops_key_before_columns: bool
    """A primary key is dropped by its own statement, before one of its columns."""

    # The catalog

    def read_catalog(
        self,
        connection: Connection,
        inspector: Callable[[], Inspector],
        schemas: Sequence[str | None],
        is_included: IsIncluded,
    ) -> Catalog:
        """Return the tables of some schemas; None is the default one."""

    def read_sequences(
        self, connection: Connection, inspector: Inspector, schemas: Collection[str | None]
    ) -> dict[Key, SequenceOptions]:
        """Return the options of the sequences of some schemas; without options where the catalog has none."""

    def restore_truncated_names(self, catalog: Catalog, models: Iterable[Table]) -> None:
        """Give objects whose names the server truncated the names that the metadata has, in place."""

    def correct(self, tables: Mapping[Key, TableInfo], models: Iterable[Table]) -> None:
        """Remove from what was read what the server shows twice or adds by itself, in place."""

    # Comparison

    def stored_expressions(
        self, connection: Connection, expressions: Sequence[Expression], warn: Warn | None
    ) -> Mapping[Expression, str | None]:
        """Return each expression as the database stores it, None for one that it refuses.

        The caller rolls back. ``warn`` gets a message for a table that cannot be copied, so that none of its
        expressions can be stored.
        """

    def equal_defaults(self, connection: Connection, pairs: Collection[DefaultPair]) -> set[DefaultPair]:
        """Return the pairs of defaults that have equal values."""

    def index_options_comparison(self, connection: Connection) -> IndexOptionsDiffer:
        """Return the function that compares options of indexes besides their condition."""

    def comparable(self, key: ForeignKeySignature) -> ForeignKeySignature:
        """Return a foreign key without the options that the database does not distinguish or store."""

    def default_key_name(self, table: str) -> str | None:
        """Return the name that the server gives a primary key without a name; None where it has none."""

    def is_index_of(self, index: Index, sql: str) -> bool:
        """Return whether a CREATE INDEX that the database stores creates an index of the metadata."""

    def index_from(self, name: str, sql: str, table: Table) -> Index:
        """Return the index of a stored CREATE INDEX, on a reflected table."""

    def exclude_constraint(self, info: ExcludeInfo) -> Constraint:
        """Return a reflected exclude constraint; its columns are named."""

    # What a downgrade re-creates

    def create_exclude_constraint(self, key: Key, info: ExcludeInfo) -> AddConstraintOp:
        """Return the operation that adds a reflected exclude constraint of a table."""

    def complete_type(self, info: TableInfo, column: ColumnInfo) -> AnyType:
        """Return the type of a reflected column with what the catalog has elsewhere: its collation, JSON."""

    def create_table_sql(self, connection: Connection, info: TableInfo, table: Table | None) -> str | None:
        """Return the CREATE TABLE of a reflected table, where SQLAlchemy would create another one.

        ``table`` has the names of the naming convention; it is None where SQLAlchemy refuses to create it. The foreign
        keys are those of ``info``.
        """

    def create_index_sql(self, info: TableInfo, index: Index) -> str | None:
        """Return the CREATE INDEX of a reflected index, where SQLAlchemy would create another one."""

    def completing_statements(self, connection: Connection, info: TableInfo, table: Table) -> Iterator[str]:
        """Yield SQL that adds to a new table what CREATE TABLE of SQLAlchemy cannot express."""

    def column_statements(self, connection: Connection, info: TableInfo, column: ColumnInfo) -> Sequence[str]:
        """Return SQL that adds to a new column what SQLAlchemy cannot express."""

    def constraint_statements(self, key: Key, constraint: ConstraintInfo) -> ConstraintStatements:
        """Return SQL that re-creates what no directive states of a reflected constraint of a table."""

    def recreate_key(
        self,
        connection: Connection,
        creation: CreatePrimaryKeyOp,
        drops: Sequence[DropColumnOp],
        columns: Sequence[str],
    ) -> Iterator[MigrateOperation]:
        """Yield operations that re-create a primary key over ``columns`` once its dropped columns exist again."""
