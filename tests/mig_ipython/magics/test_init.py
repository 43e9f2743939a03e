"""%mig_init: which files it makes."""

from pathlib import Path

import pytest


def test_an_environment_for_alembic_imports_alembic_and_runs_here(notebook):
    notebook.run("%mig_connect sqlite:///dev.db")
    notebook.run("%mig_init plain --alembic")
    for path in Path("plain").rglob("*"):
        assert path.is_dir() or "kernel_core" not in path.read_text(), path
    notebook.run("%mig_revision -m One --id a1")
    assert "from alembic import op" in next(Path("plain/versions").glob("a1*.py")).read_text()
    notebook.run("%mig_upgrade")
    assert "a1" in str(notebook.run("%mig_current"))


@pytest.mark.parametrize("command", ["%mig_init", "%mig_open"])
def test_a_url_is_no_folder(notebook, tmp_path, command):
    shown = notebook.fail(f"{command} postgresql://ada:swordfish93@h/d")
    assert "postgresql://ada:***@h/d is a URL, not a path" in shown
    assert "%mig_connect" in shown
    assert [path.name for path in tmp_path.iterdir() if "postgresql" in path.name] == []
