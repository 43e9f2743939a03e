"""For a while `alembic` is this engine, and afterwards whatever it was before."""

from __future__ import annotations

import asyncio
import builtins
import contextlib
import contextvars
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
    ways = builtins.__import__, importlib.import_module
    yield
    assert (builtins.__import__, importlib.import_module) == ways
    now = names()
    assert {name: now[name] for name in before} == before
    assert not [name for name, module in now.items() if module.__name__ != name]
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
        assert importlib.import_module("alembic") is kernel_core
    assert own.__spec__ is spec
    assert own.__name__ == f"kernel_core.{part}"


@pytest.mark.slow
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


class Sees(threading.Thread):
    """A thread that imports ``alembic`` each time it is asked, inside the alias or not."""

    def __init__(self, inside: bool) -> None:
        super().__init__()
        self.inside, self.seen, self.failed = inside, set(), []
        self.ready, self.stop = threading.Event(), threading.Event()

    def run(self) -> None:
        with alias() if self.inside else contextlib.nullcontext():
            self.ready.set()
            while not self.stop.wait(0.0005):
                try:
                    import alembic
                    import alembic.script as by_name
                    from alembic.script import revision

                    self.seen |= {alembic.__name__, by_name.__name__, revision.__name__}
                except ImportError as error:
                    self.failed.append(error)

    def __enter__(self) -> Sees:
        self.start()
        self.ready.wait(5)
        return self

    def __exit__(self, *error: object) -> None:
        self.stop.set()
        self.join(5)


OURS = {"kernel_core", "kernel_core.script", "kernel_core.script.revision"}


def test_threads_may_overlap():
    with Sees(inside=True) as one:
        for _ in range(20):
            with alias(), Sees(inside=True) as other:
                import alembic

                assert alembic is kernel_core
            assert other.seen <= OURS
    assert one.seen == OURS
    assert not one.failed
    with contextlib.suppress(ModuleNotFoundError):
        import alembic as outside

        assert outside is not kernel_core


@pytest.mark.sweep
def test_a_thread_that_is_not_inside_keeps_its_installed_alembic():
    if importlib.util.find_spec("alembic") is None:
        pytest.skip("Alembic is not installed.")
    code = (
        "import threading, sys\n"
        "from kernel_core.alias import alias\n"
        "go, done = threading.Event(), threading.Event()\n"
        "def beside():\n"
        "    go.wait(10)\n"
        "    import alembic, alembic.config as config; from alembic import op\n"  # for the first time in the process
        "    beside.seen = {alembic.__name__, config.__name__, op.__name__}\n"
        "    done.set()\n"
        "thread = threading.Thread(target=beside); thread.start()\n"
        "with alias():\n"
        "    from alembic import op\n"
        "    go.set(); done.wait(10)\n"
        "    import alembic, alembic.config as ours\n"
        "    assert {op.__name__, alembic.__name__, ours.__name__} == {'kernel_core.op', 'kernel_core', 'kernel_core.config'}\n"
        "thread.join()\n"
        "assert beside.seen == {'alembic', 'alembic.config', 'alembic.op'}, beside.seen\n"
        "assert sys.modules['alembic'].__name__ == 'alembic'\n"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)


def test_a_thread_that_is_given_the_context_is_inside():
    seen = []

    def work() -> None:
        from alembic.operations import ops

        seen.append(ops.__name__)

    with alias():
        thread = threading.Thread(target=contextvars.copy_context().run, args=(work,))
        thread.start()
        thread.join()
    assert seen == ["kernel_core.operations.ops"]


def test_tasks_that_take_turns_do_not_mix():
    async def inside() -> list[str]:
        names = []
        with alias():
            for _ in range(5):
                import alembic

                names.append(alembic.__name__)
                await asyncio.sleep(0)
        return names

    async def outside() -> list[str]:
        names = []
        for _ in range(5):
            try:
                import alembic

                names.append(alembic.__name__)
            except ModuleNotFoundError:
                names.append("none")
            await asyncio.sleep(0)
        return names

    async def both() -> list[list[str]]:
        return await asyncio.gather(inside(), outside(), inside())

    one, between, other = asyncio.run(both())
    assert set(one) == set(other) == {"kernel_core"}
    if importlib.util.find_spec("alembic") is not None:
        assert set(between) == {"alembic"}


def test_two_environments_at_once_see_the_engine_and_leave_no_trace(tmp_path):
    from kernel_core.script import ScriptDirectory

    failed: list[BaseException] = []

    def run(number: int) -> None:
        folder = tmp_path / f"e{number}"
        (folder / "versions").mkdir(parents=True)
        (folder / "env.py").write_text(
            "import importlib, alembic, kernel_core\nfrom alembic import op, context\nimport alembic.operations.ops as ops\n"
            "assert alembic is kernel_core and op.__name__ == 'kernel_core.op' and ops.__name__ == 'kernel_core.operations.ops'\n"
            "assert importlib.import_module('alembic.script').__name__ == 'kernel_core.script'\n"
        )
        try:
            for _ in range(30):
                ScriptDirectory(folder).run_env()
        except BaseException as error:  # noqa: BLE001
            failed.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed


def test_an_import_that_somebody_puts_over_ours_meanwhile_stays():
    calls: list[str] = []
    with alias():
        ours = builtins.__import__

        def theirs(name, *args, **kw):
            calls.append(name)
            return ours(name, *args, **kw)

        builtins.__import__ = theirs
    try:
        assert builtins.__import__ is theirs
        with alias():
            import alembic

            assert alembic is kernel_core
        assert builtins.__import__ is theirs
        assert "alembic" in calls
    finally:
        builtins.__import__ = ours
        with alias():
            pass


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


@pytest.mark.sweep
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
