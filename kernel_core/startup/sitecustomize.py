# ruff: noqa: INP001 - a folder on PYTHONPATH, not a package
"""Python runs this file at startup if its folder is on PYTHONPATH: in programs of ``mig --alias`` and their children.

``alembic`` is then this engine. A ``sitecustomize`` that would have run without this one runs after it.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec


def _alias() -> None:
    if not os.environ.get("MIG_ALIAS"):
        return
    try:
        from kernel_core.alias import install  # noqa: PLC0415 - a Python of another environment has no such package
    except ImportError:
        return
    install()


def _run_the_next() -> None:
    here = os.path.realpath(os.path.dirname(__file__))
    elsewhere = [path for path in sys.path if os.path.realpath(path or ".") != here]
    spec = PathFinder.find_spec("sitecustomize", elsewhere)
    if spec is not None and spec.loader is not None:
        module = module_from_spec(spec)
        sys.modules["sitecustomize"] = module
        spec.loader.exec_module(module)


_alias()
_run_the_next()
