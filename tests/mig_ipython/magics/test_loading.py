"""What loading registers, costs and leaves alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]

LOADING = """
import json, sys, time
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
before = set(shell.user_ns)
start = time.perf_counter()
shell.run_line_magic("load_ext", "mig_ipython")
spent = time.perf_counter() - start
heavy = [name for name in ("sqlalchemy", "ipywidgets", "mako", "graphviz", "mig_ipython.magics.upgrade") if name in sys.modules]
print(json.dumps({"seconds": spent, "heavy": heavy, "new": sorted(set(shell.user_ns) - before)}))
"""


def _loaded() -> dict[str, object]:
    run = subprocess.run(
        [sys.executable, "-c", LOADING],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    return json.loads(run.stdout.splitlines()[-1])


def test_loading_imports_nothing_heavy_and_leaves_the_namespace_alone():
    loaded = _loaded()
    assert loaded["heavy"] == []
    assert loaded["new"] == []


def test_loading_takes_at_most_30_milliseconds():
    assert min(_loaded()["seconds"] for _ in range(3)) < 0.030


def test_loading_twice_is_harmless(notebook):
    notebook.run("%load_ext mig_ipython")
    notebook.run("%reload_ext mig_ipython")
    notebook.run("%mig_connections")
    assert notebook.printed.count("already loaded") <= 1


def test_unloading_takes_every_magic_away(notebook):
    notebook.run("%unload_ext mig_ipython")
    left = [
        name for magics in notebook.shell.magics_manager.magics.values() for name in magics if name.startswith("mig")
    ]
    assert left == []
    notebook.run("%load_ext mig_ipython")


def test_every_command_has_help_with_usage_and_an_example(notebook):
    from mig_ipython.magics.registry import find_commands

    for command in find_commands().values():
        assert command.__doc__.startswith("usage: %"), command
        assert f"    {'%%' if command.is_cell else '%'}" in command.__doc__, command


def test_a_question_mark_shows_the_help(notebook):
    info = notebook.shell.object_inspect("%mig_upgrade")
    assert "usage: %mig_upgrade" in info["docstring"]


def test_help_prints_usage_and_runs_nothing(notebook):
    assert notebook.run("%mig_upgrade --help") is None
    assert "usage: %mig_upgrade" in notebook.printed


def test_mig_with_a_verb_runs_that_command(notebook):
    notebook.run("%mig connect sqlite:///dev.db")
    assert notebook.run("%mig connections").rows[0][0] == "dev (current)"


def test_the_python_api_runs_the_same_commands(notebook):
    notebook.run("from mig_ipython import mig")
    connection = notebook.run("mig.connect('sqlite:///dev.db', name='mine')")
    assert connection.name == "mine"
    assert notebook.run("mig.session.connection") is connection


def test_a_semicolon_silences(notebook):
    assert notebook.run("%mig_connections ;") is None


def test_completion_offers_verbs_options_and_connections(notebook):
    notebook.run("%mig_connect sqlite:///dev.db")
    complete = lambda text: notebook.shell.Completer.completions(text, len(text))  # noqa: E731
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert "upgrade" in {one.text for one in complete("%mig up")}
        assert "--sql" in {one.text for one in complete("%mig_upgrade --s")}
        assert "dev" in {one.text for one in complete("%mig_close d")}
