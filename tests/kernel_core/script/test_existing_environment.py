"""An environment that imports `alembic` is read, written and run unchanged, without Alembic in the process."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import sqlalchemy as sa

from kernel_core import command
from kernel_core.config import Config

ENV = """
import os
from logging.config import fileConfig
from sqlalchemy import engine_from_config, pool
import alembic
from alembic import context
from alembic.operations import ops
from alembic.runtime.migration import MigrationContext
from alembic.operations import Operations

config = context.config
target_metadata = None


engine = engine_from_config(config.get_section(config.config_ini_section, {}), prefix="sqlalchemy.", poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=target_metadata)
    assert isinstance(context.get_context(), MigrationContext)
    with context.begin_transaction():
        context.run_migrations()
"""

VERSION = '''"""{doc}"""
from alembic import op
import sqlalchemy as sa

revision = {revision!r}
down_revision = {down!r}
branch_labels = None
depends_on = None


def upgrade():
    from alembic import context, op as again
    assert again is op and context.get_context().bind is not None
    op.create_table({table!r}, sa.Column("id", sa.Integer(), primary_key=True))


def downgrade():
    op.drop_table({table!r})
'''


@pytest.fixture
def old(tmp_path: Path) -> Config:
    (tmp_path / "versions").mkdir()
    (tmp_path / "env.py").write_text(ENV)
    for revision, down in (("a1", None), ("b2", "a1")):
        text = VERSION.format(doc=f"Make {revision}", revision=revision, down=down, table=f"t_{revision}")
        (tmp_path / "versions" / f"{revision}_make.py").write_text(text)
    config = Config()
    config.set_main_option("script_location", str(tmp_path))
    config.set_main_option("sqlalchemy.url", f"sqlite:///{tmp_path / 'x.db'}")
    return config


def tables(config: Config) -> set[str]:
    engine = sa.create_engine(config.get_main_option("sqlalchemy.url"), poolclass=sa.NullPool)
    return set(sa.inspect(engine).get_table_names())


def test_it_is_upgraded_and_downgraded(old):
    before = {name for name in sys.modules if name.partition(".")[0] == "alembic"}
    command.upgrade(old, "head")
    assert tables(old) == {"alembic_version", "t_a1", "t_b2"}
    command.downgrade(old, "a1")
    assert tables(old) == {"alembic_version", "t_a1"}
    command.downgrade(old, "base")
    assert tables(old) == {"alembic_version"}
    assert {name for name in sys.modules if name.partition(".")[0] == "alembic"} == before


@pytest.mark.peer
def test_an_environment_that_alembic_created_is_upgraded(tmp_path):
    """`alembic init`, two revisions written and one upgraded by Alembic; the rest is ours, and then Alembic's again."""
    pytest.importorskip("alembic", reason='The yardstick is missing: pip install -e ".[peer]".')
    script = textwrap.dedent(
        """
        import sys
        from alembic.config import CommandLine
        def alembic(*argv): CommandLine("alembic").main(argv)
        """
    )

    def theirs(*lines: str) -> str:
        code = script + "\n".join(lines)
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code], cwd=tmp_path, check=True, capture_output=True, text=True
        )
        return done.stdout

    theirs("alembic('init', 'migrations')")
    ini = tmp_path / "alembic.ini"
    ini.write_text(ini.read_text().replace("driver://user:pass@localhost/dbname", f"sqlite:///{tmp_path / 'x.db'}"))
    theirs("alembic('revision', '-m', 'one', '--rev-id', 'a1')", "alembic('revision', '-m', 'two', '--rev-id', 'b2')")
    for number, path in enumerate(sorted((tmp_path / "migrations" / "versions").glob("*.py"))):
        lines = path.read_text().replace("    pass", f"    op.execute('create table t{number} (id integer)')", 1)
        path.write_text(lines.replace("    pass", f"    op.drop_table('t{number}')"))
    theirs("alembic('upgrade', '+1')")
    config = Config(ini)
    assert [script.revision for script in command.current(config)] == ["a1"]
    command.upgrade(config, "head")
    assert tables(config) == {"alembic_version", "t0", "t1"}
    written = command.revision(config, "three", rev_id="c3")
    assert "from alembic import op" in written.source
    assert "b2 (head)" not in theirs("alembic('heads')")
    assert "c3 (head)" in theirs("alembic('heads')")
    theirs("alembic('upgrade', 'head')", "alembic('downgrade', '-2')")
    assert tables(config) == {"alembic_version", "t0"}
    command.downgrade(config, "base")
    assert tables(config) == {"alembic_version"}
