"""Configure the databases to migrate, and the metadata to compare each of them with.

Every command that needs the databases runs this file. Their names are ``databases`` of the ini file; the URL of ``main``
is that of DATABASE_URL_MAIN, else ``sqlalchemy.url`` of the section ``[main]``. Keep passwords in DATABASE_URL_MAIN.
"""

import os
import re
from logging.config import fileConfig

from sqlalchemy import create_engine, make_url, pool

from kernel_core import context
from kernel_core.util import CommandError

config = context.config

# The command line configures logging from the ini file; a notebook keeps its own configuration.
if config.config_file_name is not None and config.cmd_opts is not None and os.path.exists(config.config_file_name):
    if config.file_config.has_section("loggers"):
        fileConfig(config.config_file_name, disable_existing_loggers=False, encoding="utf-8")

names = [name for name in re.split(r"[,\s]+", config.get_main_option("databases", "")) if name]
if not names or not all(name.isidentifier() for name in names):
    raise CommandError("databases in the ini file must name the databases, each by a word: databases = main, archive")

# The metadata that autogenerate compares each database with, by the name of the database:
#     from myapp import models
#     target_metadata = {"main": models.Main.metadata, "archive": models.Archive.metadata}
target_metadata = config.attributes.get("target_metadata") or {}

if config.attributes.get("connection") is not None:
    raise CommandError(
        f"This environment migrates several databases: {', '.join(names)}. "
        "Hand over a connection for each in config.attributes['connections'], or use the command line."
    )


def database_url(name):
    """Return the URL of one database."""
    variable = f"DATABASE_URL_{name.upper()}"
    url = os.environ.get(variable) or config.get_section_option(name, "sqlalchemy.url")
    if not url:
        raise CommandError(f"The database {name} has no URL. Set {variable}, or sqlalchemy.url in section [{name}].")
    return make_url(url)


def options(name, backend):
    """Return the options of context.configure() for one database, online and offline."""
    return {
        "target_metadata": target_metadata.get(name),
        # The version file has an upgrade and a downgrade for each database.
        "upgrade_token": f"{name}_upgrades",
        "downgrade_token": f"{name}_downgrades",
        # SQLite changes most parts of a table only by rebuilding it, for which changes are written as batches.
        "render_as_batch": backend == "sqlite",
    }


def write_script():
    """Write the SQL of each database to a file of its name, without connecting."""
    for name in names:
        url = database_url(name)
        with open(f"{name}.sql", "w", encoding="utf-8") as script:
            context.configure(
                url=url,
                output_buffer=script,
                literal_binds=True,
                dialect_opts={"paramstyle": "named"},
                **options(name, url.get_backend_name()),
            )
            with context.begin_transaction():
                context.run_migrations(engine_name=name)


def migrate_database():
    """Run on the connections that were passed, or else open them."""
    given = config.attributes.get("connections") or {}
    for name in names:
        if name in given:
            migrate(name, given[name])
            continue
        engine = create_engine(database_url(name), poolclass=pool.NullPool)
        with engine.connect() as connection:
            migrate(name, connection)


def migrate(name, connection):
    """Run the command on one database."""
    context.configure(connection=connection, **options(name, connection.dialect.name))
    with context.begin_transaction():
        context.run_migrations(engine_name=name)


if context.is_offline_mode():
    write_script()
else:
    migrate_database()
