"""The program, as for the other commands."""

from __future__ import annotations

import pytest

from kernel_core.config import CommandLine


@pytest.fixture
def mig(project, capsys, monkeypatch):
    """Run the program in the project's folder; return exit code, output, errors."""
    monkeypatch.chdir(project.folder)

    def run(*arguments):
        code = 0
        try:
            CommandLine().main(arguments)
        except SystemExit as exit_:
            code = exit_.code
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run
