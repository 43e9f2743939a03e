"""A process imports the dialect of SQLAlchemy that it uses, and no other one: that of PostgreSQL takes 25 ms."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.sampling import sampled

CODE = """
import io, sys
import kernel_core.autogenerate, kernel_core.schema, kernel_core.environment, kernel_core.migration
from kernel_core import command
from kernel_core.config import Config

config = Config()
config.set_main_option("script_location", "migrations")
config.output_buffer = io.StringIO()
command.upgrade(config, "head", sql=True)
assert "CREATE TABLE t" in config.output_buffer.getvalue()
print(*sorted({name.split(".")[2] for name in sys.modules if name.startswith("sqlalchemy.dialects.")} - {"_typing"}))
"""
ENV = """
from kernel_core import context

context.configure(dialect_name={!r})
with context.begin_transaction():
    context.run_migrations()
"""
REVISION = """
import sqlalchemy as sa
from kernel_core import op

revision, down_revision = "a", None


def upgrade():
    op.create_table("t", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("kind", sa.Enum("a", name="k")))
    op.add_column("t", sa.Column("name", sa.String(5)))
"""


@pytest.mark.slow
@pytest.mark.parametrize("dialect", sampled(["sqlite", "postgresql", "mysql", "mssql", "oracle"], ["sqlite"]))
def test_only_the_dialect_in_use_is_imported(tmp_path, dialect) -> None:
    versions = tmp_path / "migrations" / "versions"
    versions.mkdir(parents=True)
    (versions / "a.py").write_text(REVISION)
    (versions.parent / "env.py").write_text(ENV.format(dialect))
    run = subprocess.run([sys.executable, "-c", CODE], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (run.stdout.split(), run.stderr) == ([dialect], "")
