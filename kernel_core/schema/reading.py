"""Read and compare a database with everything that autogenerate compares, whatever ``env.py`` chooses."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import CheckConstraint, MetaData, Table

from ..autogenerate.compare.reflect import Database
from ..autogenerate.compare.reflected_objects import final, is_of_create_table
from ..autogenerate.compare.schemas import compared_schemas
from ..autogenerate.context import AutogenContext
from ..autogenerate.databases.catalog import CheckInfo
from ..autogenerate.proposal import compared
from ..operations.operation import MigrateOperation
from ..runtime.migration import MigrationContext
from ..util.sqla_compat import literal_text

EVERYTHING = ("kernel_core.autogenerate.*", "kernel_core.ext.*")
"""The comparisons of this package: Alembic's and those beyond."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What differs: the operations that would make the database match, and differences that no operation removes."""

    operations: tuple[MigrateOperation, ...]
    warnings: tuple[str, ...]


def comparing(
    context: MigrationContext, metadata: MetaData, schemas: Collection[str | None] | None = None
) -> AutogenContext:
    """Return the context of a comparison with ``metadata``; ``schemas`` are those compared, None for the default one.

    By default they are all of a PostgreSQL database that ``include_name`` includes, elsewhere as ``env.py`` says.
    """
    opts = dict(context.opts)
    chosen = opts.get("autogenerate_plugins")
    opts["autogenerate_plugins"] = [*EVERYTHING, *(chosen or ())]
    opts["compare_server_default"] = opts.get("compare_server_default") or True
    opts["compare_type"] = opts.get("compare_type") or True
    opts["include_schemas"] = opts.get("include_schemas") or schemas is not None or context.dialect.name == "postgresql"
    if schemas is not None:
        opts["include_name"] = _only_schemas(opts.get("include_name"), frozenset(schemas))
    return AutogenContext(context, metadata, opts=opts)


def _only_schemas(hook: Any, schemas: frozenset[str | None]) -> Any:
    def include_name(name: str | None, type_: str, parents: Mapping[str, str | None]) -> bool:
        if type_ == "schema" and name not in schemas:
            return False
        return hook is None or bool(hook(name, type_, parents))

    return include_name


def differences(
    context: MigrationContext, metadata: MetaData, schemas: Collection[str | None] | None = None
) -> Compared:
    """Compare the database with ``metadata``; read what is uncommitted in its transaction, write nothing."""
    found = comparing(context, metadata, schemas)
    with quiet():
        operations = compared(found, "off", read_rows=False)
    return Compared(tuple(operations.leaves()), tuple(found.warnings))


def database_of(found: AutogenContext) -> Database:
    """Return the tables of the database that a context compares."""
    with quiet():
        return Database(found, compared_schemas(found))


def reflected(database: Database) -> MetaData:
    """Return all tables that were read, with what SQLAlchemy's own reflection leaves out."""
    metadata = MetaData()
    for key, info in database.infos.items():
        table: Table = database.table(key)
        for column in table.columns:
            column.type = database.context.rules.complete_type(info, info.columns[str(column.name)])
        for check in info.checks:
            if not is_of_create_table(check) and not _is_of_type(check):
                table.append_constraint(check_of(check))
        for name, sql in info.unreadable.items():
            if sql is not None and all(index.name != name for index in table.indexes):
                database.context.rules.index_from(name, sql, table)
        metadata = table.metadata
    read = {table.key for table in map(database.table, database.infos)}
    for table in [each for each in metadata.tables.values() if each.key not in read]:
        metadata.remove(table)  # a placeholder that a foreign key refers to
    return metadata


def check_of(info: CheckInfo) -> CheckConstraint:
    """Return a check as a constraint of a table, also one that SQLAlchemy cannot create as it is."""
    return CheckConstraint(literal_text(info.sqltext), name=final(info.name) if info.column is None else None)


def _is_of_type(check: CheckInfo) -> bool:
    """Return whether a check inside a column belongs to its type: that of JSON on MariaDB."""
    return check.column is not None and check.sqltext.lower().startswith("json_valid(")


@contextmanager
def quiet() -> Iterator[None]:
    """Suppress Python warnings inside the block; those of a comparison are in ``AutogenContext.warnings``."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
