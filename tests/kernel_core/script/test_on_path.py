"""The folders of ``prepend_sys_path`` are on ``sys.path`` while env.py runs, and only then."""

from __future__ import annotations

import sys
import threading

import pytest

from kernel_core.script import ScriptDirectory
from kernel_core.script.module import on_path


@pytest.fixture(autouse=True)
def unharmed():
    before = list(sys.path)
    yield
    assert sys.path == before


def test_env_py_can_import_from_the_folders_which_are_removed_afterwards(folder, tmp_path):
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "only_here.py").write_text("seen = []\n")
    (folder / "env.py").write_text("import sys, only_here\nonly_here.seen.append(list(sys.path))\n")
    lib = str(tmp_path / "lib")
    scripts = ScriptDirectory(folder, prepend_sys_path=[lib])
    try:
        for _ in range(2):
            scripts.run_env()
        assert [path.count(lib) for path in sys.modules["only_here"].seen] == [1, 1]
        assert sys.modules["only_here"].seen[0][0] == lib
    finally:
        sys.modules.pop("only_here", None)


def test_a_version_file_can_import_from_the_folders_also_outside_a_run(folder, tmp_path, put):
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "only_there.py").write_text("answer = 42\n")
    put("a", body="from only_there import answer")
    scripts = ScriptDirectory(folder, prepend_sys_path=[str(tmp_path / "lib")])
    try:
        assert scripts.get_revision("a").module.answer == 42
    finally:
        sys.modules.pop("only_there", None)


def test_an_env_py_that_fails_leaves_the_path_as_it_was(folder, tmp_path):
    (folder / "env.py").write_text("1 / 0\n")
    with pytest.raises(ZeroDivisionError):
        ScriptDirectory(folder, prepend_sys_path=[str(tmp_path)]).run_env()


def test_what_is_on_the_path_already_is_neither_moved_nor_removed():
    before, there = list(sys.path), sys.path[-1]
    with on_path([there, there]):
        assert sys.path == before
    assert sys.path == before


def test_blocks_may_overlap(tmp_path):
    first, second = on_path([str(tmp_path)]), on_path([str(tmp_path)])
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert sys.path.count(str(tmp_path)) == 1
    second.__exit__(None, None, None)
    assert str(tmp_path) not in sys.path


def test_threads_do_not_take_the_path_from_each_other(tmp_path):
    wrong: list[int] = []

    def work() -> None:
        for _ in range(200):
            with on_path([str(tmp_path), str(tmp_path / "other")]):
                if sys.path.count(str(tmp_path)) != 1:
                    wrong.append(sys.path.count(str(tmp_path)))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
