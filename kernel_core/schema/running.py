"""Run revisions on a scratch database and reflect it, where their operations cannot be read."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import URL, Connection, Engine, Index, MetaData, inspect
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import NoSuchTableError

from ..recording import operations_of
from ..runtime.migration import MigrationContext
from ..script import ScriptDirectory
from ..script.steps import Step, upgrade_steps
from ..util.exc import CommandError
from ..util.sqla_compat import default_sql
from .scratch import scratch_database

VERSION_TABLE = "alembic_version"

Scratch = Connection | Engine | URL | bool
"""Where revisions are run: an empty database, a server on which one is created, True for SQLite in memory."""


class ScratchRun:
    """An empty database on which a history is run up to a revision; ``start`` are tables that exist before it."""

    def __init__(self, scripts: ScriptDirectory, connection: Connection, start: MetaData | None) -> None:
        self._scripts, self._connection, self._start = scripts, connection, start
        existing = inspect(connection).get_table_names()
        if existing:
            raise CommandError(
                f"The scratch database has tables already: {', '.join(sorted(existing)[:3])}. Pass an empty one."
            )
        if start is not None:
            start.create_all(connection)
        connection.commit()

    def reflected(self, revision: str | tuple[str, ...]) -> tuple[MetaData, tuple[str, ...]]:
        """Upgrade to ``revision`` and return the tables of the database, and what SQLAlchemy cannot reflect of them."""

        def plan(heads: tuple[str, ...], context: MigrationContext) -> tuple[Step, ...]:
            return upgrade_steps(self._scripts.map, frozenset(heads), revision)

        context = MigrationContext.configure(
            self._connection, opts={"script": self._scripts, "fn": plan, "target_metadata": self._start}
        )
        try:
            context.run_migrations()
        except CommandError as error:
            raise CommandError(f"On a scratch database of {self._connection.dialect.name}: {error}") from error
        if self._connection.in_transaction():
            self._connection.commit()
        found = MetaData()  # without a naming convention, which would change names and give names
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Skipped unsupported reflection of expression-based index")
            for schema in (None, *self._schemas()):
                reflect(self._connection, found, schema=schema, only=lambda name, _: name != VERSION_TABLE)
        lost = tuple(_correct_indexes(self._connection, found)) if self._connection.dialect.name == "sqlite" else ()
        self._connection.rollback()
        for column in (column for table in found.tables.values() for column in table.columns):
            # PostgreSQL states the default of a serial column, which its type implies.
            default = default_sql(column.server_default).lower()
            if column.autoincrement is True and default.startswith("nextval("):
                column.server_default = None
        return found, lost

    def _schemas(self) -> list[str]:
        """Return the schemas besides the default one that hold tables of the history; a MariaDB database has none."""
        if self._connection.dialect.name != "postgresql":
            return []
        names = inspect(self._connection).get_schema_names()
        default = self._connection.dialect.default_schema_name
        return [name for name in names if name not in (default, "information_schema") and not name.startswith("pg_")]


def reflect(
    connection: Connection, metadata: MetaData, *, only: Callable[[str, object], bool], schema: str | None = None
) -> None:
    """Reflect tables, also where a foreign key refers to a table that does not exist, which SQLite permits."""
    try:
        metadata.reflect(connection, schema=schema, only=only)
    except NoSuchTableError:
        metadata.reflect(connection, schema=schema, only=only, resolve_fks=False)


def _correct_indexes(connection: Connection, metadata: MetaData) -> Iterator[str]:
    """Restore DESC in the indexes that SQLAlchemy reflects without it; yield a sentence for each with an expression.

    https://sqlite.org/pragma.html#pragma_index_xinfo
    """
    rows = connection.exec_driver_sql(
        "SELECT m.tbl_name, m.name, x.cid, x.name, x.desc FROM sqlite_master m, pragma_index_xinfo(m.name) x "
        "WHERE m.type = 'index' AND m.sql IS NOT NULL AND x.key ORDER BY m.name, x.seqno"
    ).all()
    for (table_name, name), group in itertools.groupby(rows, lambda row: (row[0], row[1])):
        parts = list(group)
        table = metadata.tables.get(table_name)
        if table is None:
            continue
        if any(cid < 0 for _, _, cid, _, _ in parts):
            yield f"index {name} of {table_name} has an expression, which SQLAlchemy does not reflect on SQLite"
        elif any(is_desc for *_, is_desc in parts):
            reflected = next(each for each in table.indexes if each.name == name)
            table.indexes.remove(reflected)
            columns = [table.c[column].desc() if is_desc else table.c[column] for *_, column, is_desc in parts]
            Index(name, *columns, unique=reflected.unique, **reflected.dialect_kwargs)


def refuse_other_databases(scripts: ScriptDirectory, dialect: Dialect) -> None:
    """Raise CommandError if a revision names a schema, which on MariaDB is another database than the scratch one."""
    for script in scripts.walk_revisions():
        for operation in operations_of(script, dialect).operations.ops:
            named = getattr(operation, "schema", None)
            if named:
                raise CommandError(
                    f"Revision {script.revision} changes the schema {named}, which on MariaDB is another database: "
                    f'"{operation.sentence()}". The history is not run. Read it without running.'
                )


@contextmanager
def scratch_run(
    scripts: ScriptDirectory, by_running: Scratch, start: MetaData | None, dialect: Dialect
) -> Iterator[ScratchRun | None]:
    """Yield the scratch run: on the given connection, on a scratch database of a server, None for False."""
    if by_running is False:
        yield None
    elif isinstance(by_running, Connection):
        yield ScratchRun(scripts, by_running, start)
    elif by_running is True and dialect.name not in ("sqlite", "default"):
        raise CommandError(
            f"by_running=True runs on SQLite in memory, not on {dialect.name}. "
            "Pass an engine or a URL of its server, or a connection to an empty scratch database."
        )
    else:
        if dialect.name in ("mysql", "mariadb"):
            refuse_other_databases(scripts, dialect)
        with scratch_database("sqlite://" if by_running is True else by_running) as connection:
            yield ScratchRun(scripts, connection, start)
