"""Python warnings that a command gives: plain lines in the program, warnings everywhere else."""

import os
import subprocess
import sys
import warnings

import pytest

from kernel_core import command
from kernel_core.config import CommandLine, main
from kernel_core.config.plain_warnings import plain_warnings


@pytest.fixture
def warns(project):
    """Return a function that adds statements to env.py, which give warnings."""

    def add(*statements):
        project.chain("a1")
        project.env(lambda text: "\n".join(["import warnings", *statements, text]))

    return add


@pytest.fixture
def program(project, monkeypatch, capfd):
    """Return a function that runs the program in this process with the arguments of the process."""

    def run(*arguments, action="default"):
        monkeypatch.chdir(project.folder)
        monkeypatch.setattr(sys, "argv", ["mig", *arguments])
        code = 0
        with warnings.catch_warnings():
            warnings.simplefilter(action)
            try:
                main()
            except SystemExit as ended:
                code = ended.code
        return code, *capfd.readouterr()

    return run


def test_a_warning_is_one_line_on_stderr_and_the_exit_code_remains(warns, program):
    warns("warnings.warn('Rows are old.\\n  See the manual.')")
    code, out, shown = program("upgrade", "head")
    assert (code, shown) == (0, "Warning: Rows are old. See the manual.\n")
    assert out.endswith("base -> a1\n")
    assert program("upgrade", "nope") == (
        255,
        "",
        'Warning: Rows are old. See the manual.\nFAILED: No revision is named "nope".\n',
    )


def test_a_text_is_printed_once_however_often_and_wherever_it_is_given(warns, program):
    warns("warnings.simplefilter('always')", "for _ in range(3): warnings.warn('Rows')", "warnings.warn('Rows')")
    assert program("upgrade", "head")[2] == "Warning: Rows\n"
    assert program("current")[2] == "Warning: Rows\n", "in each run of the program"


def test_a_warning_of_the_engine_is_such_a_line(project, program):
    project.chain("a1")
    project.env(lambda _: "from kernel_core import context\n")
    shown = program("upgrade", "head")[2]
    assert shown == "Warning: migrations/env.py ended without context.run_migrations(); no revision was run.\n"


def test_secrets_are_masked_and_paths_are_relative(project, warns, program):
    warns(f"warnings.warn('postgresql://joe:sesame@h/d is old; see {project.folder}/migrations/env.py.')")
    shown = program("upgrade", "head")[2]
    assert "sesame" not in shown
    assert shown.endswith("is old; see migrations/env.py.\n")


def test_a_warning_about_syntax_names_its_file_and_one_for_developers_its_place(warns, program):
    warns("compile('1 is 1', 'models.py', 'exec')", "warnings.warn('Soon gone', DeprecationWarning)")
    with pytest.warns(DeprecationWarning, match="Soon gone") as given:
        shown = program("upgrade", "head")[2]
    assert shown.startswith('Warning: models.py, line 1: "is" with ')
    assert "Soon gone" not in shown
    assert (given[0].filename.endswith("env.py"), given[0].lineno) == (True, 3)


def test_filters_decide_what_is_shown_and_what_is_an_error(warns, program):
    warns("warnings.warn('Rows')")
    assert program("upgrade", "head", action="ignore")[2] == ""
    shown = "FAILED: migrations/env.py, line 2: UserWarning: Rows.\nCorrect that line.\n"
    assert program("upgrade", "head", action="error") == (255, "", shown)


def test_a_program_that_passes_arguments_or_calls_commands_keeps_its_warnings(project, warns, capsys):
    warns("warnings.warn('Rows')")
    with pytest.warns(UserWarning, match="Rows"):
        CommandLine().main(["-c", project.ini, "upgrade", "head"])
    with pytest.warns(UserWarning, match="Rows"):
        command.upgrade(project.config(), "head")
    assert "Rows" not in capsys.readouterr().err


def test_how_warnings_are_shown_is_restored_unless_the_project_has_changed_it(monkeypatch):
    before = warnings.showwarning
    with plain_warnings():
        assert warnings.showwarning is not before
    assert warnings.showwarning is before
    monkeypatch.setattr(warnings, "showwarning", before)
    with plain_warnings():
        warnings.showwarning = print
    assert warnings.showwarning is print


@pytest.mark.slow
@pytest.mark.parametrize(
    ("variables", "shown"),
    [
        ({}, "Warning: Rows\n"),
        pytest.param({"PYTHONWARNINGS": "ignore"}, "", marks=pytest.mark.sweep),
        pytest.param(
            {"PYTHONWARNINGS": "error::UserWarning"},
            "FAILED: migrations/env.py, line 2: UserWarning: Rows.\nCorrect that line.\n",
            marks=pytest.mark.sweep,
        ),
    ],
)
def test_python_m_kernel_core_does_the_same(project, warns, variables, shown):
    warns("warnings.warn('Rows')")
    ran = subprocess.run(
        [sys.executable, "-m", "kernel_core", "upgrade", "head"],
        capture_output=True,
        text=True,
        check=False,
        cwd=project.folder,
        env={**os.environ, **variables},
    )
    assert (ran.returncode, ran.stderr) == (255 if "FAILED" in shown else 0, shown)
