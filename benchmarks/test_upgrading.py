"""Running many small revisions: CPU seconds, asserted as ratios to Alembic's.

pytest benchmarks/test_upgrading.py -s
"""

import io
import itertools
import os

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

pytestmark = pytest.mark.peer

SERVER = os.environ.get("MIG_TEST_POSTGRESQL", "postgresql+psycopg://root@127.0.0.1:5432/postgres")


@pytest.fixture
def history(tmp_path, environment_of):
    """Return a function (engine, revisions, per revision or not) that writes an environment and returns its parts."""

    def written(engine, revisions, *, each=None):
        made = environment_of(engine, tmp_path / engine)
        made.write(revisions)
        if each is not None:
            path = made.folder / "env.py"
            path.write_text(path.read_text().replace("=None)", f"=None, transaction_per_migration={each})"))
        return made, made.module("command").upgrade

    return written


@pytest.fixture
def postgresql_url():
    """The URL of a new, empty database for each run; dropped at the end."""
    server = sa.create_engine(SERVER, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    name = f"mig_upgrading_{os.getpid()}"

    def run(*statements):
        with server.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def fresh():
        run(f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name}")
        return make_url(SERVER).set(database=name).render_as_string(hide_password=False)

    try:
        fresh()
    except sa.exc.OperationalError:
        pytest.skip("no PostgreSQL")
    yield fresh
    run(f"DROP DATABASE {name}")


def test_1000_revisions_on_sqlite_take_less_than_a_third_of_the_time(side_by_side, history, tmp_path):
    """Making and compiling SQLAlchemy's Table takes most."""
    number = itertools.count()

    def ready(engine):
        environment, upgrade = history(engine, 1000)

        def prepare():
            config = environment.config(tmp_path / f"{next(number)}.db")
            return lambda: upgrade(config, "head")

        return prepare

    side_by_side("run 1,000 revisions, SQLite", ready, limit=3.5, goal=6, rounds=4)


def bare_driver(url, group=50):
    """Prepare what a run of 300 revisions sends at least, by the driver alone: savepoints, tables, and version rows."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)")
        connection.execute("INSERT INTO alembic_version VALUES ('0')")

    def work():
        with psycopg.connect(url.replace("+psycopg", "")) as connection:
            for number in range(300):
                connection.execute("SAVEPOINT one")
                connection.execute(f"CREATE TABLE t{number} (id SERIAL PRIMARY KEY, name VARCHAR(50))")
                if number % group == group - 1:
                    connection.execute("UPDATE alembic_version SET version_num = %s", [str(number)])
                    connection.commit()

    return work


@pytest.mark.parametrize(
    ("each", "limit"), [pytest.param(True, 1.2, id="own transactions"), pytest.param(False, 1.2, id="one transaction")]
)
def test_300_revisions_on_postgresql_take_less_time(side_by_side, history, postgresql_url, each, limit):
    """In their own transactions (which revisions like these share), or in one for all, which is Alembic's default."""

    def ready(engine):
        environment, upgrade = history(engine, 300, each=each)

        def prepare():
            config = environment.config()
            config.set_main_option("sqlalchemy.url", postgresql_url())
            return lambda: upgrade(config, "head")

        return prepare

    how = "own transactions" if each else "one transaction"
    side_by_side(
        f"run 300 revisions, PostgreSQL, {how}",
        ready,
        limit=limit,
        goal=3.3,
        floor=lambda: bare_driver(postgresql_url()),
        rounds=6,
    )


def test_300_revisions_as_a_script_take_two_thirds_of_the_time(side_by_side, history):
    """Most of it is making the tables and compiling them.

    Making the Table that `create_table` returns takes an eighth of Alembic's time by itself, compiling it a tenth.
    """

    def ready(engine):
        environment, upgrade = history(engine, 300)
        path = environment.folder / "env.py"
        path.write_text(
            f"from {engine} import context\n"
            "context.configure(dialect_name='postgresql', literal_binds=True)\n"
            "with context.begin_transaction():\n    context.run_migrations()\n"
        )

        def prepare():
            config = environment.config()
            config.output_buffer = io.StringIO()
            return lambda: upgrade(config, "head", sql=True)

        return prepare

    side_by_side("write a script of 300 revisions", ready, limit=1.5, goal=6.7, rounds=9)
