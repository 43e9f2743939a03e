"""The baseline: the revision that creates what a database has."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from io import StringIO

from sqlalchemy import MetaData, text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import NullType

from ..autogenerate.compare.dropped import connection_of
from ..autogenerate.compare.reflect import Database
from ..autogenerate.context import AutogenContext
from ..autogenerate.proposal import Proposed, compared
from ..operations.base import Operations
from ..operations.containers import MigrationScript, UpgradeOps
from ..operations.kinds.schema import CreateSchemaOp
from ..operations.operation import MigrateOperation
from ..runtime.migration import MigrationContext
from ..schema.reading import comparing, database_of, quiet, reflected
from ..util.exc import NotAdopted
from .outside import Outside, outside_of


@dataclass(frozen=True, slots=True)
class Baseline:
    """The operations that create a database's tables, as a proposed revision, and what is ``outside`` of it.

    ``metadata`` are the tables as they were read; ``schemas`` those that were compared, None for the default one.
    """

    proposed: Proposed
    metadata: MetaData
    outside: tuple[Outside, ...]
    schemas: tuple[str | None, ...]

    @property
    def dialect(self) -> Dialect:
        """The dialect of the database."""
        return self.proposed.context.dialect

    @property
    def operations(self) -> UpgradeOps:
        """The operations of ``upgrade()``."""
        return self.proposed.operations

    @property
    def is_empty(self) -> bool:
        """Whether the database has no table."""
        return not self.metadata.tables


def baseline_of(context: MigrationContext, schemas: Collection[str | None] | None = None) -> Baseline:
    """Read the database and return its baseline; writes nothing.

        baseline_of(MigrationContext.configure(connection)).operations.leaves()

    The operations are those with which a downgrade would re-create each table, so that nothing is lost that one of
    them can express. Hooks of ``env.py`` exclude what they exclude from autogenerate; the version table is left out.
    """
    found = comparing(context, MetaData(), schemas)
    database = database_of(found)
    _refuse_dots(database)
    _refuse_unknown_types(found, database)
    with quiet():
        drops = compared(found, "off", read_rows=False)
    token = str(found.opts.get("upgrade_token") or "upgrades")
    reverse = drops.reverse()
    creations = UpgradeOps([*_schemas(found, reverse.leaves()), *reverse.ops], token)
    empty = Proposed(
        (MigrationScript(None, [], [], imports=set()),),
        dict.fromkeys((token, str(found.opts.get("downgrade_token") or "downgrades")), found),
        dict(found.opts.get("template_args") or {}),
        tuple(found.warnings),
    )
    schemas_used = {key[0] for key in database.infos} | {getattr(each, "schema", None) for each in reverse.leaves()}
    used = tuple(sorted(schemas_used, key=lambda name: name or ""))
    return Baseline(empty.only(creations), reflected(database), outside_of(found, database), used)


def _schemas(found: AutogenContext, creations: Iterable[MigrateOperation]) -> list[MigrateOperation]:
    """Return the operations that create the schemas of tables, types and sequences, except what every database has."""
    if found.dialect.name != "postgresql":
        return []
    named: set[str] = set()
    for each in creations:
        schema = getattr(each, "schema", None)
        if schema is not None:
            named.add(str(schema))
    return [CreateSchemaOp(name) for name in sorted(named - {"public"})]


def _refuse_dots(database: Database) -> None:
    """Raise NotAdopted for a foreign key to a name with a dot: SQLAlchemy takes it for ``schema.table.column``."""
    for (_, table), info in database.infos.items():
        for key in info.foreign_keys:
            for name in (key.referred_schema, key.referred_table, *key.referred_columns):
                if name is not None and "." in name:
                    raise NotAdopted(
                        f"Foreign key {key.name or ', '.join(key.constrained_columns)} of {table} refers to {name!r}. "
                        "SQLAlchemy takes a dot in that name for a separator, so no model and no operation can state "
                        "it. Nothing was written. Leave the table out with include_name in env.py, or rename it."
                    )


_TYPE_NAMES = {"postgresql": "udt_name", "mysql": "column_type", "mariadb": "column_type"}


def _refuse_unknown_types(found: AutogenContext, database: Database) -> None:
    """Raise NotAdopted for columns whose type SQLAlchemy does not know; on SQLite a column may have no type."""
    named = _TYPE_NAMES.get(found.dialect.name)
    unknown = [
        (info.key, column.name)
        for info in database.infos.values()
        for column in info.columns.values()
        if isinstance(column.type, NullType)
    ]
    if named is None or not unknown:
        return
    query = text(
        f"SELECT {named} FROM information_schema.columns WHERE (table_schema, table_name, column_name) = "
        f"(coalesce(:schema, {'current_schema()' if named == 'udt_name' else 'database()'}), :table, :column)"
    )
    connection = connection_of(found)
    listed = [
        f"{table}.{column} ({connection.scalar(query, {'schema': schema, 'table': table, 'column': column})})"
        for (schema, table), column in unknown
    ]
    raise NotAdopted(
        f"SQLAlchemy does not know the type of {', '.join(listed)}. Nothing was written. Import a package in env.py "
        "that adds the type to the dialect, as GeoAlchemy2 adds geometry, or leave the table out with include_name."
    )


def sql_of(operations: UpgradeOps, dialect: Dialect) -> str:
    """Return the SQL that operations run on an empty database; runs nothing."""
    buffer = StringIO()
    offline = MigrationContext.configure(dialect=dialect, opts={"as_sql": True, "output_buffer": buffer})
    with Operations.context(offline) as op:
        for each in operations.leaves():
            op.invoke(each)
    return buffer.getvalue()
