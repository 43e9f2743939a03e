"""The whole sequence in a live kernel on twelve shapes of projects, beside a terminal: same schema, same history."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import project_shapes as shapes
import pytest
import sqlalchemy as sa
from jupyter_client.manager import start_new_kernel

HOME = Path(__file__).parents[3]
QUICK = ("async",)


class Kernel:
    """A kernel in a folder; a cell returns what it shows, and fails where the cell does."""

    def __init__(self, folder: Path) -> None:
        self.manager, self.client = start_new_kernel(cwd=str(folder))

    def run(self, cell: str) -> str:
        request, shown, errors = self.client.execute(cell), [], []
        while True:
            message = self.client.get_iopub_msg(timeout=120)
            if message["parent_header"].get("msg_id") != request:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "stream":
                shown.append(content["text"])
            elif kind in ("execute_result", "display_data"):
                shown.append(content["data"].get("text/plain", ""))
            elif kind == "error":
                errors.append("\n".join(content["traceback"]))
            elif kind == "status" and content["execution_state"] == "idle":
                assert not errors, f"{cell}\n{''.join(shown)}\n{errors[0]}"
                return "\n".join(shown)

    def stop(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


def make(shape: Any, root: Path, url: str) -> None:
    """Write the files of a project."""
    root.mkdir()
    for name, text in shape.files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("{url}", url))
    if shape.more is not None:
        shape.more(root)


def edit(shape: Any, root: Path) -> None:
    path = root / shape.models
    path.write_text(path.read_text().replace(shapes.MORE, shape.column))


def schema(shape: Any, root: Path, url: str) -> dict[str, Any]:
    """Return the tables with their columns, types and nullability, and the rows of the version tables."""
    urls = [url] if shape.server else [f"sqlite:///{root / name}" for name in shape.databases]
    found: dict[str, Any] = {}
    for number, one in enumerate(urls):
        engine = sa.create_engine(one, poolclass=sa.NullPool)
        with engine.connect() as live:
            inspector = sa.inspect(live)
            for within in shape.schemas or (None,):
                for table in inspector.get_table_names(schema=within):
                    columns = [(c["name"], str(c["type"]), c["nullable"]) for c in inspector.get_columns(table, within)]
                    rows = (
                        live.execute(sa.text(f"SELECT * FROM {within + '.' if within else ''}alembic_version")).all()
                        if table == "alembic_version"
                        else []
                    )
                    found[f"{number}.{within}.{table}"] = (columns, rows)
        engine.dispose()
    return found


def emptied(shape: Any, url: str) -> None:
    """Have the schemas of a project on a server, with nothing in them."""
    if not shape.server:
        return
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as live:
        for name in shape.schemas:
            live.exec_driver_sql(f"DROP SCHEMA IF EXISTS {name} CASCADE")
            live.exec_driver_sql(f"CREATE SCHEMA {name}")
    engine.dispose()


def in_notebook(shape: Any, root: Path, url: str) -> tuple[list[dict[str, Any]], list[str]]:
    """Run the sequence in a kernel; return the schema after each step, and the history."""
    kernel = Kernel(root / shape.notebook)
    stages = []
    try:
        kernel.run("%load_ext mig_ipython")
        for cell in shape.cells:
            kernel.run(cell.replace("{url}", url))
        assert "users" in kernel.run("%mig_diff")
        kernel.run("%mig_autogenerate -m first --id a1 --write " + " ".join(shape.first))
        assert "1 pending" in (status := kernel.run("%mig")) or "pending      1" in status
        kernel.run("%mig_upgrade")
        stages.append(schema(shape, root, url))
        assert "No difference" in kernel.run("%mig_diff")
        assert "drift        none" in kernel.run("%mig")
        edit(shape, root)
        assert "email" in kernel.run("%mig_diff")
        assert "drift        none" not in kernel.run("%mig")
        assert "email" in kernel.run("%mig_autogenerate -m second --id b2 --write")
        kernel.run("%mig_upgrade")
        stages.append(schema(shape, root, url))
        assert "No difference" in kernel.run("%mig_diff")
        kernel.run("%mig_check")
        history = kernel.run(
            "for one in get_ipython().run_line_magic('mig_history', ''): print(one.revision, one.down, one.doc, one.state)"
        )
        kernel.run("%mig_downgrade -1 --yes")
        stages.append(schema(shape, root, url))
        kernel.run("%mig_downgrade base --yes")
        stages.append(schema(shape, root, url))
    finally:
        kernel.stop()
    return stages, [line.split() for line in history.splitlines() if line.startswith(("a1", "b2"))]


def in_terminal(shape: Any, root: Path, url: str, program: tuple[str, ...]) -> list[dict[str, Any]]:
    """Run the same sequence with a program; return the schema after each step."""
    flask = program[-1] == "db"
    revision = ("migrate",) if flask else ("revision", "--autogenerate")

    def run(*words: str) -> dict[str, Any]:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", *program, *words],
            cwd=root,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": str(HOME)},
        )
        assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
        return schema(shape, root, url)

    run(*revision, "-m", "first", "--rev-id", "a1", *shape.first)
    stages = [run("upgrade", "head")]
    edit(shape, root)
    run(*revision, "-m", "second", "--rev-id", "b2")
    stages.append(run("upgrade", "head"))
    stages.append(run("downgrade") if flask else run("downgrade", "-1"))
    stages.append(run("downgrade", "base"))
    return stages


def prove(shape: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Run the sequence both ways, and compare."""
    if shape.needs and importlib.util.find_spec(shape.needs) is None:
        pytest.skip(f"{shape.needs} is not installed: pip install 'mig_ipython[projects]'")
    monkeypatch.setenv("PYTHONPATH", str(HOME))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / ".ipython"))
    make(shape, tmp_path / "notebook", url)
    make(shape, tmp_path / "terminal", url)
    emptied(shape, url)
    stages, history = in_notebook(shape, tmp_path / "notebook", url)
    emptied(shape, url)
    has_alembic = importlib.util.find_spec("alembic") is not None
    program = shape.program or (("alembic",) if has_alembic else ("kernel_core",))
    if "pyproject.toml" in shape.files and program == ("alembic",):
        program = ("alembic", "-c", "pyproject.toml")
    assert stages == in_terminal(shape, tmp_path / "terminal", url, program)
    assert any("email" in str(columns) for columns in stages[1].values())
    assert [words[0] for words in history] == ["b2", "a1"]
    assert all(words[-1] == "applied" for words in history)


@pytest.mark.sweep
@pytest.mark.parametrize("shape", [one for one in shapes.SHAPES if one.name in QUICK], ids=lambda one: one.name)
def test_a_common_project_completes_the_whole_sequence(shape, tmp_path, monkeypatch):
    prove(shape, tmp_path, monkeypatch, "")


@pytest.mark.sweep
@pytest.mark.peer
@pytest.mark.slow
@pytest.mark.parametrize("shape", [one for one in shapes.SHAPES if not one.server], ids=lambda one: one.name)
def test_every_shape_of_project_completes_the_whole_sequence(shape, tmp_path, monkeypatch):
    prove(shape, tmp_path, monkeypatch, "")


@pytest.mark.sweep
@pytest.mark.peer
@pytest.mark.postgresql
@pytest.mark.parametrize("shape", [one for one in shapes.SHAPES if one.server], ids=lambda one: one.name)
def test_every_shape_on_a_server_completes_the_whole_sequence(shape, tmp_path, monkeypatch, postgresql_url):
    prove(shape, tmp_path, monkeypatch, postgresql_url)
