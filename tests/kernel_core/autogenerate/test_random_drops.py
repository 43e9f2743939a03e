"""A random part of a random rich schema is dropped by a written script; its downgrade gives the same schema again.

The same is: as this engine reads the catalog, and as the database itself states it (``pg_dump --schema-only``,
SHOW CREATE TABLE, ``sqlite_master``), the order of columns aside, which come back behind the others.
"""

from __future__ import annotations

import dataclasses
import random
import re
import subprocess
import warnings
from typing import Any

import pytest
import sqlalchemy as sa
from random_drops import MAKERS, Schema
from rounds import run
from sqlalchemy.sql.elements import ClauseElement

from kernel_core.autogenerate import produce_migrations
from kernel_core.autogenerate.databases import rules_of
from kernel_core.ddl.sqlite.create_table import parse_table
from kernel_core.ddl.sqlite.equivalence import constraints_of
from kernel_core.runtime.migration import MigrationContext

BEYOND = {"autogenerate_plugins": ["alembic.autogenerate.*", "kernel_core.ext.*"]}


def seeds(sample: int, full: int) -> list[Any]:
    return [*range(sample), *(pytest.param(seed, marks=pytest.mark.sweep) for seed in range(sample, full))]


def stated(connection: sa.Connection) -> dict[str, Any]:
    """What the database itself states of its schema."""
    if connection.dialect.name == "postgresql":
        return {"dump": pg_dump(connection)}
    if connection.dialect.name == "mysql":
        names = sa.inspect(connection).get_table_names()
        return {name: show_create(connection, name) for name in names}
    rows = connection.exec_driver_sql("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL").all()
    return {f"{type_} {name}": sqlite_words(type_, sql) for type_, name, sql in rows if not name.startswith("sqlite_")}


def pg_dump(connection: sa.Connection) -> list[str]:
    url = connection.engine.url
    connection.commit()
    schema = connection.dialect.default_schema_name
    command = ["pg_dump", "-s", "-O", "-x", "-n", str(schema), "-h", str(url.host), "-p", str(url.port or 5432)]
    done = subprocess.run(
        [*command, "-U", str(url.username), str(url.database)], capture_output=True, text=True, check=True
    )
    lines = (line.strip().rstrip(",") for line in done.stdout.splitlines())
    noise = ("--", "SET ", "SELECT ", "\\")
    return sorted(line for line in lines if line and not line.startswith(noise))


def show_create(connection: sa.Connection, name: str) -> list[str]:
    sql = connection.exec_driver_sql(f"SHOW CREATE TABLE `{name}`").one()[1]
    return sorted(line.strip().rstrip(",") for line in re.sub(r" AUTO_INCREMENT=\d+", "", sql).splitlines())


def sqlite_words(type_: str, sql: str) -> Any:
    if type_ != "table":
        return " ".join(sql.replace('"', "").split()).casefold()
    table = parse_table(sql)
    columns = []
    for column in table.columns:
        clauses = sorted(
            re.sub(r'[()"]', "", " ".join(each.text.split()))
            for each in column.clauses
            if each.kind not in ("PRIMARY KEY", "UNIQUE", "CHECK", "FOREIGN KEY")
        )
        columns.append((column.name, column.type_text.upper().replace("INTEGER", "INT"), clauses))
    return sorted(columns), sorted(constraints_of(table).elements()), table.options.upper()


def read(connection: sa.Connection) -> dict[Any, Any]:
    """What this engine reads of the schema, without the order of columns and what only describes."""

    def plain(value: Any) -> Any:
        if dataclasses.is_dataclass(value):
            return plain({each.name: getattr(value, each.name) for each in dataclasses.fields(value)})
        if isinstance(value, dict):
            return {key: plain(item) for key, item in sorted(value.items()) if key not in ("sql", "primary_key")}
        if isinstance(value, (list, tuple)):
            return [plain(item) for item in value]
        return str(value) if isinstance(value, ClauseElement) else repr(value)

    catalog = rules_of(connection.dialect).read_catalog(
        connection, lambda: sa.inspect(connection), [None], lambda key: True
    )
    found = {}
    for key, info in catalog.tables.items():
        parts = (info.foreign_keys, info.uniques, info.indexes, info.checks, info.excludes)
        found[key] = [
            {name: plain(item) for name, item in sorted(info.columns.items())},
            plain(info.primary_key),
            *(sorted((plain(item) for item in each), key=repr) for each in parts),
            info.comment,
            plain(info.options),
            info.prefixes,
        ]
    return found


