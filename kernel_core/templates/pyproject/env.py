"""Configure the database to migrate, and the metadata to compare it with.

Every command that needs the database runs this file. A notebook passes its open connection and its metadata; on the
command line the URL is that of DATABASE_URL, else ``sqlalchemy.url`` of the ini file. Keep passwords in DATABASE_URL.
"""

import os
from logging.config import fileConfig

from sqlalchemy import create_engine, make_url, pool

from kernel_core import context
from kernel_core.util import CommandError

config = context.config

# The command line configures logging from the ini file; a notebook keeps its own configuration.
if config.config_file_name is not None and config.cmd_opts is not None and os.path.exists(config.config_file_name):
    if config.file_config.has_section("loggers"):
        fileConfig(config.config_file_name, disable_existing_loggers=False, encoding="utf-8")

# The metadata that autogenerate compares the database with. Outside a notebook, set yours:
#     from myapp.models import Base
#     target_metadata = Base.metadata
target_metadata = config.attributes.get("target_metadata")


def database_url():
    """Return the URL of the database."""
    url = os.environ.get("DATABASE_URL") or config.get_main_option("sqlalchemy.url")
    if not url:
        raise CommandError("No database is named. Set DATABASE_URL, or sqlalchemy.url in the ini file.")
    return make_url(url)


def options(backend):
    """Return the options of context.configure(), online and offline."""
    return {
        "target_metadata": target_metadata,
        # SQLite changes most parts of a table only by rebuilding it, for which changes are written as batches.
        "render_as_batch": backend == "sqlite",
    }


def write_script():
    """Print the SQL instead of running it, without connecting."""
    connection = config.attributes.get("connection")
    url = database_url() if connection is None else connection.engine.url
    context.configure(
        url=url, literal_binds=True, dialect_opts={"paramstyle": "named"}, **options(url.get_backend_name())
    )
    with context.begin_transaction():
        context.run_migrations()


def migrate_database():
    """Run on the connection that was passed, or else open one."""
    connection = config.attributes.get("connection")
    if connection is not None:
        migrate(connection)
        return
    engine = create_engine(database_url(), poolclass=pool.NullPool)
    with engine.connect() as connection:
        migrate(connection)


def migrate(connection):
    """Run the command on ``connection``."""
    context.configure(connection=connection, **options(connection.dialect.name))
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    write_script()
else:
    migrate_database()
