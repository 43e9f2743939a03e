"""``mig NAME``: commands that installed packages add by an entry point."""

from __future__ import annotations

import importlib

import pytest

from kernel_core.config import CommandLine

MODULE = """
def main(arguments, prog):
    print(prog, *arguments)
    return 3 if "fail" in arguments else None
"""


@pytest.fixture
def installed(tmp_path, monkeypatch) -> None:
    """A package on the path whose metadata name two commands."""
    (tmp_path / "greeting_of_a_test.py").write_text(MODULE)
    metadata = tmp_path / "greeting-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: greeting\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        "[kernel_core.commands]\ngreet = greeting_of_a_test:main\nheads = greeting_of_a_test:main\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()


def run(*arguments: str) -> int | str | None:
    with pytest.raises(SystemExit) as ended:
        CommandLine("mig").main([*arguments])
    return ended.value.code


def test_the_arguments_after_the_name_and_the_exit_code_are_its_own(installed, capsys):
    assert run("greet", "fail", "-c", "x") == 3
    assert run("greet") == 0
    assert capsys.readouterr().out == "mig greet fail -c x\nmig greet\n"


def test_a_command_of_the_engine_takes_precedence(installed, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run("heads") == 255
    assert "mig heads" not in capsys.readouterr().out


def test_the_help_names_it_and_an_unknown_one_is_refused(installed, capsys):
    assert run("--help") == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "Commands of installed packages:" in shown
    assert "greet" in shown.partition("installed packages:")[2]
    assert run("grete") == 2
