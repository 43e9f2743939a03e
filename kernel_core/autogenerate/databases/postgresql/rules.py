"""The rules of PostgreSQL: the server parses expressions and stores them in its own spelling."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from sqlalchemy.engine import Connection, Inspector
from sqlalchemy.schema import Table

from ....operations.kinds.exclude_constraint import CreateExcludeConstraintOp
from ....util.sql import grammar_of, string_literal
from ....util.sqla_compat import quoted_name, quoted_table
from ..catalog import Catalog, ColumnInfo, ConstraintInfo, ExcludeInfo, Key, SequenceOptions, TableInfo
from ..expression import Expression
from ..inspected.rules import InspectedRules
from ..rules import ConstraintStatements, DefaultPair, IndexOptionsDiffer, IsIncluded, Warn
from ..signature import ForeignKeySignature
from .catalog import read_postgresql
from .children import child_table_sql, override_inherited
from .completing import column_statements, comment_statements
from .defaults import equal_defaults
from .exclude_constraints import create_exclude_constraint, exclude_constraint
from .index_options import IndexOptions
from .numbering import number_later
from .sequences import read_sequences
from .stored_expressions import stored_expressions
from .truncation import restore_truncated_names

if TYPE_CHECKING:
    from sqlalchemy.dialects.postgresql import ExcludeConstraint


class PostgresqlRules(InspectedRules):
    """The rules of PostgreSQL."""

    has_enum_types = True
    has_exclude_constraints = True
    has_index_options = True
    keeps_type_bounds = True
    reflects_match = True
    reflects_unique_timing = True
    omits_repeated_uniques = True
    respells_expressions = True
    drops_key_before_columns = True

    def read_catalog(
        self,
        connection: Connection,
        inspector: Callable[[], Inspector],
        schemas: Sequence[str | None],
        is_included: IsIncluded,
    ) -> Catalog:
        if (self.dialect.server_version_info or ()) < (12,):
            return super().read_catalog(connection, inspector, schemas, is_included)
        return read_postgresql(connection, schemas, is_included)

    def read_sequences(
        self, connection: Connection, inspector: Inspector, schemas: Collection[str | None]
    ) -> dict[Key, SequenceOptions]:
        return read_sequences(connection, schemas)

    def restore_truncated_names(self, catalog: Catalog, models: Iterable[Table]) -> None:
        restore_truncated_names(catalog, models, self.dialect)

    def correct(self, tables: Mapping[Key, TableInfo], models: Iterable[Table]) -> None:
        """Remove the indexes of constraints, and the defaults of SERIAL columns, whose sequences these own."""
        for info in tables.values():
            info.indexes = [index for index in info.indexes if index.duplicates_constraint is None]
            for column in info.columns.values():
                if column.owns_sequence:
                    column.serial_default, column.default = column.default, None
            number_later(self.dialect, info)
            override_inherited(info, [tables[key] for key in info.inherits if key in tables])

    def stored_expressions(
        self, connection: Connection, expressions: Sequence[Expression], warn: Warn | None
    ) -> Mapping[Expression, str | None]:
        return stored_expressions(connection, expressions, warn)

    def equal_defaults(self, connection: Connection, pairs: Collection[DefaultPair]) -> set[DefaultPair]:
        return equal_defaults(connection, pairs)

    def index_options_comparison(self, connection: Connection) -> IndexOptionsDiffer:
        return IndexOptions(connection).differ

    def comparable(self, key: ForeignKeySignature) -> ForeignKeySignature:
        return key

    def default_key_name(self, table: str) -> str | None:
        return f"{table}_pkey"

    def exclude_constraint(self, info: ExcludeInfo) -> ExcludeConstraint:
        return exclude_constraint(info)

    def create_exclude_constraint(self, key: Key, info: ExcludeInfo) -> CreateExcludeConstraintOp:
        return create_exclude_constraint(str(info.name), key[1], str(info.definition), key[0])

    def create_table_sql(self, connection: Connection, info: TableInfo, table: Table | None) -> str | None:
        """Return the CREATE TABLE of a partition, or of a child of other tables: they have its columns."""
        if not info.is_partition:
            return child_table_sql(self.dialect, info, table) if info.inherits and table is not None else None
        schema, name = info.inherits[0]
        parent = quoted_table(schema, name, self.dialect)
        by = info.options.get("postgresql_partition_by")
        further = f" PARTITION BY {by}" if by else ""
        place, kind = quoted_table(*info.key, self.dialect), "".join(f"{word} " for word in info.prefixes)
        for word in ("using", "tablespace"):
            stated = info.options.get(f"postgresql_{word}")
            further += f" {word.upper()} {quoted_name(str(stated), self.dialect)}" if stated else ""
        return f"CREATE {kind}TABLE {place} PARTITION OF {parent} {info.partition_bound}{further}"

    def completing_statements(self, connection: Connection, info: TableInfo, table: Table) -> Iterator[str]:
        """Yield storage parameters, settings of columns, and what no CREATE TABLE states of constraints."""
        stored = info.options.get("postgresql_with")
        if stored and (info.is_partition or "postgresql_with" not in table.dialect_kwargs):
            place = quoted_table(*info.key, self.dialect)
            yield f"ALTER TABLE {place} SET ({', '.join(f'{name}={value}' for name, value in stored.items())})"
        if info.inherits:  # their CREATE TABLE is SQL
            yield from comment_statements(self.dialect, info)
        constraints: list[ConstraintInfo] = [
            *info.checks,
            *info.foreign_keys,
            *info.uniques,
            *info.excludes,
            info.primary_key,
        ]
        for item in constraints:
            if not item.inherited:
                yield from self.constraint_statements(info.key, item).all()
        for column in info.columns.values():
            yield from self.column_statements(connection, info, column)

    def column_statements(self, connection: Connection, info: TableInfo, column: ColumnInfo) -> Sequence[str]:
        return column_statements(self.dialect, info.key, column)

    def constraint_statements(self, key: Key, constraint: ConstraintInfo) -> ConstraintStatements:
        """Return what NOT VALID, NO INHERIT, comments and a tablespace need."""
        if constraint.name is None:
            return ConstraintStatements()
        place = quoted_table(*key, self.dialect)
        name, definition = quoted_name(constraint.name, self.dialect), str(constraint.definition or "EXCLUDE")
        is_stated = definition.startswith("EXCLUDE")  # by op.create_exclude_constraint
        addition = None if is_stated else f"ALTER TABLE {place} ADD CONSTRAINT {name} {definition}"
        comment = string_literal(str(constraint.comment or ""), grammar_of(self.dialect))
        completing = [f"COMMENT ON CONSTRAINT {name} ON {place} IS {comment}"] if constraint.comment else []
        return ConstraintStatements(addition, (*completing, *constraint.statements))
