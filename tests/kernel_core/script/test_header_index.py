"""A new process uses the headers that an earlier one recorded, and notices each change of a file."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kernel_core.script import ScriptDirectory, folder_cache
from kernel_core.script.header_index import WORTHWHILE, read_index

MANY = WORTHWHILE + 10
pytestmark = pytest.mark.skipif(
    os.name != "posix", reason="Without the time of change of an inode nothing is recorded."
)


def text_of(name: str, parent: str | None, doc: str = "Add") -> str:
    return f'"""{doc}"""\nrevision = {name!r}\ndown_revision = {parent!r}\n\ndef upgrade(): pass\n'


@pytest.fixture
def writes(monkeypatch) -> None:
    """Python may write byte code, as it does by default."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", None)


@pytest.fixture
def long(tmp_path, writes) -> Path:
    """A folder whose version files r0000, r0001, ... are old enough to be recorded."""
    versions = tmp_path / "migrations" / "versions"
    versions.mkdir(parents=True)
    for number in range(MANY):
        parent = f"r{number - 1:04}" if number else None
        (versions / f"r{number:04}.py").write_text(text_of(f"r{number:04}", parent))
    time.sleep(0.07)
    return tmp_path / "migrations"


def listed(folder: Path, **options: bool) -> list[tuple[object, ...]]:
    """What a new process finds."""
    folder_cache.forget()
    scripts = ScriptDirectory(folder, **options)
    return [each.header for each in scripts.map] + sorted(str(error) for error in scripts.unreadable)


def without_index(folder: Path, **options: bool) -> list[tuple[object, ...]]:
    """What a process finds that reads each file."""
    for cache in folder.rglob("__pycache__"):
        shutil.rmtree(cache)
    return listed(folder, **options)


@pytest.fixture
def read(monkeypatch) -> list[str]:
    """The names of the files that were read since."""
    names: list[str] = []
    original = folder_cache.read_header

    def noted(path, size=-1):
        names.append(os.path.basename(path))
        return original(path, size)

    monkeypatch.setattr(folder_cache, "read_header", noted)
    return names


def test_a_new_process_reads_no_file_again(long, read):
    first = listed(long)
    assert len(read) == MANY
    read.clear()
    assert listed(long) == first
    assert read == []


def in_place(path: Path) -> None:
    """Other content of the same size, and the times as they were."""
    before = path.stat()
    path.write_text(path.read_text().replace("'r", "'s", 1))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)


def replaced(path: Path) -> None:
    """As ``rsync --times`` does: another file of the same size and times takes its place."""
    other = path.with_suffix(".new")
    shutil.copy2(path, other)
    in_place(other)
    other.replace(path)


def swapped(path: Path) -> None:
    """Two files exchange their names."""
    other = path.with_name("r0003.py")
    path.rename(path.with_suffix(".old"))
    other.rename(path)
    path.with_suffix(".old").rename(other)


def appended(path: Path) -> None:
    path.with_name("z.py").write_text(text_of("z", path.stem))


def broken(path: Path) -> None:
    path.write_text("revision = ")


def linked(path: Path) -> None:
    target = path.parents[1] / "elsewhere.py"
    target.write_text(text_of("other", None))
    path.unlink()
    path.symlink_to(target)


CHANGES: list[Callable[[Path], None]] = [in_place, replaced, swapped, appended, broken, linked, Path.unlink]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_every_change_is_seen_by_a_new_process(long, change):
    before = listed(long)
    change(long / "versions" / "r0007.py")
    found = listed(long)
    assert found != before
    assert found == without_index(long)


def test_a_copy_of_the_folder_with_its_times_and_its_index_is_read_again(long, tmp_path, read):
    listed(long)
    shutil.copytree(long, tmp_path / "copy")
    in_place(tmp_path / "copy" / "versions" / "r0007.py")
    read.clear()
    found = listed(tmp_path / "copy")
    assert len(read) == MANY
    assert found == without_index(tmp_path / "copy")


def test_a_moved_folder_shows_its_new_paths(long, tmp_path):
    listed(long)
    long.rename(tmp_path / "moved")
    assert all(each.path.startswith(str(tmp_path / "moved")) for each in listed(tmp_path / "moved"))


def test_a_file_that_changed_a_moment_ago_is_not_recorded(long):
    (long / "versions" / "r0007.py").write_text(text_of("r0007", "r0006", doc="Now"))
    listed(long)
    index = read_index(str(long / "versions"))
    assert index is not None
    assert len(index.paths) == MANY - 1
    assert not any(path.endswith("r0007.py") for path in index.paths)


