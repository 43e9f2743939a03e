"""For a while `alembic` is this engine, and afterwards whatever it was before."""

from __future__ import annotations

import importlib
import importlib.util
import subprocess
import sys
import threading

import pytest

import kernel_core
from kernel_core.alias import alias, install, uninstall


def names() -> dict[str, object]:
    return {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "alembic"}


@pytest.fixture(autouse=True)
def unharmed():
    before, path = names(), list(sys.meta_path)
    yield
    assert names() == before
    assert sys.meta_path == path


@pytest.mark.parametrize(
    "part",
    [
        "op",
        "context",
        "operations",
        "operations.ops",
        "script.revision",
        "ddl.impl",
        "runtime.migration",
        "util",
        "autogenerate.api",
    ],
)
def test_each_part_is_the_very_same_module(part):
    own = importlib.import_module(f"kernel_core.{part}")
    spec = own.__spec__
    with alias():
        assert importlib.import_module(f"alembic.{part}") is own
        assert sys.modules["alembic"] is kernel_core
    assert own.__spec__ is spec
    assert own.__name__ == f"kernel_core.{part}"


def test_a_part_that_is_not_loaded_yet_is_loaded_once():
    code = (
        "import sys; from kernel_core.alias import alias\n"
        "assert 'kernel_core.operations' not in sys.modules\n"
        "with alias():\n"
        "    from alembic import op; import alembic.operations.ops as ops; from alembic.script import write_hooks\n"
        "import kernel_core.op, kernel_core.operations.ops, kernel_core.script.write_hooks as own\n"
        "assert op is kernel_core.op and ops is kernel_core.operations.ops and own is write_hooks\n"
        "assert ops.__spec__.name == 'kernel_core.operations.ops'\n"
        "assert not [name for name in sys.modules if name.startswith('alembic')]\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_it_may_be_entered_again():
    with alias():
        with alias():
            pass
        import alembic

        assert alembic is kernel_core


def test_an_error_inside_brings_everything_back():
    with pytest.raises(ZeroDivisionError), alias():
        _ = 1 / 0


def test_what_the_engine_has_not_is_not_found():
    with alias(), pytest.raises(ModuleNotFoundError, match=r"alembic\.nothing"):
        importlib.import_module("alembic.nothing")


def test_threads_may_overlap():
    ready, go = threading.Event(), threading.Event()

    def other() -> None:
        with alias():
            ready.set()
            go.wait(5)

    thread = threading.Thread(target=other)
    with alias():
        thread.start()
        ready.wait(5)
    assert sys.modules["alembic"] is kernel_core
    go.set()
    thread.join()


def test_installing_is_for_the_whole_process():
    install()
    install()
    try:
        with alias():
            pass
        import alembic

        assert alembic is kernel_core
    finally:
        uninstall()
        uninstall()


def test_an_installed_alembic_comes_back_with_all_its_parts():
    if importlib.util.find_spec("alembic") is None:
        pytest.skip("Alembic is not installed.")
    code = (
        "import sys, alembic, alembic.op, alembic.operations.ops, alembic.script as script\n"
        "before = {n: m for n, m in sys.modules.items() if n.startswith('alembic')}\n"
        "from kernel_core.alias import alias\n"
        "with alias():\n"
        "    import alembic as ours, alembic.operations.ops as ops\n"
        "    assert ours.__name__ == 'kernel_core' and ops.__name__ == 'kernel_core.operations.ops'\n"
        "after = {n: m for n, m in sys.modules.items() if n.startswith('alembic')}\n"
        "assert after == before\n"
        "import alembic.autogenerate, alembic.config\n"
        "assert alembic.autogenerate.__name__ == 'alembic.autogenerate'\n"
        "assert alembic.script is script and alembic.config.Config.__module__ == 'alembic.config'\n"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)
