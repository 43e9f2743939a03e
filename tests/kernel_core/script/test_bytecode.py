"""The code of a file is compiled once, and again when the content of the file changes."""

import os

import pytest

from kernel_core.script import bytecode
from kernel_core.script.bytecode import bytecode_at, code_at
from kernel_core.util.exc import BrokenScript


@pytest.fixture(autouse=True)
def kept(monkeypatch):
    """What is kept here, empty at first."""
    monkeypatch.setattr(bytecode, "_kept", bytecode._Kept())
    return bytecode._kept


def value_of(path):
    space = {}
    exec(code_at(str(path)), space)
    return space["value"]


def test_a_file_is_compiled_once_while_its_bytes_are_the_same(tmp_path):
    path = tmp_path / "a.py"
    path.write_text("value = 1")
    first = bytecode_at(str(path))
    path.write_text("value = 1")
    assert bytecode_at(str(path)) is first


def test_a_change_that_leaves_size_and_time_is_seen(tmp_path):
    path = tmp_path / "a.py"
    path.write_text("value = 1")
    os.utime(path, (1, 1))
    assert value_of(path) == 1
    path.write_text("value = 2")
    os.utime(path, (1, 1))
    assert value_of(path) == 2


def test_a_file_that_became_invalid_is_refused_although_its_code_is_cached(tmp_path):
    path = tmp_path / "a.py"
    path.write_text("value = 1")
    assert value_of(path) == 1
    path.write_text("value = ")
    with pytest.raises(BrokenScript, match="not valid Python"):
        code_at(str(path))
    path.unlink()
    with pytest.raises(BrokenScript):
        code_at(str(path))


def test_the_oldest_entry_is_removed_first_when_the_cache_is_full(tmp_path, kept, monkeypatch):
    paths = [tmp_path / f"{number}.py" for number in range(5)]
    for path in paths:
        path.write_text(f"value = {path.stem}")
    bytecode_at(str(paths[0]))
    monkeypatch.setattr(bytecode, "KEPT", kept.size * 3)
    for path in [*paths, paths[2]]:
        assert value_of(path) == int(path.stem)
    assert list(kept.files) == [str(path) for path in paths[2:]]
    assert kept.size == sum(len(data) + len(code) for data, code in kept.files.values())


def test_a_file_larger_than_the_cache_is_not_kept(tmp_path, kept, monkeypatch):
    monkeypatch.setattr(bytecode, "KEPT", 10)
    path = tmp_path / "a.py"
    path.write_text("value = 1")
    assert value_of(path) == 1
    assert (kept.files, kept.size) == ({}, 0)
