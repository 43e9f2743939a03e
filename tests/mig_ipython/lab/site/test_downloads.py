"""What the site is made of: pinned, verified, and of a cache or a folder."""

from __future__ import annotations

import hashlib
import os
import sys

import pytest

from kernel_core.util.exc import CommandError
from mig_ipython.lab.site import downloads


@pytest.fixture
def no_programs(monkeypatch):
    """A PATH without npm, and a Python that cannot run pip."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(sys, "executable", "/bin/false")


def wheel(folder, name, content=b"wheel"):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def lock_file(folder, *lines):
    path = folder / "wheels.txt"
    path.write_text("# a comment\n" + "".join(f"{line}\n" for line in lines))
    return str(path)


def test_every_line_of_the_lock_file_pins_one_version_and_one_hash():
    names = [name.partition("==")[0] for name in downloads.pinned_wheels().values()]
    assert names == sorted(names)
    assert {"sqlalchemy", "mako", "markupsafe", "ipython", "ipywidgets", "micropip"} <= set(names)


def test_a_line_without_a_hash_is_named(tmp_path):
    with pytest.raises(CommandError, match=r"six==1 is not|'six==1' is not"):
        downloads.pinned_wheels(lock_file(tmp_path, "six==1"))


def test_what_is_in_the_cache_is_used_without_a_program(tmp_path, no_programs):
    digest = wheel(tmp_path / "wheels", "six-1-py3-none-any.whl")
    pinned = lock_file(tmp_path, f"six==1 --hash=sha256:{digest}")
    assert downloads.wheels(str(tmp_path), lock_file=pinned) == [str(tmp_path / "wheels" / "six-1-py3-none-any.whl")]
    pyodide = tmp_path / f"pyodide-{downloads.PYODIDE}"
    pyodide.mkdir()
    for name in downloads.NEEDED:
        (pyodide / name).touch()
    assert downloads.pyodide(str(tmp_path)) == str(pyodide)


def test_a_wheel_with_another_hash_is_missing(tmp_path):
    wheel(tmp_path / "given", "six-1-py3-none-any.whl", b"changed")
    pinned = lock_file(tmp_path, f"six==1 --hash=sha256:{'0' * 64}")
    with pytest.raises(CommandError, match=r"no wheel with the pinned hash of: six==1\."):
        downloads.wheels(str(tmp_path), str(tmp_path / "given"), pinned)


def test_a_download_that_fails_names_what_failed(tmp_path, no_programs):
    pinned = lock_file(tmp_path, f"six==1 --hash=sha256:{'0' * 64}")
    with pytest.raises(CommandError, match="the wheels cannot be downloaded: false failed"):
        downloads.wheels(str(tmp_path), lock_file=pinned)


def test_without_npm_the_remedy_is_named(tmp_path, no_programs):
    with pytest.raises(CommandError, match=r"npm is not installed.*--pyodide FOLDER"):
        downloads.pyodide(str(tmp_path))


def test_a_package_of_pyodide_with_another_hash_is_deleted(tmp_path):
    archive = tmp_path / f"pyodide-{downloads.PYODIDE}.tgz"
    archive.write_bytes(b"not it")
    with pytest.raises(CommandError, match="another hash"):
        downloads.pyodide(str(tmp_path))
    assert not os.path.exists(archive)


def test_a_folder_that_is_not_pyodide_is_refused_with_what_is_missing(tmp_path):
    (tmp_path / "pyodide.mjs").touch()
    with pytest.raises(CommandError, match=r"is not a folder of pyodide: pyodide.asm.mjs, .* is missing"):
        downloads.pyodide(str(tmp_path), str(tmp_path))
