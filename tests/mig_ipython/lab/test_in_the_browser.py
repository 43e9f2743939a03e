"""The student's side imports nothing that a kernel in the browser lacks."""

from __future__ import annotations

import ast
from pathlib import Path

import mig_ipython.lab

LACKING = {"threading", "subprocess", "multiprocessing", "concurrent", "fcntl", "lzma", "signal", "socket", "ssl"}
FOLDER = Path(mig_ipython.lab.__file__).parent
OF_TEACHERS = ("site", "source", "report")


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add((node.module or "").partition(".")[0])
    return names


def test_no_module_of_the_student_imports_threads_or_processes():
    paths = [path for path in FOLDER.rglob("*.py") if path.relative_to(FOLDER).parts[0] not in OF_TEACHERS]
    assert len(paths) > 30
    timer_where_there_are_threads = {"faults/lock.py": {"threading"}}
    found = {str(path.relative_to(FOLDER)): names for path in paths if (names := imported(path) & LACKING)}
    assert found == timer_where_there_are_threads
