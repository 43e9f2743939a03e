"""Locating a database in a long history: CPU, next to that of one comparison of its tables.

pip install -e ".[test]" && pytest -m peer benchmarks/test_locating.py -s
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from kernel_core import command
from kernel_core.adoption import locate
from kernel_core.config import Config
from kernel_core.migration import MigrationContext
from kernel_core.script import ScriptDirectory

REVISIONS, TABLES, AT = 1000, 300, 800
LIMIT = 5.0
"""CPU seconds for all revisions and tables."""

SCRIPT = '''"""r"""
import sqlalchemy as sa
from kernel_core import op
revision, down_revision = {revision!r}, {down!r}
def upgrade():
    {body}
def downgrade():
    pass
'''


def body(number: int) -> str:
    """Return the operation of a revision: first the tables, then columns and indexes."""
    if number < TABLES:
        columns = ", ".join(f"sa.Column('c{place}', sa.String(40))" for place in range(8))
        return f"op.create_table('t{number}', sa.Column('id', sa.Integer, primary_key=True), {columns})"
    table = f"t{number % TABLES}"
    if number % 3 == 0:
        return f"op.create_index('ix_{number}', {table!r}, ['c1'])"
    return f"op.add_column({table!r}, sa.Column('d{number}', sa.Integer))"


@pytest.fixture
def located_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[sa.Engine, Path]:
    """Write the history and upgrade a database to a revision in it."""
    url = f"sqlite:///{tmp_path}/bench.db"
    monkeypatch.setenv("DATABASE_URL", url)
    config = Config(str(tmp_path / "alembic.ini"))
    config.prints_results = False
    command.init(config, str(tmp_path / "migrations"))
    for number in range(REVISIONS):
        down = f"r{number - 1:04}" if number else None
        text = SCRIPT.format(revision=f"r{number:04}", down=down, body=body(number))
        (tmp_path / "migrations" / "versions" / f"r{number:04}.py").write_text(text)
    command.upgrade(Config(str(tmp_path / "alembic.ini")), f"r{AT:04}")
    return sa.create_engine(url, poolclass=sa.NullPool), tmp_path / "migrations"


@pytest.mark.parametrize("drifted", [False, True])
def test_a_database_is_located_in_a_long_history(located_at: tuple[sa.Engine, Path], drifted: bool) -> None:
    engine, folder = located_at
    with engine.begin() as connection:
        if drifted:
            connection.exec_driver_sql("ALTER TABLE t5 ADD COLUMN drifted INTEGER")
    with engine.connect() as connection:
        start = time.process_time()
        found = locate(MigrationContext.configure(connection), ScriptDirectory(str(folder)))
        used = time.process_time() - start
    compared = sum(each.deviations is not None for each in found.candidates)
    print(f"\n{REVISIONS} revisions, {TABLES} tables: {used:.2f} s CPU, {compared} of {found.places} schemas compared")
    assert found.best.heads == (f"r{AT:04}",)
    assert found.is_certain is not drifted
    assert used <= LIMIT
