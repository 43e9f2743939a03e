"""Wheels of the browser's kernel that no registry has: this project's own, and MarkupSafe without its compiled part."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import zipfile
from collections.abc import Iterable, Iterator

PACKAGES = ("kernel_core", "mig_ipython")
_FIRST_DATE = (1980, 1, 1, 0, 0, 0)
"""The date of each file, so that two builds of one tree give equal wheels."""


def write_own_wheel(folder: str) -> str:
    """Write the wheel of the two packages, as they are imported here, into a folder; return its path.

    They are read from a checkout or from an installation: neither a build backend nor a network is needed.
    """
    version = own_version()
    return _write(os.path.join(folder, f"mig_ipython-{version}-py3-none-any.whl"), "mig_ipython", version, _own_files())


def own_version() -> str:
    """Return the version of the installed distribution; ``0`` in a checkout that is not installed."""
    try:
        return importlib.metadata.version("mig_ipython")
    except importlib.metadata.PackageNotFoundError:
        return "0"


def write_pure_wheel(wheel: str, folder: str) -> str:
    """Write a wheel with the Python files of a compiled one; return its path, or of a pure wheel the path given.

    MarkupSafe imports its Python twin where its compiled part is missing.
    """
    name, version, *_ = os.path.basename(wheel).split("-")
    if wheel.endswith("-none-any.whl"):
        return wheel
    with zipfile.ZipFile(wheel) as source:
        files = [(each, source.read(each)) for each in source.namelist() if each.startswith(f"{name}/")]
    pure = [(path, content) for path, content in files if path.endswith((".py", "/py.typed"))]
    return _write(os.path.join(folder, f"{name}-{version}-py3-none-any.whl"), name, version, pure)


def write_empty_wheel(name: str, folder: str) -> str:
    """Write a wheel without modules, for a package that the kernel would load and can do without; return its path."""
    return _write(os.path.join(folder, f"{name}-0-py3-none-any.whl"), name, "0", ())


def _own_files() -> Iterator[tuple[str, bytes]]:
    for package in PACKAGES:
        spec = importlib.util.find_spec(package)
        assert spec is not None, "this module is in one of them"
        assert spec.origin is not None, "they are folders with files"
        root = os.path.dirname(os.path.abspath(spec.origin))
        for folder, folders, names in os.walk(root):
            folders[:] = sorted(each for each in folders if each != "__pycache__")
            for name in sorted(names):
                path = os.path.join(folder, name)
                with open(path, "rb") as stream:
                    yield os.path.relpath(path, os.path.dirname(root)).replace(os.sep, "/"), stream.read()


def _write(path: str, name: str, version: str, files: Iterable[tuple[str, bytes]]) -> str:
    info = f"{name}-{version}.dist-info"
    tags = "Wheel-Version: 1.0\nGenerator: mig_ipython\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    described = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    content = [*files, (f"{info}/METADATA", described.encode()), (f"{info}/WHEEL", tags.encode())]
    content.append((f"{info}/RECORD", "".join(f"{each},,\n" for each, _ in content).encode()))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        for each, data in content:
            entry = zipfile.ZipInfo(each, _FIRST_DATE)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            wheel.writestr(entry, data)
    return path
