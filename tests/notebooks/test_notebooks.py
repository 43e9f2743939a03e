"""Every notebook runs from top to bottom, without a click, in a separate folder, and shows what is saved in it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import sqlalchemy
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[2] / "notebooks"
COMPARED = ("--nbval", "--nbval-sanitize-with=nbval.cfg") if sqlalchemy.__version__ >= "2.1" else ("--nbval-lax",)
"""The outputs are saved with SQLAlchemy 2.1; with 2.0 pandas makes other types, so that cells are only run there."""
NOTEBOOKS = sorted(path.name for path in FOLDER.glob("*.ipynb"))


@pytest.fixture
def folder(tmp_path):
    """A copy of the notebooks without what a run of them left behind."""

    def left_behind(folder: str, names: list[str]) -> list[str]:
        made = {"migrations", "timeline", "learning"} if Path(folder) == FOLDER else {"__pycache__"}
        return [name for name in names if name in made or name.endswith(".db") or name.startswith(".")]

    return shutil.copytree(FOLDER, tmp_path / "notebooks", ignore=left_behind)


@pytest.mark.slow
@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_a_notebook_shows_unattended_what_is_saved_in_it(notebook, folder):
    shutil.copy(FOLDER.parent / "conftest.py", folder)  # loads nbval, the only plugin that is needed
    command = [sys.executable, "-m", "pytest", *COMPARED, "--nbval-cell-timeout=120", "-p", "no:cacheprovider", "-q"]
    done = subprocess.run(
        [*command, "-c", "/dev/null", "--rootdir", str(folder), notebook],
        cwd=folder,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


@pytest.mark.slow
@pytest.mark.sweep
@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_all_cells_can_be_run_again_in_the_same_kernel(notebook, folder):
    run = nbformat.read(folder / notebook, as_version=4)
    again = nbformat.read(folder / notebook, as_version=4).cells
    for cell in again:
        cell.id += "-again"
    number, before = len(run.cells), project(folder)
    forget = nbformat.v4.new_code_cell("%unload_ext mig_ipython")
    run.cells += [forget, *again]
    NotebookClient(run, timeout=120, resources={"metadata": {"path": str(folder)}}).execute()
    assert project(folder) == before
    for first, second in zip(run.cells[:number], run.cells[number + 1 :], strict=True):
        assert outputs(first) == outputs(second) or first.id == "load", first.source


def project(folder: Path) -> dict[Path, bytes]:
    """Return the files that exist before a notebook is run."""
    return {
        path: path.read_bytes() for path in (folder / "library").rglob("*.*") if path.suffix in (".py", ".ini", ".mako")
    }


def outputs(cell: nbformat.NotebookNode) -> list[str]:
    """Return what a cell shows as text, without the seconds of statements."""
    shown = [out.get("data", {}).get("text/plain", out.get("text", "")) for out in cell.get("outputs", ())]
    return [re.sub(r"\b\d+\.\d{3} s\b", "0.000 s", text) for text in shown]


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_a_notebook_is_committed_with_outputs_that_are_the_same_everywhere(notebook):
    text = (FOLDER / notebook).read_text(encoding="utf-8")
    cells = nbformat.reads(text, as_version=4).cells
    shown = [cell for cell in cells if cell.get("outputs")]
    assert len(shown) > len([cell for cell in cells if cell.cell_type == "code"]) / 2
    assert not [cell.id for cell in cells if "execution" in cell.metadata]
    assert not re.search(r"/(tmp|home|root|work)/|Create Date", text)
    assert len(text) < 200_000
