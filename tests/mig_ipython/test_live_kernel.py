"""A real kernel whose front end answers: live progress, the question before rows are lost, and Stop."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from live_kernel import Page, errors, of_kind, plain, started

SLOW = """import time
import sqlalchemy as sa
from kernel_core import op
revision = "c3"
down_revision = "b2"
def upgrade():
    op.create_table("gone", sa.Column("x", sa.Integer))
    print("in the middle", flush=True)
    time.sleep(60)
"""

BEGIN = """
%load_ext mig_ipython
%mig_connect sqlite:///dev.db
%mig_init migrations
import sqlalchemy as sa
meta = sa.MetaData()
users = sa.Table("users", meta, sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(40)))
%mig_autogenerate meta -m "Add users" --id a1 --write
%mig_upgrade
"""


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    """A kernel in an empty folder, with the revision a1 applied."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / ".ipython"))
    with started(tmp_path) as page:
        assert errors(page.run(BEGIN)) == []
        yield page


@pytest.mark.slow
def test_progress_stop_and_the_question_before_rows_are_lost(page, tmp_path):
    folder = tmp_path / "migrations" / "versions"
    page.run("%%migration 'Add kept' --id b2 --write\nop.create_table('kept', sa.Column('x', sa.Integer))")
    (folder / "c3_slow.py").write_text(SLOW)

    begun = time.monotonic()
    stopped = page.run("%mig_upgrade", interrupt_at="in the middle")
    assert time.monotonic() - begun < 30
    assert plain(of_kind(stopped, "display_data"))[0].endswith("running b2 Add kept")
    updates = plain(of_kind(stopped, "update_display_data"))
    assert any("done b2 Add kept" in text for text in updates)
    assert updates[-1].startswith("Ran 1 of 2 revisions")
    (shown,) = errors(stopped)
    assert shown == "KeyboardInterrupt: Stopped in upgrade of c3. It was rolled back; the database is at b2."
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'dev.db'}", poolclass=sa.NullPool)
    assert set(sa.inspect(engine).get_table_names()) == {"users", "kept", "alembic_version", "alembic_version_journal"}

    (folder / "c3_slow.py").unlink()
    with engine.begin() as live:
        live.execute(sa.text("INSERT INTO users VALUES (1, 'Ada')"))
    asked = page.run("q = %mig_downgrade base\nq")
    assert errors(asked) == []
    assert "application/vnd.jupyter.widget-view+json" in of_kind(asked, "display_data")[0]["data"]
    assert "Nothing was done" in plain(of_kind(asked, "execute_result"))[0]
    assert "users" in sa.inspect(engine).get_table_names()
    done = page.run("q.confirm(q.word)")
    assert errors(done) == []
    assert "downgraded by 2 revisions" in plain(of_kind(done, "execute_result"))[0]
    assert sa.inspect(engine).get_table_names() == ["alembic_version"]


ASYNC_ENV = """import asyncio
from sqlalchemy import pool
from sqlalchemy.ext.asyncio import create_async_engine
from alembic import context

def migrate(connection):
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()

async def go():
    engine = create_async_engine(context.config.get_main_option("sqlalchemy.url"), poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(migrate)

asyncio.run(go())
"""
SLOW_ON_SERVER = """from alembic import op
import sqlalchemy as sa
revision = "b2"
down_revision = "a1"
def upgrade():
    op.create_table("half", sa.Column("x", sa.Integer))
    print("in the middle", flush=True)
    op.execute("SELECT pg_sleep({seconds})")
def downgrade():
    op.drop_table("half")
"""


@pytest.mark.sweep
@pytest.mark.postgresql
def test_stop_reaches_a_statement_of_an_async_driver(page, tmp_path, postgresql_url):
    folder = tmp_path / "waits"
    (folder / "versions").mkdir(parents=True)
    (folder / "env.py").write_text(ASYNC_ENV)
    url = sa.make_url(postgresql_url).set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)
    ini = tmp_path / "waits.ini"
    ini.write_text(f"[alembic]\nscript_location = %(here)s/waits\nsqlalchemy.url = {url.replace('%', '%%')}\n")
    (folder / "versions/a1.py").write_text(
        "from alembic import op\nimport sqlalchemy as sa\nrevision = 'a1'\ndown_revision = None\n"
        "def upgrade():\n    op.create_table('whole', sa.Column('x', sa.Integer))\n"
        "def downgrade():\n    op.drop_table('whole')\n"
    )
    (folder / "versions/b2.py").write_text(SLOW_ON_SERVER.format(seconds=60))
    assert errors(page.run(f"%mig_connect {url}\n%mig_open waits.ini")) == []

    begun = time.monotonic()
    (shown,) = errors(page.run("%mig_upgrade", interrupt_at="in the middle"))
    assert time.monotonic() - begun < 30
    assert shown == "KeyboardInterrupt: Stopped in upgrade of b2. It was rolled back; the database is at a1."
    engine = sa.create_engine(postgresql_url, poolclass=sa.NullPool)
    assert set(sa.inspect(engine).get_table_names()) == {"whole", "alembic_version"}
    with engine.connect() as live:
        running = "SELECT query FROM pg_stat_activity WHERE datname = current_database() AND position('pg_sleep(60' in query) > 0"
        assert live.exec_driver_sql(f"{running} AND state = 'active' AND pid <> pg_backend_pid()").all() == []

    (folder / "versions/b2.py").write_text(SLOW_ON_SERVER.format(seconds=0))
    assert errors(page.run("%mig_upgrade")) == []
    assert errors(page.run("import asyncio\nawait asyncio.sleep(0)")) == []
    assert "half" in sa.inspect(engine).get_table_names()
    engine.dispose()
