"""The files that an import would run, found without running any."""

from __future__ import annotations

from pathlib import Path

import kernel_core
import mig_ipython
from mig_ipython.workspace.reloading.imports import files_with_imports


def test_the_engine_is_no_part_of_a_project_that_imports_it(tmp_path):
    (tmp_path / "steps.py").write_text("")
    version = tmp_path / "a1_users.py"
    version.write_text("import kernel_core.operations\nimport mig_ipython\nfrom alembic import op\nimport steps\n")
    where = [str(Path(package.__file__).parents[1]) for package in (kernel_core, mig_ipython)]
    assert set(files_with_imports([str(version)], [str(tmp_path), *where])) == {
        str(version),
        str(tmp_path / "steps.py"),
    }
