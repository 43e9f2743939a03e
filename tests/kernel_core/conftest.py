"""A small environment in a temporary folder, with version files made of one-line bodies."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from kernel_core import command
from kernel_core.config import CommandLine, Config

_SCRIPT = '''"""{doc}"""
import sqlalchemy as sa
from kernel_core import op
revision = {revision!r}
down_revision = {down!r}
branch_labels = {labels!r}
depends_on = {needs!r}
def upgrade():
{upgrade}
def downgrade():
{downgrade}
'''


@dataclass
class Project:
    """An environment, and the database that its ``env.py`` connects to."""

    folder: Path
    url: str

    @property
    def ini(self) -> str:
        return str(self.folder / "alembic.ini")

    @property
    def versions(self) -> Path:
        return self.folder / "migrations" / "versions"

    def config(self, **attributes: Any) -> Config:
        """Return a fresh configuration."""
        return Config(self.ini, attributes=attributes)

    def write(self, revision: str, down: Any = None, upgrade: str = "pass", downgrade: str = "pass", **kw: Any) -> Path:
        """Write a version file; ``upgrade`` and ``downgrade`` are bodies."""
        path = self.versions / f"{revision}.py"
        text = _SCRIPT.format(
            doc=kw.get("doc", f"Do {revision}"),
            revision=revision,
            down=down,
            labels=kw.get("labels"),
            needs=kw.get("needs"),
            upgrade=textwrap.indent(upgrade, "    "),
            downgrade=textwrap.indent(downgrade, "    "),
        )
        path.write_text(text)
        return path

    def chain(self, *revisions: str) -> None:
        """Write revisions one after the other, each with a table of its name."""
        down = None
        for revision in revisions:
            create = f"op.create_table('t_{revision}', sa.Column('id', sa.Integer, primary_key=True))"
            self.write(revision, down, create, f"op.drop_table('t_{revision}')")
            down = revision

    def env(self, change: Callable[[str], str]) -> None:
        """Rewrite ``env.py``."""
        path = self.folder / "migrations" / "env.py"
        path.write_text(change(path.read_text()))

    def tables(self) -> set[str]:
        """Return the names of the tables in the database."""
        engine = sa.create_engine(self.url, poolclass=sa.NullPool)
        return set(sa.inspect(engine).get_table_names())

    def rows(self, statement: str = "SELECT version_num FROM alembic_version ORDER BY 1") -> list[Any]:
        """Return what a query gives, one column as plain values."""
        engine = sa.create_engine(self.url, poolclass=sa.NullPool)
        with engine.connect() as connection:
            return [row[0] for row in connection.exec_driver_sql(statement)]

    def run(self, *statements: str) -> None:
        """Run statements and commit them."""
        engine = sa.create_engine(self.url, poolclass=sa.NullPool)
        with engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)


def _project(folder: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("DATABASE_URL", url)
    made = Project(folder, url)
    command.init(Config(made.ini), os.path.join(folder, "migrations"))
    ini = Path(made.ini)
    ini.write_text(ini.read_text().replace("remember_content = true\n", ""))
    return made


@pytest.fixture
def project(tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A fresh environment on SQLite."""
    return _project(tmp_path, sqlite_url, monkeypatch)


@pytest.fixture(params=["sqlite", "postgresql"])
def any_project(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A fresh environment, once on SQLite and once on PostgreSQL."""
    return _project(tmp_path, request.getfixturevalue(f"{request.param}_url"), monkeypatch)


@pytest.fixture
def postgresql_project(tmp_path: Path, postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A fresh environment on PostgreSQL."""
    return _project(tmp_path, postgresql_url, monkeypatch)


@pytest.fixture
def mariadb_project(tmp_path: Path, mariadb_url: str, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A fresh environment on MariaDB."""
    return _project(tmp_path, mariadb_url, monkeypatch)


@pytest.fixture
def mig(project, capsys, monkeypatch):
    """Run the program in the project's folder; return exit code, output, errors."""
    monkeypatch.chdir(project.folder)
    line = CommandLine()

    def run(*arguments):
        code = 0
        try:
            line.main(arguments)
        except SystemExit as exit_:
            code = exit_.code
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run
