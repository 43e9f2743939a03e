"""Running many small revisions: CPU seconds, asserted as ratios to Alembic's.

pytest -m peer benchmarks/test_upgrading.py -s
"""

import io
import itertools
import os
import re
import sqlite3
import time
from contextlib import contextmanager

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


def test_1000_revisions_on_sqlite_take_a_fifth_of_the_time(side_by_side, history, tmp_path):
    """Making and compiling SQLAlchemy's Table takes most."""
    number = itertools.count()

    def ready(engine):
        environment, upgrade = history(engine, 1000)

        def prepare():
            config = environment.config(tmp_path / f"{next(number)}.db")
            return lambda: upgrade(config, "head")

        return prepare

    side_by_side("run 1,000 revisions, SQLite", ready, limit=5, goal=6, rounds=4)


def bare_driver(url, group=50):
    """Prepare what a run of 300 revisions needs at least, by the driver alone: tables sent together, version rows."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)")
        connection.execute("INSERT INTO alembic_version VALUES ('0')")

    def work():
        with psycopg.connect(url.replace("+psycopg", "")) as connection:
            for first in range(0, 300, group):
                numbers = range(first, first + group)
                connection.execute(
                    ";\n".join(f"CREATE TABLE t{n} (id SERIAL PRIMARY KEY, name VARCHAR(50))" for n in numbers)
                )
                connection.execute("UPDATE alembic_version SET version_num = %s", [str(first)])
                connection.commit()

    return work


@pytest.mark.parametrize(
    ("each", "limit"), [pytest.param(True, 4, id="own transactions"), pytest.param(False, 4, id="one transaction")]
)
def test_300_revisions_on_postgresql_take_less_time(side_by_side, history, postgresql_url, each, limit):
    """In their own transactions, or in one for all, which is Alembic's default.

    Revisions like these share transactions, and their statements are sent together.
    """

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


def use(environment, directive):
    """Let each revision but the first add a column, if that is the directive, instead of creating a table."""
    for number, path in enumerate(sorted((environment.folder / "versions").glob("*.py"))):
        if directive == "add_column" and number:
            added = f'op.add_column("t0", sa.Column("c{number}", sa.String(30)))'
            path.write_text(re.sub(r"op\.create_table\(.*", added, path.read_text()))


@pytest.mark.parametrize("directive", ["create_table", "add_column"])
def test_300_directives_on_sqlite_take_less_than_a_third_of_the_time(side_by_side, history, tmp_path, directive):
    """Of 300 times ADD COLUMN more than a quarter is SQLite's: it reads the text of the whole table again each time."""
    number = itertools.count()
    created = "CREATE TABLE t{} (id INTEGER NOT NULL, name VARCHAR(50), PRIMARY KEY (id))"
    statement = created if directive == "create_table" else "ALTER TABLE t0 ADD COLUMN c{} VARCHAR(30)"

    def driver_alone():
        connection = sqlite3.connect(tmp_path / f"{next(number)}.db", isolation_level=None)

        def work():
            connection.execute("BEGIN")
            connection.execute(created.format(0))
            for each in range(1, 300):
                connection.execute(statement.format(each))
            connection.execute("COMMIT")

        return work

    def ready(engine):
        environment, upgrade = history(engine, 300)
        use(environment, directive)

        def prepare():
            config = environment.config(tmp_path / f"{next(number)}.db")
            return lambda: upgrade(config, "head")

        return prepare

    limit = 4.5 if directive == "create_table" else 3.5
    side_by_side(f"run 300 {directive}, SQLite", ready, limit=limit, goal=5.9, floor=driver_alone)


class NoDirectives:
    """In place of ``op``: its directives do nothing."""

    @staticmethod
    def create_table(*_):
        pass

    add_column = create_table


def files_alone(environment):
    """Prepare what the version files take by themselves: each is read, executed, and called with no directives."""
    paths = sorted((environment.folder / "versions").glob("*.py"))
    codes = {str(path): compile(path.read_bytes(), path, "exec") for path in paths}

    def work():
        for path, code in codes.items():
            with open(path, "rb", buffering=0) as file:
                file.read()
            module = {}
            exec(code, module)
            module["op"] = NoDirectives
            module["upgrade"]()

    return work


@pytest.mark.parametrize("directive", ["create_table", "add_column"])
def test_300_directives_as_a_script_take_less_than_a_third_of_the_time(side_by_side, history, directive):
    """A quarter of what is left is reading and loading the version files, a tenth SQLAlchemy's Column."""
    environments = {}

    def ready(engine):
        environment, upgrade = history(engine, 300)
        environments[engine] = environment
        use(environment, directive)
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

    side_by_side(
        f"write a script of 300 {directive}",
        ready,
        limit=3.3,
        goal=6.7,
        floor=lambda: files_alone(environments["kernel_core"]),
        rounds=9,
    )


# ---- the run lock: its milliseconds, and its statements, which are round trips on PostgreSQL ------------------------

ROUNDS = 41
MOST_MILLISECONDS = {"sqlite": 3.0, "postgresql": 6.0}
MOST_STATEMENTS = {"sqlite": 2, "postgresql": 1}


@contextmanager
def counted_statements():
    """Count the statements of all engines, in a list of one for each; in AUTOCOMMIT nothing else is a round trip."""
    statements = []

    def note(*_):
        statements.append(1)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'shop.db'}"
    return request.getfixturevalue("postgresql_url")()


def test_the_run_lock_costs_little(url, tmp_path, environment_of):
    from kernel_core import command

    environment = environment_of("kernel_core", tmp_path / "environment")
    environment.write(2)
    kind = sa.make_url(url).get_backend_name()

    def run(verb, revision, *, lock):
        config = environment.config()
        config.set_main_option("sqlalchemy.url", url)
        config.attributes["run_lock"] = lock
        began = time.process_time()
        with counted_statements() as statements:
            getattr(command, verb)(config, revision)
        return time.process_time() - began, len(statements)

    measured = {True: [], False: []}
    run("upgrade", "+1", lock=True)
    for number in range(2 * ROUNDS):
        measured[number % 2 == 0].append(run("upgrade", "+1", lock=number % 2 == 0))
        run("downgrade", "-1", lock=False)
    with_lock, without = ([seconds for seconds, _ in measured[lock]] for lock in (True, False))
    cost = 1000 * (min(with_lock) - min(without))
    statements = min(count for _, count in measured[True]) - min(count for _, count in measured[False])
    print(f"\nthe run lock on {kind}: {cost:.2f} ms of {1000 * min(with_lock):.1f} ms, {statements} statements")
    assert cost <= MOST_MILLISECONDS[kind]
    assert statements <= MOST_STATEMENTS[kind]
