"""Ctrl-C in a long statement of each driver: of async ones in their event loop, of those that wait in C by a thread."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
import sqlalchemy as sa

from kernel_core import command
from kernel_core.config import Config
from tests.kernel_core.runtime.test_interrupts import InterruptsRevision
from tests.patience import patience

LONG = {
    "sqlite": "WITH RECURSIVE n AS (SELECT 1 i UNION ALL SELECT i + 1 FROM n WHERE i < 3000000000) SELECT sum(i) FROM n",
    "postgresql": "SELECT pg_sleep(60)",
    "mariadb": "SELECT SLEEP(60)",
}
SYNC = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg", "mariadb": "mariadb+pymysql"}
ASYNC = ("aiosqlite", "asyncpg", "aiomysql", "asyncmy")
MODULES = {"mysqldb": "MySQLdb"}
REVISION = (
    "import sqlalchemy as sa\nfrom alembic import op\nrevision = {!r}\ndown_revision = {!r}\ndef upgrade():\n    {}\n"
)
BEGIN = "op.get_context().config.attributes['interrupt_soon']()"
NOTES = {
    "sqlite": "Stopped in upgrade of b2. It was rolled back; the database is at a1.",
    "postgresql": "Stopped in upgrade of b2. It was rolled back; the database is at a1.",
    "mariadb": "1 statement of it stays, the last is CREATE TABLE half",
}


@pytest.fixture(
    params=[
        ("sqlite", "aiosqlite"),
        pytest.param(("postgresql", "asyncpg"), marks=pytest.mark.postgresql),
        pytest.param(("postgresql", "psycopg2"), marks=[pytest.mark.postgresql, pytest.mark.sweep]),
        *(
            pytest.param(("mariadb", driver), marks=[pytest.mark.mariadb, pytest.mark.sweep])
            for driver in ("mysqldb", "aiomysql", "asyncmy")
        ),
    ],
    ids=lambda value: value[1],
)
def environment(request, tmp_path, monkeypatch) -> tuple[str, Config, str]:
    """The database, the Config of an environment with the driver at a1, and the URL of another driver."""
    name, driver = request.param
    if importlib.util.find_spec(MODULES.get(driver, driver)) is None:
        pytest.skip(f"{driver} is not installed")
    url = sa.make_url(request.getfixturevalue(f"{name}_url"))
    monkeypatch.setenv("DATABASE_URL", url.set(drivername=f"{name}+{driver}").render_as_string(hide_password=False))
    config = Config(str(tmp_path / "alembic.ini"))
    command.init(config, str(tmp_path / "migrations"), template="async" if driver in ASYNC else "generic")
    config = Config(str(tmp_path / "alembic.ini"))
    write(tmp_path, "a1", None, "op.create_table('t_a1', sa.Column('id', sa.Integer))")
    command.upgrade(config, "head")
    return name, config, url.set(drivername=SYNC[name]).render_as_string(hide_password=False)


def write(folder: Path, revision: str, down: str | None, body: str) -> None:
    (folder / "migrations" / "versions" / f"{revision}.py").write_text(REVISION.format(revision, down, body))


@pytest.fixture
def listener(python_handles_interrupts):
    """What interrupts the main thread soon after it was begun; with the handler of a program."""
    return InterruptsRevision("b2")


@pytest.mark.slow
@pytest.mark.parametrize("body", ["in SQL", pytest.param("in Python", marks=pytest.mark.sweep)])
def test_it_stops_within_two_seconds_and_says_where_the_database_is(environment, tmp_path, listener, body):
    name, config, url = environment
    long = f"op.execute({LONG[name]!r})" if body == "in SQL" else "import time; time.sleep(60)"
    write(tmp_path, "b2", "a1", f"op.create_table('half', sa.Column('id', sa.Integer))\n    {BEGIN}\n    {long}")
    config.attributes["interrupt_soon"] = listener.begin
    with pytest.raises(KeyboardInterrupt) as raised:
        command.upgrade(config, "head")
    assert listener.passed < patience(2)
    assert NOTES[name] in "".join(raised.value.__notes__)
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT version_num FROM alembic_version")) == "a1"
        assert ("half" in sa.inspect(connection).get_table_names()) is (name == "mariadb")
