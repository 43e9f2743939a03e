"""The wheels that the site makes itself, and the kernel's lock file."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile

import pytest

from mig_ipython.lab.site.kernel import lock_entry
from mig_ipython.lab.site.wheels import write_empty_wheel, write_own_wheel, write_pure_wheel


@pytest.fixture(scope="module")
def own_wheel(tmp_path_factory):
    """The path of the wheel of this tree."""
    return write_own_wheel(str(tmp_path_factory.mktemp("own")))


@pytest.mark.slow
def test_the_own_wheel_holds_both_packages_with_their_data_and_no_bytecode(own_wheel):
    with zipfile.ZipFile(own_wheel) as wheel:
        names = wheel.namelist()
    assert {"kernel_core/__init__.py", "mig_ipython/browser/drive.js", "mig_ipython/lab/data/flights.csv"} <= set(names)
    assert {name.partition("/")[0] for name in names if ".dist-info/" not in name} == {"kernel_core", "mig_ipython"}
    assert not [name for name in names if name.endswith(".pyc")]


@pytest.mark.slow
def test_two_own_wheels_of_one_tree_are_equal(tmp_path, own_wheel):
    assert digest(write_own_wheel(str(tmp_path))) == digest(own_wheel)


def test_python_imports_the_own_wheel(own_wheel):
    code = "import mig_ipython; print(mig_ipython.__file__)"
    ran = subprocess.run(
        [sys.executable, "-S", "-I", "-c", f"import sys; sys.path.insert(0, {own_wheel!r}); {code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.strip().startswith(own_wheel)


def test_of_a_compiled_wheel_only_the_python_files_are_taken(tmp_path):
    compiled = tmp_path / "markupsafe-3.0.4-cp314-cp314-manylinux2014_x86_64.whl"
    with zipfile.ZipFile(compiled, "w") as wheel:
        for name in (
            "__init__.py",
            "_native.py",
            "py.typed",
            "_speedups.c",
            "_speedups.cpython-314-x86_64-linux-gnu.so",
        ):
            wheel.writestr(f"markupsafe/{name}", name)
        wheel.writestr("markupsafe-3.0.4.dist-info/METADATA", "Name: markupsafe")
    pure = write_pure_wheel(str(compiled), str(tmp_path))
    assert pure.endswith("markupsafe-3.0.4-py3-none-any.whl")
    with zipfile.ZipFile(pure) as wheel:
        inside = {name for name in wheel.namelist() if name.startswith("markupsafe/")}
    assert inside == {"markupsafe/__init__.py", "markupsafe/_native.py", "markupsafe/py.typed"}


def test_a_pure_wheel_is_taken_as_it_is(tmp_path):
    path = write_empty_wheel("jedi", str(tmp_path))
    assert write_pure_wheel(path, str(tmp_path / "missing")) == path


def test_the_lock_file_names_a_wheel_by_its_normal_name_and_its_hash(own_wheel):
    entry = lock_entry(own_wheel)
    assert entry["sha256"] == digest(own_wheel)
    assert (entry["name"], entry["file_name"]) == ("mig-ipython", own_wheel.rpartition("/")[2])


def digest(path):
    with open(path, "rb") as stream:
        return hashlib.sha256(stream.read()).hexdigest()
