"""A long-lived kernel reads a version file once, and again when it has changed."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from kernel_core.script import ScriptDirectory, folder_cache
from kernel_core.util.exc import BrokenScript

HOUR = 3_600_000_000_000


@pytest.fixture
def opened(monkeypatch) -> list[str]:
    """The names of the files that were opened since."""
    names: list[str] = []
    read = folder_cache.read_header

    def noted(path, size=-1):
        names.append(os.path.basename(path))
        return read(path, size)

    monkeypatch.setattr(folder_cache, "read_header", noted)
    return names


@pytest.fixture
def settle():
    """Wait until a change of a file gives another stamp."""
    return lambda: time.sleep(0.07)


def test_nothing_changed_so_nothing_is_opened_and_the_map_is_kept(folder, put, settle, opened):
    put("a")
    put("b", "a")
    settle()
    first = ScriptDirectory(folder).map
    assert sorted(opened) == ["a_x.py", "b_x.py"]
    opened.clear()
    assert ScriptDirectory(folder).map is first
    assert opened == []


def test_only_what_has_changed_is_opened(folder, put, settle, opened):
    put("a")
    put("b", "a")
    settle()
    old = ScriptDirectory(folder).map
    put("c", "b")
    opened.clear()
    assert ScriptDirectory(folder).get_heads() == ["c"]
    assert opened == ["c_x.py"]
    assert old.heads == ("b",)
    assert old.get_revision("b").is_head


@pytest.mark.parametrize("change", ["removed", "renamed", "broken", "mended"])
def test_every_change_is_seen(folder, put, settle, change):
    put("a")
    path = put("b", "a")
    if change == "mended":
        path.write_text("revision = ")
    settle()
    before = ScriptDirectory(folder).get_heads()
    match change:
        case "removed":
            path.unlink()
        case "renamed":
            path.rename(path.with_name("z.py"))
        case "broken":
            path.write_text("revision = ")
        case "mended":
            put("b", "a")
    found = ScriptDirectory(folder)
    if change == "renamed":
        assert found.get_revision("b").path.endswith("z.py")
    else:
        assert found.get_heads() != before
    assert len(found.unreadable) == (change == "broken")


def test_a_change_within_one_tick_of_the_clock_is_seen(folder, put):
    path = put("a")
    tick = time.time_ns() + HOUR + 1  # which is not over when the file is read, however slow the machine is
    os.utime(path, ns=(tick, tick))
    for name in "bcdefgh":
        ScriptDirectory(folder).get_heads()
        path.write_text(
            path.read_text().replace(
                f"revision = {ScriptDirectory(folder).get_current_head()!r}", f"revision = {name!r}"
            )
        )
        os.utime(path, ns=(tick, tick))
        assert ScriptDirectory(folder).get_heads() == [name]


def test_environments_do_not_mix(folder, put, tmp_path):
    put("a")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "b.py").write_text("revision = 'b'\n")
    both = ScriptDirectory(folder, version_locations=[str(folder / "versions"), str(tmp_path / "more")])
    assert both.get_heads() == ["a", "b"]
    assert ScriptDirectory(folder).get_heads() == ["a"]


def test_the_number_of_cached_environments_is_limited(tmp_path):
    for number in range(folder_cache.KEPT + 5):
        (tmp_path / f"e{number}" / "versions").mkdir(parents=True)
        assert ScriptDirectory(tmp_path / f"e{number}").get_heads() == []
    assert len(folder_cache._kept) <= folder_cache.KEPT


def test_a_broken_file_that_is_kept_holds_no_traceback(folder):
    (folder / "versions" / "x.py").write_text("revision = (")
    for _ in range(2):
        (error,) = ScriptDirectory(folder).unreadable
        assert isinstance(error, BrokenScript)
        assert error.__traceback__ is None
        assert error.__cause__ is None


def test_a_cycle_is_removed_and_named(folder, put):
    put("p")
    put("a", "c")
    put("b", "a")
    put("c", "b")
    put("s", "s")
    scripts = ScriptDirectory(folder)
    assert [script.revision for script in scripts.walk_revisions()]
    assert sorted(scripts.map.cyclic) == ["a", "b", "c", "s"]
    assert {os.path.basename(error.path): error.line for error in scripts.broken} == {f"{n}_x.py": 8 for n in "abcs"}
    assert "Cycle of down_revision through revisions" in str(scripts.broken[0])


def test_a_link_to_a_parent_folder_is_not_followed(folder, put):
    put("a")
    (folder / "versions" / "loop").symlink_to(folder / "versions", target_is_directory=True)
    assert ScriptDirectory(folder, recursive_version_locations=True).get_heads() == ["a"]
    assert not ScriptDirectory(folder, recursive_version_locations=True).broken


@pytest.mark.slow
def test_listing_two_thousand_files_again_opens_none_of_them(tmp_path: Path, opened):
    versions = tmp_path / "versions"
    versions.mkdir()
    for number in range(2_000):
        parent = f"r{number - 1:05}" if number else None
        (versions / f"r{number:05}.py").write_text(
            f"revision = 'r{number:05}'\ndown_revision = {parent!r}\n\ndef upgrade(): pass\n"
        )
    time.sleep(0.06)
    first = ScriptDirectory(tmp_path).map
    assert len(opened) == 2_000
    assert ScriptDirectory(tmp_path).map is first
    assert len(opened) == 2_000
