"""A fresh database per test, and migrations from one schema to another with all plugins."""

from __future__ import annotations

import uuid

import pytest
import sqlalchemy as sa

from kernel_core.autogenerate import produce_migrations, render_python_code
from kernel_core.operations import Operations
from kernel_core.runtime.migration import MigrationContext

ALL = ["alembic.autogenerate.*", "kernel_core.ext.*"]


class Migration:
    """Migrations from one schema to another and back, with a comparison after each."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection
        self.name = connection.dialect.name
        self.statements: list[str] = []
        sa.event.listen(connection, "before_cursor_execute", lambda *heard: self.statements.append(heard[2]))

    def create(self, metadata: sa.MetaData) -> None:
        metadata.create_all(self.connection)
        self.connection.commit()

    def wipe(self) -> None:
        """Drop all objects that the test has created."""
        self.connection.rollback()
        if self.name == "sqlite":
            self.connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
            for name in sa.inspect(self.connection).get_table_names():
                self.connection.exec_driver_sql(f'DROP TABLE "{name}"')
        elif self.name == "postgresql":
            self.connection.exec_driver_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
            self.connection.exec_driver_sql("DROP SCHEMA IF EXISTS other CASCADE")
        else:
            self.connection.exec_driver_sql("SET foreign_key_checks = 0")
            for name in sa.inspect(self.connection).get_table_names():
                self.connection.exec_driver_sql(f"DROP TABLE `{name}`")
        self.connection.commit()

    def script(self, metadata, plugins=ALL, **opts):
        """Return the script that makes the database match ``metadata``."""
        opts = {"renames": "off", "compare_server_default": True, **opts}
        opts |= {"target_metadata": metadata, "autogenerate_plugins": list(plugins)}
        self.context = MigrationContext.configure(self.connection, opts=opts)
        script = produce_migrations(self.context, metadata)
        self.connection.rollback()
        return script

    def found(self, metadata, plugins=ALL, **opts) -> list[str]:
        """Return the sentences of the differences."""
        return [leaf.sentence() for leaf in self.script(metadata, plugins, **opts).upgrade_ops.leaves()]

    def run(self, operations) -> str:
        """Write the operations as Python, run what was written, and return it."""
        imports: set[str] = set()
        batch = self.name == "sqlite"
        body = render_python_code(operations, render_as_batch=batch, imports=imports, migration_context=self.context)
        head = ["import sqlalchemy as sa", *sorted(imports), "def migrate(op):"]
        namespace: dict[str, object] = {}
        exec("\n".join([*head, f"    {body}"]), namespace)
        with self.context.begin_transaction():
            namespace["migrate"](Operations(self.context))
        return body

    def there_and_back(self, before: sa.MetaData, after: sa.MetaData, plugins=ALL) -> list[str]:
        """Create ``before``; go to ``after`` and back by what is written; return in words what was found first."""
        self.create(before)
        assert self.found(before, plugins) == [], "what was created differs"
        script = self.script(after, plugins)
        sentences = [leaf.sentence() for leaf in script.upgrade_ops.leaves()]
        self.run(script.upgrade_ops)
        assert self.found(after, plugins) == [], "what was migrated differs"
        self.run(script.downgrade_ops)
        assert self.found(before, plugins) == [], "what was undone differs"
        return sentences


@pytest.fixture(scope="session")
def databases(request):
    """URLs of one fresh database per server for the session, created on first use."""
    made = {}

    def url(name):
        if name not in made:
            making = _MAKE[name](request)
            made[name] = next(making), making
        return made[name][0]

    yield url
    for _, making in made.values():
        next(making, None)


def _fresh(server, suffix, drop):
    def make(request):
        found = request.getfixturevalue(server)
        name = f"mig_beyond_{uuid.uuid4().hex[:10]}"
        engine = sa.create_engine(found, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}{suffix}")
        yield found.set(database=name)
        with engine.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name}{drop}")

    return make


_MAKE = {
    "sqlite": lambda request: iter(["sqlite://"]),
    "postgresql": _fresh("postgresql_server", " TEMPLATE template0", " WITH (FORCE)"),
    "mariadb": _fresh("mariadb_server", " CHARACTER SET utf8mb4", ""),
}


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param("postgresql", marks=pytest.mark.postgresql),
        pytest.param("mariadb", marks=pytest.mark.mariadb),
    ]
)
def migration(request, databases):
    """Migrations on each of the databases."""
    yield from _migration(databases(request.param))


@pytest.fixture
def sqlite_migration(databases):
    yield from _migration(databases("sqlite"))


@pytest.fixture
def postgresql_migration(databases):
    yield from _migration(databases("postgresql"))


@pytest.fixture
def mariadb_migration(databases):
    yield from _migration(databases("mariadb"))


def _migration(url):
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        migration = Migration(connection)
        yield migration
        migration.wipe()
    engine.dispose()
