"""Fetches the pinned files of the site into a cache folder: wheels by pip, pyodide by npm. Their hashes are verified.

Where all files are in the cache, no program runs and no network is needed.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Sequence

from kernel_core.util.exc import CommandError

WHEELS = os.path.join(os.path.dirname(__file__), "wheels.txt")
PYODIDE = "314.0.6"
PYODIDE_INTEGRITY = "sha512-BKDTJyIqFxC4BExLqeRS3f5xvXZIjOt8C3zGLN/Cc7tFxSwvKVhVkchQQ2AGLOtR4YrVOIFxbV8poyDOOmWwxQ=="
"""The digest that npm publishes for this version."""

NEEDED = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "pyodide-lock.json", "python_stdlib.zip")
"""The files of pyodide that a browser loads."""

_FOR_PYODIDE = ("--python-version", "3.14", "--implementation", "cp", "--abi", "cp314", "--abi", "none")
_PLATFORM = ("--platform", "manylinux2014_x86_64")  # of MarkupSafe, whose compiled part is left out


def default_cache() -> str:
    """Return the folder in which downloads are kept: ``mig_ipython/site`` in the user's cache folder."""
    root = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(root, "mig_ipython", "site")


def pinned_wheels(lock_file: str = WHEELS) -> dict[str, str]:
    """Return ``name==version`` by the SHA-256 of its wheel.

    Raises CommandError for a line without exactly one hash.
    """
    found = {}
    with open(lock_file, encoding="utf-8") as stream:
        for line in filter(None, (line.partition("#")[0].strip() for line in stream)):
            match = re.fullmatch(r"(\S+==\S+)\s+--hash=sha256:([0-9a-f]{64})", line)
            if match is None:
                raise CommandError(f"{lock_file}: {line!r} is not NAME==VERSION --hash=sha256:DIGEST.")
            found[match[2]] = match[1]
    return found


def wheels(cache: str, folder: str | None = None, lock_file: str = WHEELS) -> list[str]:
    """Return the paths of the pinned wheels: of ``folder``, or of the cache, into which pip downloads missing ones.

    Raises CommandError if one is missing after that; a file with another hash counts as missing.
    """
    pinned = pinned_wheels(lock_file)
    place = folder or os.path.join(cache, "wheels")
    present = _by_hash(place)
    if folder is None and not pinned.keys() <= present.keys():
        os.makedirs(place, exist_ok=True)
        options = ("--no-deps", "--require-hashes", "--only-binary=:all:", "--dest", place, "--requirement", lock_file)
        _run([sys.executable, "-m", "pip", "download", "--quiet", *options, *_FOR_PYODIDE, *_PLATFORM], "the wheels")
        present = _by_hash(place)
    missing = [name for digest, name in pinned.items() if digest not in present]
    if missing:
        raise CommandError(f"{place} has no wheel with the pinned hash of: {', '.join(missing)}.")
    return [present[digest] for digest in pinned]


def pyodide(cache: str, folder: str | None = None) -> str:
    """Return a folder with the files of pyodide: ``folder``, or the npm package, unpacked in the cache.

    Raises CommandError if a file is missing in the folder, or the package has another hash.
    """
    place = folder or os.path.join(cache, f"pyodide-{PYODIDE}")
    if folder is None and not _is_complete(place):
        _unpack(_npm_package(cache), place)
    missing = [name for name in NEEDED if not os.path.isfile(os.path.join(place, name))]
    if missing:
        raise CommandError(
            f"{place} is not a folder of pyodide: {', '.join(missing)} is missing. "
            f"Give the folder of the npm package pyodide {PYODIDE}."
        )
    return place


def _is_complete(place: str) -> bool:
    return all(os.path.isfile(os.path.join(place, name)) for name in NEEDED)


def _npm_package(cache: str) -> str:
    archive = os.path.join(cache, f"pyodide-{PYODIDE}.tgz")
    if not os.path.isfile(archive):
        npm = shutil.which("npm")
        if npm is None:
            raise CommandError("npm is not installed; it downloads pyodide. Install it, or give --pyodide FOLDER.")
        os.makedirs(cache, exist_ok=True)
        _run([npm, "pack", "--silent", f"pyodide@{PYODIDE}", "--pack-destination", cache], "pyodide")
    with open(archive, "rb") as stream:
        digest = base64.b64encode(hashlib.sha512(stream.read()).digest()).decode()
    if f"sha512-{digest}" != PYODIDE_INTEGRITY:
        os.unlink(archive)
        raise CommandError(f"{archive} has another hash than pyodide {PYODIDE} has, and was deleted. Build again.")
    return archive


def _unpack(archive: str, place: str) -> None:
    """Write the needed files of the npm package into a folder."""
    os.makedirs(place, exist_ok=True)
    with tarfile.open(archive) as package:
        for name in NEEDED:
            source = package.extractfile(f"package/{name}")
            assert source is not None, "the hash was verified"
            with source, open(os.path.join(place, name), "wb") as target:
                shutil.copyfileobj(source, target)


def _by_hash(folder: str) -> dict[str, str]:
    if not os.path.isdir(folder):
        return {}
    found = {}
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if name.endswith(".whl"):
            with open(path, "rb") as stream:
                found[hashlib.sha256(stream.read()).hexdigest()] = path
    return found


def _run(arguments: Sequence[str], what: str) -> None:
    ran = subprocess.run(arguments, capture_output=True, text=True, check=False)  # noqa: S603 - fixed programs
    if ran.returncode:
        lines = (ran.stderr or ran.stdout).strip().splitlines()
        shown = "\n".join(lines[-5:])
        raise CommandError(f"{what} cannot be downloaded: {os.path.basename(arguments[0])} failed.\n{shown}")
