"""Wheels with the bytecode of their modules, compiled by pyodide in node, so that a browser does not compile them.

It halves the seconds until a notebook's first output. Where node is not installed the wheels are taken as they are.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Sequence

from kernel_core.util.exc import CommandError

_SCRIPT = os.path.join(os.path.dirname(__file__), "bytecode.mjs")


def with_bytecode(wheels: Sequence[str], folder: str, pyodide: str) -> list[str]:
    """Return the paths of compiled copies of the wheels, in their order; each is made once in ``folder``.

    Raises CommandError if node cannot run pyodide.
    """
    node = shutil.which("node")
    if node is None:
        return list(wheels)
    targets = [os.path.join(folder, _digest(wheel), os.path.basename(wheel)) for wheel in wheels]
    missing = [(wheel, target) for wheel, target in zip(wheels, targets, strict=True) if not os.path.isfile(target)]
    if missing:
        for _, target in missing:
            os.makedirs(os.path.dirname(target), exist_ok=True)
        jobs = [part for wheel, target in missing for part in (wheel, f"{target}.part")]
        command = [node, _SCRIPT, os.path.abspath(pyodide), *jobs]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - a fixed program
        if ran.returncode:
            raise CommandError(f"node cannot compile the wheels with {pyodide}: {ran.stderr.strip()[-500:]}")
        for _, target in missing:
            os.replace(f"{target}.part", target)
    return targets


def _digest(path: str) -> str:
    with open(path, "rb") as stream:
        return hashlib.sha256(stream.read()).hexdigest()[:16]