def test_a_file_of_the_future_is_not_recorded(long):
    tomorrow = time.time() + 86_400
    os.utime(long / "versions" / "r0007.py", (tomorrow, tomorrow))
    time.sleep(0.07)
    listed(long)
    assert not any(path.endswith("r0007.py") for path in read_index(str(long / "versions")).paths)


@pytest.mark.parametrize("damage", [b"", b"mig index", b"\0" * 5000, None])
def test_a_damaged_index_is_not_used(long, damage):
    first = listed(long)
    (index,) = (long / "versions" / "__pycache__").iterdir()
    data = index.read_bytes()
    index.write_bytes(data.replace(b"\0r0007\0r0006\0", b"\0r0008\0r0006\0") if damage is None else damage)
    assert listed(long) == first
    assert index.read_bytes() == data


def test_few_files_leave_no_index(tmp_path, writes):
    (tmp_path / "versions").mkdir()
    (tmp_path / "versions" / "a.py").write_text(text_of("a", None))
    time.sleep(0.07)
    listed(tmp_path)
    assert not (tmp_path / "versions" / "__pycache__").exists()


def test_nothing_is_written_where_python_writes_no_byte_code(long, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    listed(long)
    assert not (long / "versions" / "__pycache__").exists()


def test_the_index_lies_where_python_keeps_byte_code(long, tmp_path, monkeypatch, read):
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path / "prefix"))
    listed(long)
    assert not (long / "versions" / "__pycache__").exists()
    assert len(list((tmp_path / "prefix").rglob("*.mig"))) == 1
    read.clear()
    listed(long)
    assert read == []


def test_a_folder_that_cannot_hold_an_index_is_listed(long):
    (long / "versions" / "__pycache__").write_text("a file")
    assert len(listed(long)) == MANY


def test_values_that_the_index_cannot_hold_are_read_from_their_file(long, read):
    versions = long / "versions"
    (versions / "r0001.py").write_text(text_of("r0001", "r0000").replace('"""Add"""', r'"\0"'))
    (versions / "r0002.py").write_text(text_of("r0002", "r0001").replace("'r0001'", r"'a\x1fb'"))
    (versions / "r0003.py").write_text(text_of("r0003", "r0002").replace('"""Add"""', r'"\ud800"'))
    time.sleep(0.07)
    first = listed(long)
    read.clear()
    assert listed(long) == first
    assert sorted(read) == ["r0001.py", "r0002.py"]


def test_files_of_different_forms_come_back_as_they_were_read(long, read):
    versions = long / "versions"
    several = "branch_labels = ('shop', 'till')\ndepends_on = ('r0001', 'r0002')\n\ndef upgrade"
    for number in range(3, 30, 3):
        lines = "\n" * (number % 7)
        text = text_of(f"r{number:04}", f"r{number - 1:04}", f"Line 1{lines}\nÄ")
        (versions / f"r{number:04}.py").write_text(text.replace("def upgrade", several) if number == 9 else text)
    (versions / "r0005.py").write_text(text_of("r0005", None).replace("None", "('r0003', 'r0004')"))
    time.sleep(0.07)
    first = listed(long)
    read.clear()
    assert listed(long) == first
    assert read == []
    assert len({tuple(header[6].items()) for header in first}) > 5


def test_each_folder_has_its_own_index(long):
    (long / "versions" / "more").mkdir()
    for number in range(MANY):
        (long / "versions" / "more" / f"m{number}.py").write_text(text_of(f"m{number}", None))
    time.sleep(0.07)
    first = listed(long, recursive_version_locations=True)
    assert len(list(long.rglob("*.mig"))) == 2
    assert listed(long, recursive_version_locations=True) == first
    assert len(listed(long)) == MANY


def test_the_sourceless_mode_does_not_take_the_index_for_a_revision(long):
    first = listed(long, sourceless=True)
    assert listed(long, sourceless=True) == first
    assert len(first) == MANY


@pytest.mark.slow
def test_writers_and_readers_at_once_always_see_whole_files(long):
    expected = listed(long)
    script = f"""
from kernel_core.script import ScriptDirectory, folder_cache
for _ in range(8):
    folder_cache.forget()
    assert len(ScriptDirectory({str(long)!r}).map) == {MANY}
"""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    others = [subprocess.Popen([sys.executable, "-c", script], env=environment) for _ in range(2)]
    ended = threading.Event()

    def remove() -> None:
        while not ended.is_set():
            shutil.rmtree(long / "versions" / "__pycache__", ignore_errors=True)
            time.sleep(0.005)

    remover = threading.Thread(target=remove)
    remover.start()
    try:
        for _ in range(5):
            assert listed(long) == expected
    finally:
        codes = [other.wait() for other in others]
        ended.set()
        remover.join()
    assert codes == [0, 0]
