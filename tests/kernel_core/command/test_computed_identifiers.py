"""A version file that computes its identifiers: only commands that run version files run it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from kernel_core import command
from kernel_core.config import Config
from kernel_core.script import ScriptDirectory
from kernel_core.util.exc import ComputedIdentifier, ResolutionError

ENV = """
from alembic import context
import sqlalchemy as sa

engine = sa.create_engine(context.config.get_main_option("sqlalchemy.url"))
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
"""
VERSION = """
from pathlib import Path
import labels
import sqlalchemy as sa
from alembic import op

Path(__file__).with_suffix(".ran").touch()
revision = {revision}
down_revision = {down}
branch_labels = {labels}


def upgrade():
    op.create_table("t_" + revision, sa.Column("id", sa.Integer, primary_key=True))


def downgrade():
    op.drop_table("t_" + revision)
"""


@pytest.fixture
def config(tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Config:
    """An environment of three revisions; the one in the middle computes its parent and its label."""
    monkeypatch.delitem(sys.modules, "labels", raising=False)
    folder = tmp_path / "migrations"
    (folder / "versions").mkdir(parents=True)
    (folder / "env.py").write_text(ENV)
    (folder / "script.py.mako").write_text("")
    (tmp_path / "labels.py").write_text("EXPAND, FIRST = 'expand', 'a'\n")
    for name, down, labels in (("a", "None", "None"), ("b", "labels.FIRST", "(labels.EXPAND,)"), ("c", "'b'", "None")):
        text = VERSION.format(revision=repr(name), down=down, labels=labels)
        (folder / "versions" / f"{name}.py").write_text(text)
    config = Config()
    config.set_main_option("script_location", str(folder))
    config.set_main_option("prepend_sys_path", str(tmp_path))
    config.set_main_option("sqlalchemy.url", sqlite_url)
    return config


def ran(config: Config) -> list[str]:
    folder = Path(str(config.get_main_option("script_location"))) / "versions"
    return sorted(path.stem for path in folder.glob("*.ran"))


def tables(config: Config) -> list[str]:
    engine = sa.create_engine(str(config.get_main_option("sqlalchemy.url")))
    names = sorted(sa.inspect(engine).get_table_names())
    engine.dispose()
    return names


def test_reading_commands_name_the_file_and_do_not_run_it(config: Config) -> None:
    scripts = ScriptDirectory.from_config(config)
    assert [type(each) for each in scripts.unreadable] == [ComputedIdentifier]
    assert [scripts.unreadable[0].line, "only running the file shows it" in str(scripts.unreadable[0])] == [9, True]
    assert ran(config) == []


def test_up_and_down_over_it(config: Config) -> None:
    command.upgrade(config, "expand@head")
    assert tables(config) == ["alembic_version", "t_a", "t_b", "t_c"]
    command.downgrade(config, "a")
    assert tables(config) == ["alembic_version", "t_a"]
    command.downgrade(config, "base")
    assert tables(config) == ["alembic_version"]


def test_computed_identifiers_are_known_during_the_run_only(config: Config) -> None:
    command.upgrade(config, "head")
    with pytest.raises(ResolutionError):
        ScriptDirectory.from_config(config).get_revision("b")


def test_a_file_that_fails_while_it_is_run_is_named(config: Config, tmp_path: Path) -> None:
    (tmp_path / "labels.py").write_text("FIRST = 'a'\n")
    with pytest.raises(ResolutionError, match=r"b\.py, line 10: cannot be loaded .AttributeError"):
        command.upgrade(config, "b")
    assert tables(config) == []
