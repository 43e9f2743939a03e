"""The steps of a test in each round with a random schema."""

import warnings

import sqlalchemy as sa
from hypothesis import HealthCheck, settings

from kernel_core.autogenerate import compare_metadata, produce_migrations, render_python_code
from kernel_core.operations import Operations


def draws(rounds):
    """Return the settings of a property that is tried on so many schemas."""
    return settings(max_examples=rounds, suppress_health_check=list(HealthCheck))


def wipe(connection):
    """Drop everything that a round has made."""
    connection.rollback()
    if connection.dialect.name == "postgresql":
        name = connection.dialect.default_schema_name
        connection.execute(sa.text(f"DROP SCHEMA {name} CASCADE"))
        connection.execute(sa.text(f"CREATE SCHEMA {name}"))
        connection.commit()
        return
    connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
    for name in sa.inspect(connection).get_table_names():
        connection.execute(sa.schema.DropTable(sa.Table(name, sa.MetaData())))
    connection.commit()


def create(metadata, connection):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sa.exc.SAWarning)
        metadata.create_all(connection)


def run(context, operations, batch=False):
    """Write the operations, on SQLite in batches, and run what was written."""
    batch = batch or context.dialect.name == "sqlite"
    imports = set()
    body = render_python_code(operations, render_as_batch=batch, imports=imports, migration_context=context)
    namespace = {}
    source = "\n".join(["import sqlalchemy as sa", *sorted(imports), "def migrate(op):", f"    {body}"])
    exec(compile(source, "version.py", "exec"), namespace)
    namespace["migrate"](Operations(context))


def migrated(make_context, connection, metadata, **opts):
    """Compare, write, run what was written; return what was found, and assert that nothing is left."""
    context = make_context(connection, target_metadata=metadata, compare_server_default=True, **opts)
    script = produce_migrations(context, metadata)
    run(context, script.upgrade_ops)
    assert compare_metadata(context, metadata) == []
    return script


def undone(make_context, connection, script, metadata, **opts):
    """Run the downgrade of what was found, and assert that the database is what ``metadata`` says."""
    context = make_context(connection, target_metadata=metadata, compare_server_default=True, **opts)
    run(context, script.downgrade_ops)
    assert compare_metadata(context, metadata) == []
