"""Stop in a real kernel while an ``env.py`` that runs its own event loop executes a long statement or Python code."""

from __future__ import annotations

import importlib.util
import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from live_kernel import errors, of_kind, plain, started

from kernel_core import command
from kernel_core.config import Config

LONG = {
    "sqlite+aiosqlite": "WITH RECURSIVE n AS (SELECT 1 i UNION ALL SELECT i + 1 FROM n WHERE i < 3000000000) "
    "SELECT sum(i) FROM n",
    "postgresql+asyncpg": "SELECT pg_sleep(60)",
    "mysql+aiomysql": "SELECT SLEEP(60)",
    "mysql+asyncmy": "SELECT SLEEP(60)",
}
REVISION = """import time
import sqlalchemy as sa
from alembic import op
revision = {!r}
down_revision = {!r}
def upgrade():
    op.create_table({!r}, sa.Column("id", sa.Integer))
    {}
"""
ENV = """import asyncio
from alembic import context
from sqlalchemy.ext.asyncio import create_async_engine

URL = {!r}

def migrate(connection):
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()

async def online():
    engine = create_async_engine(URL)
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()

if context.is_offline_mode():
    context.configure(url=URL, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    asyncio.run(online())
"""


@pytest.fixture(
    params=[
        "sqlite+aiosqlite",
        pytest.param("postgresql+asyncpg", marks=pytest.mark.postgresql),
        pytest.param("mysql+aiomysql", marks=pytest.mark.mariadb),
        pytest.param("mysql+asyncmy", marks=pytest.mark.mariadb),
    ]
)
def drivername(request, tmp_path, monkeypatch) -> str:
    """The driver of an async environment in the folder, at its first revision."""
    name: str = request.param
    if importlib.util.find_spec(name.partition("+")[2]) is None:
        pytest.skip(f"{name} is not installed")
    database = {"mysql": "mariadb"}.get(name.partition("+")[0], name.partition("+")[0])
    url = sa.make_url(request.getfixturevalue(f"{database}_url")).set(drivername=name)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / ".ipython"))
    command.init(Config(str(tmp_path / "alembic.ini")), str(tmp_path / "migrations"), template="async")
    monkeypatch.setenv("DATABASE_URL", url.render_as_string(hide_password=False))
    env = ENV.format(url.render_as_string(hide_password=False))
    (tmp_path / "migrations" / "env.py").write_text(env)
    write(tmp_path, "a1", None, "pass")
    command.upgrade(Config(str(tmp_path / "alembic.ini")), "head")
    return name


def write(folder: Path, revision: str, down: str | None, body: str) -> None:
    path = folder / "migrations" / "versions" / f"{revision}.py"
    path.write_text(REVISION.format(revision, down, f"t_{revision}", body))


@pytest.mark.sweep
@pytest.mark.parametrize("where", ["in SQL", "in Python"])
def test_it_stops_and_the_next_run_goes_on(drivername, tmp_path, where):
    long = f"op.execute({LONG[drivername]!r})" if where == "in SQL" else "time.sleep(60)"
    write(tmp_path, "b2", "a1", f"print('in the middle', flush=True)\n    {long}")
    with started(tmp_path) as page:
        assert errors(page.run("%load_ext mig_ipython\n%mig_connect $DATABASE_URL\n%mig_open alembic.ini")) == []
        begun = time.monotonic()
        stopped = page.run("%mig_upgrade", interrupt_at="in the middle")
        assert time.monotonic() - begun < 20, "long before the statement ends"
        (shown,) = errors(stopped)
        assert shown.startswith("KeyboardInterrupt: Stopped in upgrade of b2.")
        assert "Traceback" not in shown
        write(tmp_path, "b2", "a1", "pass")
        on_mariadb = "mysql" in drivername  # which has committed the table
        assert errors(page.run("%mig_resume --edited" if on_mariadb else "%mig_upgrade")) == []
        (current,) = plain(of_kind(page.run("%mig_current"), "execute_result"))
        assert "b2" in current
