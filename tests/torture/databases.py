"""The databases of the tests: emptying them, and the fingerprint of catalog and rows by which two are compared."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

Fingerprint = frozenset[tuple[str, str]]

VERSION_TABLE = "alembic_version"
"""The table of current revisions."""

KINDS = [
    "sqlite",
    pytest.param("postgresql", marks=pytest.mark.postgresql),
    pytest.param("mariadb", marks=pytest.mark.mariadb),
]
"""The parameters of the fixture ``database``."""

_OWN = re.compile(r"alembic_version_\w+")
"""Tables of the engine itself besides the version table: what they hold depends on the way, not on the goal."""

_POSTGRESQL = {
    "columns": """SELECT c.relname, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
            pg_get_expr(d.adbin, d.adrelid)
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped""",
    "relations": "SELECT relname, relkind FROM pg_class WHERE relnamespace = 'public'::regnamespace",
    "constraints": """SELECT conrelid::regclass, conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace""",
    "indexes": """SELECT indrelid::regclass, pg_get_indexdef(indexrelid), indisvalid, indisready
        FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid WHERE relnamespace = 'public'::regnamespace""",
    "views": "SELECT viewname, definition FROM pg_views WHERE schemaname = 'public'",
    "types": """SELECT typname, typtype, (SELECT array_agg(enumlabel ORDER BY enumsortorder) FROM pg_enum
        WHERE enumtypid = t.oid) FROM pg_type t WHERE typnamespace = 'public'::regnamespace""",
}


@dataclass(frozen=True)
class Database:
    """A database that a test may empty."""

    url: str

    @property
    def kind(self) -> str:
        """sqlite, postgresql or mysql."""
        return sa.make_url(self.url).get_backend_name()

    @property
    def is_transactional(self) -> bool:
        """Whether a rollback undoes DDL."""
        return self.kind != "mysql"

    @property
    def path(self) -> Path:
        """The file of a SQLite database."""
        return Path(sa.make_url(self.url).database or "")

    @contextmanager
    def connect(self) -> Iterator[sa.Connection]:
        """Open a connection that commits each statement."""
        engine = sa.create_engine(self.url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            yield connection

    def rows(self, statement: str) -> list[Any]:
        """Return what a query gives, the first column of each row."""
        with self.connect() as connection:
            return [row[0] for row in connection.exec_driver_sql(statement)]

    def heads(self) -> list[str]:
        """Return the rows of the version table, [] without one."""
        with self.connect() as connection:
            if not sa.inspect(connection).has_table(VERSION_TABLE):
                return []
            return sorted(connection.scalars(sa.text(f"SELECT version_num FROM {VERSION_TABLE}")))

    def empty(self) -> None:
        """Make the database as it was new."""
        if self.kind == "sqlite":
            for suffix in ("", "-journal", "-wal", "-shm"):
                Path(f"{self.path}{suffix}").unlink(missing_ok=True)
            return
        with self.connect() as connection:
            if self.kind == "postgresql":
                connection.exec_driver_sql("DROP SCHEMA public CASCADE")
                connection.exec_driver_sql("CREATE SCHEMA public")
            else:
                name = sa.make_url(self.url).database
                connection.exec_driver_sql(f"DROP DATABASE {name}")
                connection.exec_driver_sql(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")

    def fingerprint(self) -> Fingerprint:
        """Return a description of each catalog object and each row, apart from the engine's own journal."""
        with self.connect() as connection:
            found = [*_catalog(connection), *_rows(connection)]
        return frozenset((kind, self._anywhere(text)) for kind, text in found if not _OWN.search(f"{kind} {text}"))

    def catalog(self) -> Fingerprint:
        """Return a description of each catalog object but the engine's own, without the order of columns."""
        with self.connect() as connection:
            return frozenset((kind, self._anywhere(text)) for kind, text in _objects(sa.inspect(connection)))

    def _anywhere(self, text: str) -> str:
        """Leave the name of the database out: MariaDB writes it into the definition of a view."""
        return text.replace(f"`{sa.make_url(self.url).database}`.", "")


def _objects(inspector: sa.Inspector) -> Iterator[tuple[str, str]]:
    for table in inspector.get_table_names():
        if table.startswith(VERSION_TABLE):
            continue
        yield "table", table
        yield f"{table}: key", str(inspector.get_pk_constraint(table)["constrained_columns"])
        for kind, of in (
            ("column", inspector.get_columns),
            ("index", inspector.get_indexes),
            ("unique", inspector.get_unique_constraints),
            ("foreign key", inspector.get_foreign_keys),
            ("check", inspector.get_check_constraints),
        ):
            yield from (
                (f"{table}: {kind}", str(sorted((name, str(value)) for name, value in each.items())))
                for each in of(table)
            )
    for view in inspector.get_view_names():
        yield "view", f"{view}: {inspector.get_view_definition(view)}"
    if inspector.dialect.name == "postgresql":
        yield from (("enum", str(each)) for each in inspector.get_enums())


def _catalog(connection: sa.Connection) -> Iterator[tuple[str, str]]:
    run = connection.exec_driver_sql
    if connection.dialect.name == "postgresql":
        for kind, query in _POSTGRESQL.items():
            yield from ((kind, str(tuple(row))) for row in run(query))
    elif connection.dialect.name == "sqlite":
        yield from (("object", str(tuple(row))) for row in run("SELECT type, name, tbl_name, sql FROM sqlite_master"))
    else:
        for (name,) in run("SHOW TABLES").fetchall():
            text = run(f"SHOW CREATE TABLE `{name}`").one()[1]
            yield "object", re.sub(r" AUTO_INCREMENT=\d+|DEFINER=\S+", "", text)


def _rows(connection: sa.Connection) -> Iterator[tuple[str, str]]:
    for name in sa.inspect(connection).get_table_names():
        yield from ((f"row of {name}", str(tuple(row))) for row in connection.execute(sa.text(f"SELECT * FROM {name}")))


def difference(found: Fingerprint, expected: Fingerprint) -> list[str]:
    """Return what only one of two fingerprints has, for a message."""
    extra = sorted(f"+ {kind}: {text}" for kind, text in found - expected)
    return extra + sorted(f"- {kind}: {text}" for kind, text in expected - found)
