"""Reading never runs a version file or env.py: no code that was compiled from a file of the environment runs."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TRACE = "__import__('pathlib').Path({canary!r}).touch()"
FILES = {
    "module level": "{trace}\n{head}\n\ndef upgrade():\n    pass\n",
    "decorator": "{head}\n\n@({trace} or (lambda f: f))\ndef upgrade():\n    pass\n",
    "default argument": "{head}\n\ndef upgrade(x={trace}):\n    pass\n",
    "class body": "{head}\n\nclass X:\n    {trace}\n\ndef upgrade():\n    pass\n",
    "annotation": "revision: {trace} = {id!r}\n{head}\n\ndef upgrade() -> {trace}:\n    pass\n",
    "computed parent": "{head}\ndown_revision = {trace}\n\ndef upgrade():\n    pass\n",
    "docstring": '"""{trace}"""\n{head}\n\ndef upgrade():\n    {trace}\n',
    "before the docstring's end": 'f"""{{{trace}}}"""\n{head}\n\ndef upgrade():\n    pass\n',
    "import": "import canary_module\n{head}\n\ndef upgrade():\n    pass\n",
    "walrus": "(x := {trace})\n{head}\n\ndef upgrade():\n    pass\n",
    "metaclass": "{head}\n\nclass M(type):\n    def __prepare__(*a):\n        {trace}\n        return {{}}\n\nclass X(metaclass=M):\n    pass\n",
}

WATCH = """
import json, os, sys
folder = sys.argv[1]
seen = []

def watch(event, args):
    if event == "exec":
        name = getattr(args[0], "co_filename", "")
        if name.startswith(folder) or name in ("<version file>", "<unknown>", "<string>"):
            seen.append(f"exec {name}")
    elif event == "import" and str(args[0]).startswith("canary"):
        seen.append(f"import {args[0]}")
    elif event == "open" and isinstance(args[0], str) and args[0].startswith(folder) and (args[2] or 0) & 3 and os.sep + "__pycache__" + os.sep not in args[0]:
        seen.append(f"write {args[0]}")

"""

ENGINE = """
from kernel_core import command
from kernel_core.config import Config, CommandLine
from kernel_core.script import ScriptDirectory
import io

config = Config(stdout=io.StringIO())
config.set_main_option("script_location", folder)
command.heads(config)  # everything that is imported lazily is imported before the watch begins
sys.addaudithook(watch)

asked = []
def ask(name, what):
    try:
        what()
    except Exception as error:
        asked.append(f"{name}: {type(error).__name__}")
    else:
        asked.append(name)

for name in ("v0", "v1", "heads", "head", "v0+1", "v0@head"):
    ask(f"show {name}", lambda: command.show(config, name))
ask("heads", lambda: command.heads(config, resolve_dependencies=True))
ask("branches", lambda: command.branches(config))
for span in ("base:heads", "v0:", ":v1"):
    ask(f"history {span}", lambda: command.history(config, span))
scripts = ScriptDirectory.from_config(config)
ask("broken", lambda: scripts.broken)
for script in list(scripts.walk_revisions()):
    ask("log_entry", lambda: (script.log_entry, script.source, script.problem(), str(script), script.create_date))
line = CommandLine()
for argv in (["history"], ["history", "-v"], ["heads"], ["heads", "-v"], ["branches"], ["show", "v0"]):
    ask(" ".join(argv), lambda: line.run_cmd(config, line.parser.parse_args(argv)))
ask("numbers", lambda: (scripts.as_revision_number("heads"), scripts.get_bases(), scripts.get_heads(True)))
print(json.dumps({"asked": asked, "seen": seen}))
"""

NOTEBOOK = """
os.environ["IPYTHONDIR"] = folder + "-ipython"
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.completer import provisionalcompleter
shell = InteractiveShell.instance()
asked = []
shell.run_line_magic("load_ext", "mig_ipython")
shell.run_line_magic("mig_open", folder)

def ask(line):
    verb, _, rest = line.partition(" ")
    try:
        shown = shell.run_line_magic(verb, rest)
        shell.display_formatter.format(shown)
    except Exception as error:
        asked.append(f"{line}: {type(error).__name__}")
    else:
        asked.append(line)

LINES = ("mig_heads", "mig_history", "mig_history v0:", "mig_graph", "mig_show v0", "mig")
for line in LINES:
    ask(line)
asked.clear()
sys.addaudithook(watch)
for line in LINES:
    ask(line)
with provisionalcompleter():
    for text in ("%mig_show v", "%mig_upgrade ", "%mig_history v0", "%mig_"):
        asked.append(text)
        list(shell.Completer.completions(text, len(text)))
seen[:] = [each for each in seen if folder in each or "canary" in each]
print(json.dumps({"asked": asked, "seen": seen}))
"""


@pytest.fixture
def trapped(tmp_path: Path) -> Path:
    """An environment in which every file leaves a trace when it is run."""
    folder = tmp_path / "migrations"
    (folder / "versions").mkdir(parents=True)
    trace = TRACE.format(canary=str(tmp_path / "canary"))
    (folder / "env.py").write_text(f"{trace}\n")
    (folder / "script.py.mako").write_text(f"<% {trace} %>")
    (folder / "versions" / "canary_module.py").write_text(f"{trace}\n")
    for number, text in enumerate(FILES.values()):
        head = f"revision = 'v{number}'\ndown_revision = {'None' if number == 0 else repr(f'v{number - 1}')}"
        path = folder / "versions" / f"v{number}_x.py"
        path.write_text(text.format(trace=trace, head=head, id=f"v{number}"))
    return folder


def answers(code: str, folder: Path) -> dict[str, list[str]]:
    command = [sys.executable, "-c", WATCH + code, str(folder)]
    path = os.pathsep.join([str(folder / "versions"), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=folder.parent, env=environment)
    assert not done.returncode, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_the_traps_work(trapped, tmp_path, monkeypatch):
    from kernel_core.script import ScriptDirectory

    monkeypatch.syspath_prepend(trapped / "versions")
    scripts = list(ScriptDirectory(trapped).walk_revisions())
    assert len(scripts) >= 8
    for script in scripts:
        # Some traps fail after they have left their trace.
        with contextlib.suppress(Exception):
            _ = script.module
        if script.revision != "v6":
            assert (tmp_path / "canary").exists(), script
            (tmp_path / "canary").unlink()


def test_the_engine_reads_without_running(trapped, tmp_path):
    found = answers(ENGINE, trapped)
    assert found["seen"] == []
    assert len(found["asked"]) > 20
    assert sum(":" not in each for each in found["asked"]) > 15
    assert not (tmp_path / "canary").exists()


@pytest.mark.slow
def test_the_notebook_reads_and_completes_without_running(trapped, tmp_path):
    found = answers(NOTEBOOK, trapped)
    assert found["seen"] == []
    assert sum(": " not in each for each in found["asked"]) >= 8, found
    assert not (tmp_path / "canary").exists()
