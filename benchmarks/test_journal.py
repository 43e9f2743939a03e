"""What the journal costs an upgrade: its seconds, as ratios to the same upgrade without it.

pytest benchmarks/test_journal.py -s
"""

import gc
import itertools
import os
import time

import pytest
import sqlalchemy as sa

SERVER = os.environ.get("MIG_TEST_MARIADB", "mariadb+pymysql://root@127.0.0.1:3306")
ROUNDS = 6


def best(work, ways):
    """Return the least (CPU seconds, seconds) of each way; they take turns, and the first round does not count."""
    taken = {way: [] for way in ways}
    for _ in range(ROUNDS + 1):
        for way in ways:
            run = work(way)
            gc.collect()
            cpu, wall = time.process_time(), time.perf_counter()
            run()
            taken[way].append((time.process_time() - cpu, time.perf_counter() - wall))
    return {way: tuple(map(min, zip(*each[1:], strict=True))) for way, each in taken.items()}


def test_to_remember_the_content_of_300_files_costs_little(tmp_path, environment_of):
    """Their hashes are kept beside the byte code, and written with one statement for each transaction."""
    from kernel_core import command

    environment, number = environment_of("kernel_core", tmp_path / "environment"), itertools.count()
    environment.write(300)

    def work(remembers):
        config = environment.config(tmp_path / f"{next(number)}.db")
        config.attributes["remember_content"] = remembers
        return lambda: command.upgrade(config, "head")

    found = best(work, (True, False))
    ratio = found[True][0] / found[False][0]
    print(f"\nremember_content, 300 revisions on SQLite: {ratio:.2f} times the CPU time")
    assert ratio < 1.4


@pytest.fixture
def mariadb_url():
    server = sa.create_engine(SERVER, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    name = f"mig_journal_{os.getpid()}"

    def fresh():
        with server.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name}")
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        return sa.make_url(SERVER).set(database=name).render_as_string(hide_password=False)

    try:
        fresh()
    except sa.exc.OperationalError:
        pytest.skip("no MariaDB")
    yield fresh
    with server.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name}")


def test_the_journal_of_100_revisions_on_mariadb_costs_less_than_a_half(mariadb_url, tmp_path, environment_of):
    """Each announcement is committed before its statement: a third wait for the disk, beside the table and the row."""
    from kernel_core import command
    from kernel_core.ddl.impl import DefaultImpl

    environment = environment_of("kernel_core", tmp_path / "environment")
    environment.write(100)

    def work(has_journal):
        implementation = DefaultImpl.get_by_dialect(sa.make_url(SERVER).get_dialect()())
        config = environment.config()
        config.set_main_option("sqlalchemy.url", mariadb_url())

        def run():
            with pytest.MonkeyPatch.context() as patched:
                patched.setattr(implementation, "has_journal", has_journal)
                command.upgrade(config, "head")

        return run

    found = best(work, (True, False))
    cpu, wall = (found[True][which] / found[False][which] for which in (0, 1))
    print(f"\nthe journal of 100 revisions on MariaDB: {cpu:.2f} times the CPU time, {wall:.2f} times the time")
    assert cpu < 1.7
    assert wall < 1.5
