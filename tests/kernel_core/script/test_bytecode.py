"""The code of a file is compiled once, and again when the content of the file changes."""

import os
import shutil
import sys
import traceback
import warnings

import pytest

from kernel_core.script import bytecode
from kernel_core.script.bytecode import bytecode_at, check_code, code_at, hashes_at
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
    assert code_at(str(path)) is code_at(str(path))


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
    assert kept.size == sum(len(data) + len(code) for data, code, _ in kept.files.values())


def test_a_file_larger_than_the_cache_is_not_kept(tmp_path, kept, monkeypatch):
    monkeypatch.setattr(bytecode, "KEPT", 10)
    path = tmp_path / "a.py"
    path.write_text("value = 1")
    assert value_of(path) == 1
    assert (kept.files, kept.size) == ({}, 0)


# ---- the next process -------------------------------------------------------------------------------------------


@pytest.fixture
def next_process(monkeypatch):
    """Forget what this process keeps; Python may write byte code."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", None)
    return lambda: monkeypatch.setattr(bytecode, "_kept", bytecode._Kept())


@pytest.fixture
def compiled(monkeypatch):
    """The names of the files that were compiled since."""
    names = []
    original = bytecode.compiled_source

    def noted(source, path):
        names.append(os.path.basename(path))
        return original(source, path)

    monkeypatch.setattr(bytecode, "compiled_source", noted)
    return names


@pytest.mark.parametrize("first", [bytecode_at, check_code])
def test_the_next_process_does_not_compile_again(tmp_path, next_process, compiled, first):
    path = tmp_path / "a.py"
    path.write_text("value = 1")
    first(str(path))
    next_process()
    check_code(str(path))
    assert value_of(path) == 1
    assert compiled == ["a.py"]


def test_the_next_process_does_not_hash_the_content_again(tmp_path, next_process, monkeypatch):
    path = tmp_path / "a.py"
    path.write_text("value = 1")
    code = bytecode_at(str(path))
    first = hashes_at(str(path), code)
    next_process()
    monkeypatch.setattr(bytecode, "content_hash", None)
    assert hashes_at(str(path)) == hashes_at(str(path), bytecode_at(str(path))) == first
    assert value_of(path) == 1


def test_the_hashes_follow_the_file_unless_they_are_those_of_what_was_compiled(tmp_path, next_process):
    path = tmp_path / "a.py"
    path.write_text("value = 1")
    code = bytecode_at(str(path))
    first = hashes_at(str(path), code)
    path.write_text("value = 1  # note")
    assert hashes_at(str(path), code) == first
    commented = hashes_at(str(path))
    assert (commented[0], commented[1] == first[1]) == (first[0], False)
    path.write_text("value = 2")
    assert hashes_at(str(path))[0] != first[0]


def test_the_next_process_sees_a_change_that_leaves_size_and_time(tmp_path, next_process):
    path = tmp_path / "a.py"
    for number in range(3):
        path.write_text(f"value = {number}")
        os.utime(path, (1, 1))
        next_process()
        assert value_of(path) == number


def test_code_of_a_moved_folder_names_its_new_path(tmp_path, next_process):
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "a.py").write_text("value = 1\n1 / 0")
    code_at(str(tmp_path / "old" / "a.py"))
    shutil.move(tmp_path / "old", tmp_path / "new")
    next_process()
    with pytest.raises(ZeroDivisionError) as caught:
        exec(code_at(str(tmp_path / "new" / "a.py")), {})
    assert traceback.extract_tb(caught.tb)[-1].filename == str(tmp_path / "new" / "a.py")


def test_damaged_code_is_compiled_again(tmp_path, next_process):
    path = tmp_path / "a.py"
    path.write_text("value = 1")
    code_at(str(path))
    (kept,) = (tmp_path / "__pycache__").iterdir()
    data = kept.read_bytes()
    for damaged in (b"", data[:-9], data[:-30] + bytes(26) + data[-4:], data.replace(b"value", b"other")):
        kept.write_bytes(damaged)
        next_process()
        assert value_of(path) == 1
        assert kept.read_bytes() == data


def test_a_warning_of_the_compiler_is_shown_when_the_file_is_run_and_not_when_it_is_checked(tmp_path, next_process):
    path = tmp_path / "a.py"
    path.write_text("value = 1 is 1")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_code(str(path))
    next_process()
    with pytest.warns(SyntaxWarning):
        code_at(str(path))


def test_nothing_is_kept_for_the_next_process_where_python_writes_no_byte_code(tmp_path, next_process, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    (tmp_path / "a.py").write_text("value = 1")
    code_at(str(tmp_path / "a.py"))
    assert not (tmp_path / "__pycache__").exists()


def test_code_is_kept_where_python_keeps_byte_code(tmp_path, next_process, monkeypatch, compiled):
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path / "prefix"))
    (tmp_path / "a.py").write_text("value = 1")
    for _ in range(2):
        code_at(str(tmp_path / "a.py"))
        next_process()
    assert not (tmp_path / "__pycache__").exists()
    assert compiled == ["a.py"]
    assert len(list((tmp_path / "prefix").rglob("a.*.code"))) == 1


@pytest.mark.skipif(os.name != "posix", reason="Windows has other permissions.")
def test_code_of_a_private_file_is_private(tmp_path, next_process):
    (tmp_path / "a.py").write_text("password = 'x'")
    (tmp_path / "a.py").chmod(0o600)
    code_at(str(tmp_path / "a.py"))
    assert [path.stat().st_mode & 0o777 for path in (tmp_path / "__pycache__").iterdir()] == [0o600]
