"""Database migrations in a notebook, reviewed and run next to the models.

    %load_ext mig_ipython
    %mig_connect sqlite:///dev.db

From Python the same commands are methods of ``mig``: ``from mig_ipython import mig; mig.upgrade("head")``.
Importing this package imports neither SQLAlchemy nor ipywidgets, Mako or graphviz.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from .shell.registry import Commands

    mig: Commands

__all__ = ["load_ipython_extension", "mig", "unload_ipython_extension"]


def load_ipython_extension(ipython: InteractiveShell) -> None:
    """Register every command with the shell; a second call replaces the first registration."""
    from .shell.registry import register

    register(ipython)
    if sys.platform == "emscripten":
        from .browser.drive import share_open_files

        share_open_files()


def unload_ipython_extension(ipython: InteractiveShell) -> None:
    """Remove every command and close the connections that ``%mig_connect`` opened."""
    from .shell.registry import unregister

    unregister(ipython)


def __getattr__(name: str) -> Commands:
    if name == "mig":
        from .shell.registry import Commands

        return Commands()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
