"""Run the notebooks and save their outputs in them, which nbval compares later.

    python tests/notebooks/save_outputs.py [NAME...]

Run it after a change of what a command shows, and read the diff. No test of the suite: its name says so.
"""

import shutil
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[2] / "notebooks"


def saved(notebook: Path) -> None:
    """Run one notebook in a copy of the folder, and write it back with its outputs and nothing else of the run."""
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / "notebooks"
        shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("*.db", ".*"))
        run = nbformat.read(notebook, as_version=4)
        NotebookClient(run, timeout=120, resources={"metadata": {"path": str(folder)}}).execute()
        for cell in run.cells:
            cell.metadata.pop("execution", None)
            for counted in (cell, *cell.get("outputs", ())):
                if "execution_count" in counted:
                    counted["execution_count"] = 0  # a person runs cells in another order; nbval wants a number
        run.metadata["language_info"] = {"name": "python"}
        text = nbformat.writes(run).replace(f"{folder}/", "")
    notebook.write_text(f"{text.rstrip()}\n", encoding="utf-8")


if __name__ == "__main__":
    for name in sys.argv[1:] or sorted(path.name for path in FOLDER.glob("*.ipynb")):
        saved(FOLDER / name)
