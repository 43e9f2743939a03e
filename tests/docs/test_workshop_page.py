"""The exercise of docs/workshop.md is made step by step in a new folder."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from mig_ipython.lab import cli

PAGE = Path(__file__).parents[2] / "docs" / "workshop.md"
SECTION = PAGE.read_text(encoding="utf-8").partition("### A complete example, step by step")[2]


@pytest.mark.sweep
def test_the_exercise_is_built_and_every_answer_has_its_result(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (path, text) = re.findall(r'^````markdown title="([^"]+)"\n(.*?)^````$', SECTION, re.DOTALL | re.MULTILINE)[0]
    Path(path).parent.mkdir()
    Path(path).write_text(text, encoding="utf-8")
    commands = re.search(r"^```bash\n(.*?)^```$", SECTION, re.DOTALL | re.MULTILINE)[1].splitlines()
    assert len(commands) == 2
    for command in commands:
        assert command.startswith("python -m mig_ipython.lab ")
        assert cli.main(shlex.split(command)[3:]) == 0, capsys.readouterr()
    assert sorted(one.name for one in tmp_path.rglob("21_gates.*")) == [
        "21_gates.ipynb",
        "21_gates.json",
        "21_gates.md",
    ]
    assert text.count("```wrong") + text.count("```right") + text.count("```solution") == 5