class Part:
    """What is dropped: whole tables, columns of others, and indexes and constraints by their names."""

    def __init__(self, schema: Schema, seed: int) -> None:
        draw = random.Random(seed + 1_000_000)
        names = list(schema.tables)
        self.tables = set(draw.sample(names, draw.randint(0, len(names))))
        self.columns = {
            name: set(draw.sample(columns, draw.randint(1, max(1, len(columns) // 2))))
            for name, columns in schema.tables.items()
            if name not in self.tables
        }
        self.named = {name for name in schema.named if draw.random() < 0.3}

    def includes(self, item: Any, name: str | None, type_: str, reflected: bool, compare_to: Any) -> bool:
        """The hook ``include_object``."""
        if type_ == "table":
            return name != "par"
        gone = self.columns.get(str(item.table.name), set())
        if type_ == "column":
            return reflected and name in gone
        about = {str(column.name) for column in getattr(item, "columns", ())}
        texts = [
            getattr(item, "sqltext", ""),
            *getattr(item, "expressions", ()),
            *getattr(item, "dialect_kwargs", {}).values(),
        ]
        words = set(re.findall(r"\w+", " ".join(map(str, texts))))
        return reflected and bool(name in self.named or (about | words) & gone)


def model(connection: sa.Connection, part: Part) -> sa.MetaData:
    """The tables that stay, with their keys and the columns that stay."""
    metadata = sa.MetaData()
    inspector = sa.inspect(connection)
    for name, gone in part.columns.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            keys = inspector.get_pk_constraint(name)["constrained_columns"]
            comment = inspector.get_table_comment(name)["text"] if connection.dialect.supports_comments else None
            columns = [item for item in inspector.get_columns(name) if item["name"] not in gone]
        sa.Table(
            name,
            metadata,
            *(sa.Column(item["name"], item["type"], primary_key=item["name"] in keys) for item in columns),
            comment=comment,
        )
    return metadata


def drop_and_come_back(connection: sa.Connection, seed: int) -> None:
    schema = MAKERS[connection.dialect.name](seed).make()
    for statement in schema.statements:
        connection.exec_driver_sql(statement.replace("%", "%%") if connection.dialect.name != "sqlite" else statement)
    connection.commit()
    before, read_before = stated(connection), read(connection)
    part = Part(schema, seed)
    metadata = model(connection, part)
    own = BEYOND if seed % 2 else {}
    batch = connection.dialect.name == "sqlite" or seed % 4 == 3
    options = {"target_metadata": metadata, "include_object": part.includes, "render_as_batch": batch, **own}
    context = MigrationContext.configure(connection, opts=options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        script = produce_migrations(context, metadata)
    run(context, script.upgrade_ops, batch)
    connection.commit()
    if part.tables or any(part.columns.values()):
        assert stated(connection) != before
    run(context, script.downgrade_ops, batch)
    connection.commit()
    assert stated(connection) == before
    assert read(connection) == read_before


@pytest.mark.parametrize("seed", seeds(8, 500))
def test_sqlite_re_creates_dropped_objects(seed: int, sqlite: sa.Connection) -> None:
    drop_and_come_back(sqlite, seed)


@pytest.mark.parametrize("seed", seeds(4, 300))
@pytest.mark.costly
def test_postgresql_re_creates_dropped_objects(seed: int, postgresql: sa.Connection) -> None:
    drop_and_come_back(postgresql, seed)


@pytest.mark.parametrize("seed", seeds(4, 300))
def test_mariadb_re_creates_dropped_objects(seed: int, mariadb: sa.Connection) -> None:
    drop_and_come_back(mariadb, seed)
