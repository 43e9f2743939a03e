"""The configured write hooks run on a new version file."""

from __future__ import annotations

import os
import stat
import sys

import pytest

from kernel_core.config import Config
from kernel_core.script import ScriptDirectory, write_hooks
from kernel_core.util.exc import CommandError

STAMP = "import sys; open(sys.argv[1], 'a').write('# ' + ' '.join(sys.argv[2:]) + '\\n')\n"


@pytest.fixture
def made(folder):
    """Write a revision with some hooks and return its text."""

    def make(*hooks: dict[str, str]) -> str:
        script = ScriptDirectory(
            folder, hooks=[{"name": f"h{n}", **hook} for n, hook in enumerate(hooks)]
        ).generate_revision("a", "x")
        return script.source

    return make


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "bin" / "stamp it"
    path.parent.mkdir()
    path.write_text(f"#!{sys.executable}\n{STAMP}")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_a_program_gets_the_file_in_place_of_the_token(made, program):
    text = made({"type": "exec", "executable": str(program), "options": "REVISION_SCRIPT_FILENAME 'one two' three"})
    assert text.endswith("# one two three\n")


def test_without_the_token_the_file_comes_first(made, program):
    assert made({"type": "exec", "executable": str(program), "options": "-l 79"}).endswith("# -l 79\n")


def test_hooks_run_in_their_order(made, program):
    hook = {"type": "exec", "executable": str(program)}
    assert made({**hook, "options": "1"}, {**hook, "options": "2"}).endswith("# 1\n# 2\n")


def test_a_program_runs_in_its_own_folder(made, program):
    hook = {
        "type": "exec",
        "executable": f".{os.sep}stamp it",
        "cwd": str(program.parent),
        "options": "REVISION_SCRIPT_FILENAME here",
    }
    assert made(hook).endswith("# here\n")


def test_a_module_is_run(made, tmp_path, monkeypatch):
    (tmp_path / "stamp_module.py").write_text(STAMP)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.syspath_prepend(tmp_path)
    assert made({"type": "module", "module": "stamp_module", "options": "m"}).endswith("# m\n")


def test_a_console_script_is_run(made):
    assert made({"type": "console_scripts", "entrypoint": "py.test", "options": "--version REVISION_SCRIPT_FILENAME"})


def test_a_registered_function_gets_the_file_and_its_options(made):
    seen = {}

    @write_hooks.register("own_runner")
    def own(filename, options):
        seen.update(filename=os.path.basename(filename), options=options)

    made({"type": "own_runner", "width": "7"})
    options = {"type": "own_runner", "width": "7", "name": "h0", "_hook_name": "h0"}
    assert seen == {"filename": "a_x.py", "options": options}


def test_a_registered_function_may_have_an_option_called_name(folder, tmp_path):
    seen = {}
    write_hooks.register("named_runner")(lambda filename, options: seen.update(options))
    ini = tmp_path / "alembic.ini"
    ini.write_text(
        f"[alembic]\nscript_location = {folder}\n"
        "[post_write_hooks]\nhooks = s\ns.type = named_runner\ns.name = another\n"
    )
    ScriptDirectory.from_config(Config(str(ini))).generate_revision("a", "x")
    assert seen == {"type": "named_runner", "name": "another", "_hook_name": "s"}


@pytest.mark.parametrize(
    ("hook", "message"),
    [
        ({"type": "blak"}, "h0 has the type 'blak'. Known are: console_scripts, exec, module"),
        ({}, "h0 has the type ''"),
        ({"type": "exec"}, "h0 needs h0.executable"),
        ({"type": "exec", "executable": "/no/such"}, "'/no/such', which is not found"),
        ({"type": "module", "module": "no.such"}, "'no.such', which is not installed"),
        ({"type": "console_scripts", "entrypoint": "nosuch"}, "'nosuch', which is not installed"),
    ],
)
def test_a_hook_that_cannot_run_is_named_before_anything_is_written(made, folder, hook, message):
    with pytest.raises(CommandError) as caught:
        made(hook)
    assert message in str(caught.value)
    assert os.listdir(folder / "versions") == []


def test_a_program_that_fails_is_a_warning_and_the_file_stays(made):
    with pytest.warns(UserWarning, match=r"h0 ended with status 3. oh no"):
        assert made(
            {
                "type": "exec",
                "executable": sys.executable,
                "options": "-c \"import sys; print('oh no'); sys.exit(3)\" REVISION_SCRIPT_FILENAME",
            }
        )


def test_a_configuration_names_the_hooks(folder, tmp_path, program):
    ini = tmp_path / "alembic.ini"
    ini.write_text(
        f"[alembic]\nscript_location = {folder}\n[post_write_hooks]\nhooks = s\ns.type = exec\ns.executable = {program}\ns.options = REVISION_SCRIPT_FILENAME ini\n"
    )
    assert ScriptDirectory.from_config(Config(ini)).generate_revision("a", "x").source.endswith("# ini\n")
