"""Adopt a random database, and compare all that follows from it."""

from __future__ import annotations

import shutil
from pathlib import Path

import sqlalchemy as sa
from catalogs import catalog
from random_databases import random_database

from kernel_core import command
from kernel_core.adoption import Located
from kernel_core.config import Config
from kernel_core.util.exc import NotAdopted


def created(url: str, statements: list[str]) -> int:
    """Run those statements that the database accepts, each in its own transaction; return the number of tables."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    made = 0
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for statement in statements:
            try:
                connection.exec_driver_sql(
                    statement.replace("%", "%%") if engine.dialect.name != "sqlite" else statement
                )
            except sa.exc.DBAPIError:
                continue  # an index too many, a default that does not fit: the rest of the database counts
            made += "TABLE" in statement.split("(")[0] and statement.startswith("CREATE")
    return made


def environment(folder: Path, url: str) -> Config:
    """Return the configuration of a fresh environment whose ``env.py`` connects to ``url``."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    config = Config(str(folder / "alembic.ini"))
    config.prints_results = False
    command.init(config, str(folder / "migrations"))
    return pointed(folder, url)


def pointed(folder: Path, url: str) -> Config:
    """Return the configuration of the environment for a database."""
    config = Config(str(folder / "alembic.ini"))
    config.prints_results = False
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config


def adopted(dialect: str, seed: int, url: str, empty: str, folder: Path) -> list[str]:
    """Adopt random database ``seed`` at ``url``; return what is wrong, nothing where all is right.

    ``empty`` is an empty database of the same kind, in which the baseline is run.
    """
    if not created(url, random_database(dialect, seed)):
        return []
    before = catalog(url)
    config = environment(folder, url)
    wrong = []
    try:
        done = command.adopt(config, rev_id="base1", models=folder / "models.py")
    except NotAdopted as refused:
        return [] if "takes a dot" in str(refused) and catalog(url) == before else [str(refused)]
    assert done.models is not None
    if catalog(url) != before:
        wrong.append("the database was changed")
    wrong += [f"models: {each}" for each in done.models.deviations]
    found: Located
    [found] = command.locate(pointed(folder, url))
    if not found.is_certain or found.best.heads != ("base1",):
        wrong.append("\n".join(found.sentences()))
    command.upgrade(pointed(folder, empty), "head")
    after = catalog(empty)
    unused = set()
    for each in done.baseline.outside:
        schema, _, name = each.name.rpartition(".")
        kind = {"enum type": "TYPE", "schema without tables": "SCHEMA"}.get(each.kind, each.kind)
        unused.add(f"{'-' if kind == 'SCHEMA' else schema or 'public'} {kind} {name}".replace('"', ""))
    for name in sorted({*before, *after} - unused):
        if before.get(name) != after.get(name):
            wrong.append(f"catalog, {name}:\n  {before.get(name)}\n  {after.get(name)}")
    return wrong
