"""A real IPython shell in an empty folder, with the extension loaded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

MODELS = """
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

class Base(DeclarativeBase):
    pass

class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(40))
"""


class Notebook:
    """Cells, one after the other."""

    def __init__(self, shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
        self.shell, self.capsys = shell, capsys
        self.printed = ""

    def run(self, cell: str) -> Any:
        """Run a cell that must not fail; return what it ends with."""
        result = self.shell.run_cell(cell)
        self.printed = self.capsys.readouterr().out
        if result.error_before_exec or result.error_in_exec:
            raise AssertionError(f"{cell}\n{self.printed}") from (result.error_before_exec or result.error_in_exec)
        return result.result

    def declare(self) -> None:
        """Run the cell of the models."""
        self.run(MODELS)

    def fail(self, cell: str) -> str:
        """Run a cell that must fail in one or two lines without a traceback; return what is shown."""
        result = self.shell.run_cell(cell)
        shown = self.capsys.readouterr().out.strip()
        assert result.error_in_exec is not None, f"{cell} went through"
        assert type(result.error_in_exec).__name__ == "MigError", shown
        assert "Traceback" not in shown
        assert len(shown.splitlines()) <= 2, shown
        return shown

    def __getitem__(self, name: str) -> Any:
        return self.shell.user_ns[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self.shell.user_ns[name] = value


@pytest.fixture
def notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Notebook]:
    """A shell whose working folder is empty, with ``%load_ext mig_ipython`` done."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / ".ipython"))
    shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    shell.colors = "nocolor"
    shell.run_line_magic("load_ext", "mig_ipython")
    yield Notebook(shell, capsys)
    shell.run_line_magic("unload_ext", "mig_ipython")
    InteractiveShell.clear_instance()


@pytest.fixture
def ready(notebook: Notebook) -> Notebook:
    """A notebook that is connected, has an environment and models."""
    notebook.run("%mig_connect sqlite:///dev.db")
    notebook.run("%mig_init migrations")
    notebook.declare()
    return notebook


@pytest.fixture
def migrated(ready: Notebook) -> Notebook:
    """A notebook whose first revision is written and applied."""
    ready.run("%mig_autogenerate Base -m 'Add users' --id a1 --write")
    ready.run("%mig_upgrade")
    return ready


@pytest.fixture
def models() -> str:
    """The cell of the models."""
    return MODELS
