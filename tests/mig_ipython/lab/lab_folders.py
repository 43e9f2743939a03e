"""Folders as students have them: a database, models.py, and an environment with some revisions."""

from __future__ import annotations

import shutil
import sqlite3
import textwrap
from contextlib import closing
from pathlib import Path

from sqlalchemy import NullPool, create_engine

from kernel_core import command
from mig_ipython.lab.state import State
from mig_ipython.lab.state.history import config_of

ENV = """
from kernel_core import context
context.configure(connection=context.config.attributes["connection"], remember_content=True)
with context.begin_transaction():
    context.run_migrations()
"""

MODELS = """
from sqlalchemy import String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

class Base(DeclarativeBase):
    pass

class Airline(Base):
    __tablename__ = "airlines"
    carrier: Mapped[str] = mapped_column(String(2), primary_key=True)
    name: Mapped[str | None] = mapped_column(String(50))
"""

AIRLINES = 'op.create_table("airlines", sa.Column("carrier", sa.String(2), primary_key=True), sa.Column("name", sa.String(50)))'


class Folder:
    """One folder; ``a1`` creates the table airlines, which has three rows."""

    def __init__(self, path: Path, template: Path | None = None) -> None:
        self.path = path
        if template is not None:
            shutil.copytree(template, path, dirs_exist_ok=True)
            return
        (path / "migrations" / "versions").mkdir(parents=True)
        (path / "migrations" / "env.py").write_text(ENV)
        self.models(MODELS)
        self.revision("a1", None, AIRLINES, 'op.drop_table("airlines")')
        self.upgrade()
        self.sql("INSERT INTO airlines VALUES ('AA', 'American'), ('DL', 'Delta'), ('UA', 'United')")

    def models(self, text: str) -> None:
        (self.path / "models.py").write_text(textwrap.dedent(text))

    def file_of(self, name: str) -> Path:
        return self.path / "migrations" / "versions" / f"{name}.py"

    def revision(self, name: str, down: object, up: str, undo: str = "pass", message: str = "") -> None:
        code = f'"""{message or name}"""\nfrom kernel_core import op\nimport sqlalchemy as sa\n'
        code += f"revision = {name!r}\ndown_revision = {down!r}\nbranch_labels = None\ndepends_on = None\n"
        for function, body in (("upgrade", up), ("downgrade", undo)):
            code += f"def {function}():\n{textwrap.indent(textwrap.dedent(body).strip(), '    ')}\n"
        self.file_of(name).write_text(code)

    def _run(self, run, *args: str) -> None:
        engine = create_engine(f"sqlite:///{self.path / 'flights.db'}", poolclass=NullPool)
        config = config_of(str(self.path))
        assert config is not None
        with engine.connect() as connection:
            config.attributes["connection"] = connection
            run(config, *args)

    def upgrade(self, target: str = "heads") -> None:
        self._run(command.upgrade, target)

    def downgrade(self, target: str) -> None:
        self._run(command.downgrade, target)

    def stamp(self, target: str) -> None:
        self._run(command.stamp, target)

    def sql(self, script: str, database: str = "flights.db") -> None:
        with closing(sqlite3.connect(self.path / database)) as connection:
            connection.executescript(script)
            connection.commit()

    def state(self) -> State:
        return State.read(str(self.path))
