"""In a new tree each worker rewrites the asserts of a part of the test files, and finds the others rewritten."""

from __future__ import annotations

from _pytest.assertion import rewrite
from rewritten_files import part_of_worker, rewrite_files


def test_each_file_is_in_the_part_of_one_worker(tmp_path, monkeypatch):
    paths = [tmp_path / f"test_{number}.py" for number in range(10)]
    monkeypatch.setenv("PYTEST_XDIST_WORKER_COUNT", "3")
    parts = []
    for worker in ("gw0", "gw1", "gw2"):
        monkeypatch.setenv("PYTEST_XDIST_WORKER", worker)
        parts += part_of_worker(reversed(paths))
    assert sorted(parts) == paths
    monkeypatch.delenv("PYTEST_XDIST_WORKER")
    assert part_of_worker(paths) == []


def test_pytest_reads_what_is_stored_until_the_file_is_edited(tmp_path, pytestconfig):
    path, broken = tmp_path / "test_one.py", tmp_path / "test_broken.py"
    path.write_text("def test_it():\n    assert 1 == 2\n")
    broken.write_text("def test_it(:\n")
    stored = rewrite.get_cache_dir(path) / f"test_one{rewrite.PYC_TAIL}"
    assert rewrite._read_pyc(path, stored) is None
    rewrite_files(pytestconfig, [path, broken])
    code = rewrite._read_pyc(path, stored)
    assert "@pytest_ar" in code.co_names, "the name that rewritten asserts use"
    written = stored.stat().st_mtime_ns
    rewrite_files(pytestconfig, [path])
    assert stored.stat().st_mtime_ns == written
