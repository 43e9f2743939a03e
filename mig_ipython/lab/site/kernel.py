"""The kernel's files: pyodide, the wheels beside it, and the lock file by which it finds them without an index."""

from __future__ import annotations

import glob
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Sequence

from kernel_core.util.exc import CommandError
from kernel_core.util.packages import pip_install

from . import downloads
from .bytecode import with_bytecode
from .wheels import write_empty_wheel, write_own_wheel, write_pure_wheel

KERNEL_EXTENSION = os.path.join("@jupyterlite", "pyodide-kernel-extension")
WIDGETS_EXTENSION = os.path.join("@jupyter-widgets", "jupyterlab-manager")
_BROUGHT_BY = {KERNEL_EXTENSION: "jupyterlite_pyodide_kernel", WIDGETS_EXTENSION: "jupyterlab_widgets"}
"""The Python module whose package installs an extension of the front end."""

_OF_KERNEL = ("piplite", "pyodide_kernel", "ipykernel", "widgetsnbextension-4")
"""Wheels that come with the kernel's front-end extension."""

_LEFT_OUT = ("jedi",)
"""The kernel loads it at each start: 5 MB of type stubs. IPython completes names without it."""


def write_kernel(folder: str, pyodide: str, wheels: Sequence[str], cache: str) -> list[str]:
    """Write pyodide with all wheels into a folder; return the names of the packages to load when the kernel starts.

    Bytecode of the pinned ``wheels`` is kept in the folder ``cache``.
    """
    os.makedirs(folder, exist_ok=True)
    for name in downloads.NEEDED:
        shutil.copyfile(os.path.join(pyodide, name), os.path.join(folder, name))
    entries = {}
    with tempfile.TemporaryDirectory() as scratch:
        pure = [*(write_pure_wheel(wheel, scratch) for wheel in wheels), *kernel_wheels()]
        pure += [write_empty_wheel(name, scratch) for name in _LEFT_OUT]
        kept = with_bytecode(pure, os.path.join(cache, "bytecode"), pyodide)
        own = with_bytecode([write_own_wheel(scratch)], scratch, pyodide)
        for wheel in [*kept, *own]:
            shutil.copyfile(wheel, os.path.join(folder, os.path.basename(wheel)))
            entry = lock_entry(wheel)
            entries[entry["name"]] = entry
    _write_lock(os.path.join(folder, "pyodide-lock.json"), entries)
    return sorted(map(str, entries))


def kernel_wheels() -> list[str]:
    """Return the wheels that the kernel's front-end extension brings.

    Raises CommandError if it is not installed.
    """
    folder = os.path.join(front_end_extension(KERNEL_EXTENSION), "static", "pypi")
    return [path for name in _OF_KERNEL for path in sorted(glob.glob(os.path.join(folder, f"{name}*.whl")))]


def front_end_extension(name: str) -> str:
    """Return the folder of an installed extension of JupyterLab's front end.

    Raises CommandError if it is not installed.
    """
    for root in _labextensions():
        if os.path.isfile(os.path.join(root, name, "package.json")):
            return os.path.join(root, name)
    raise CommandError(f"{name} is not installed. Install it: {pip_install(_BROUGHT_BY[name])}")


def lock_entry(wheel: str) -> dict[str, object]:
    """Return the entry of a wheel in pyodide's lock file; its file is named relative to the lock file."""
    file = os.path.basename(wheel)
    name, version, *_ = file.split("-")
    with open(wheel, "rb") as stream:
        digest = hashlib.sha256(stream.read()).hexdigest()
    return {
        "name": name.lower().replace("_", "-"),
        "version": version,
        "file_name": file,
        "install_dir": "site",
        "sha256": digest,
        "package_type": "package",
        "imports": [],
        "depends": [],
        "unvendored_tests": False,
    }


def _labextensions() -> Iterable[str]:
    from jupyter_core.paths import jupyter_path

    yield os.path.join(sys.prefix, "share", "jupyter", "labextensions")
    yield from jupyter_path("labextensions")


def _write_lock(path: str, entries: dict[object, dict[str, object]]) -> None:
    """Keep what pyodide's lock file says about the interpreter; its packages become those of the site."""
    with open(path, encoding="utf-8") as stream:
        lock = json.load(stream)
    lock["packages"] = {str(name): entries[name] for name in sorted(map(str, entries))}
    with open(path, "w", encoding="utf-8") as stream:
        json.dump(lock, stream, indent=1)
