"""The rules of a database of which nothing else is known: everything that the Inspector returns counts as it is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from sqlalchemy.engine import Connection, Dialect, Inspector
from sqlalchemy.schema import Constraint, Index, Table

from ....operations.add_constraint import AddConstraintOp
from ....operations.kinds.column import DropColumnOp
from ....operations.kinds.constraint import CreatePrimaryKeyOp
from ....operations.operation import MigrateOperation
from ....util.sqla_compat import AnyType
from ..catalog import Catalog, ColumnInfo, ConstraintInfo, ExcludeInfo, Key, SequenceOptions, TableInfo
from ..expression import Expression
from ..rules import ConstraintStatements, DefaultPair, IndexOptionsDiffer, IsIncluded, Warn
from ..signature import ForeignKeySignature
from .catalog import read_by_inspector


class InspectedRules:
    """The rules of any database."""

    has_enum_types = False
    has_exclude_constraints = False
    has_table_options = False
    has_index_options = False
    keeps_type_bounds = False
    reflects_match = False
    reflects_unique_timing = False
    omits_repeated_uniques = False
    stores_uniques_as_indexes = False
    creates_foreign_key_indexes = False
    stores_whole_tables = False
    alters_whole_columns = False
    respells_expressions = False
    drops_key_before_columns = False

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect

    @property
    def dialect(self) -> Dialect:
        return self._dialect

    def read_catalog(
        self,
        connection: Connection,
        inspector: Callable[[], Inspector],
        schemas: Sequence[str | None],
        is_included: IsIncluded,
    ) -> Catalog:
        return read_by_inspector(inspector(), schemas, is_included)

    def read_sequences(
        self, connection: Connection, inspector: Inspector, schemas: Collection[str | None]
    ) -> dict[Key, SequenceOptions]:
        return {(schema, name): {} for schema in schemas for name in inspector.get_sequence_names(schema=schema)}

    def restore_truncated_names(self, catalog: Catalog, models: Iterable[Table]) -> None:
        """Leave the names as they are: SQLAlchemy and the server agree on them."""

    def correct(self, tables: Mapping[Key, TableInfo], models: Iterable[Table]) -> None:
        """Leave everything as it is."""

    def stored_expressions(
        self, connection: Connection, expressions: Sequence[Expression], warn: Warn | None
    ) -> Mapping[Expression, str | None]:
        return {expression: expression.sql for expression in expressions}

    def equal_defaults(self, connection: Connection, pairs: Collection[DefaultPair]) -> set[DefaultPair]:
        return set()

    def index_options_comparison(self, connection: Connection) -> IndexOptionsDiffer:
        return lambda *_: False

    def comparable(self, key: ForeignKeySignature) -> ForeignKeySignature:
        """Leave out when the key is checked, which only Oracle reflects of the databases without rules."""
        return key if self._dialect.name == "oracle" else key._replace(deferrable=False, initially="")

    def default_key_name(self, table: str) -> str | None:
        return None

    def is_index_of(self, index: Index, sql: str) -> bool:
        return True

    def index_from(self, name: str, sql: str, table: Table) -> Index:
        raise NotImplementedError(f"The Inspector describes all indexes of {self._dialect.name}.")

    def exclude_constraint(self, info: ExcludeInfo) -> Constraint:
        raise NotImplementedError(f"The Inspector returns no exclude constraints of {self._dialect.name}.")

    def create_exclude_constraint(self, key: Key, info: ExcludeInfo) -> AddConstraintOp:
        raise NotImplementedError(f"The Inspector returns no exclude constraints of {self._dialect.name}.")

    def complete_type(self, info: TableInfo, column: ColumnInfo) -> AnyType:
        type_: AnyType = column.type
        return type_

    def create_table_sql(self, connection: Connection, info: TableInfo, table: Table | None) -> str | None:
        return None

    def create_index_sql(self, info: TableInfo, index: Index) -> str | None:
        return None

    def completing_statements(self, connection: Connection, info: TableInfo, table: Table) -> Iterator[str]:
        return iter(())

    def column_statements(self, connection: Connection, info: TableInfo, column: ColumnInfo) -> Sequence[str]:
        return ()

    def constraint_statements(self, key: Key, constraint: ConstraintInfo) -> ConstraintStatements:
        return ConstraintStatements()

    def recreate_key(
        self,
        connection: Connection,
        creation: CreatePrimaryKeyOp,
        drops: Sequence[DropColumnOp],
        columns: Sequence[str],
    ) -> Iterator[MigrateOperation]:
        yield creation
