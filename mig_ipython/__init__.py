"""Database migrations in a notebook, reviewed and run beside the models.

    %load_ext mig_ipython
    %mig_connect sqlite:///dev.db

From Python the same commands are methods of ``mig``: ``from mig_ipython import mig; mig.upgrade("head")``.
Importing this package imports neither SQLAlchemy nor ipywidgets, Mako or graphviz.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .shell.registry import Commands

    mig: Commands

__all__ = ["load_ipython_extension", "mig", "unload_ipython_extension"]


def load_ipython_extension(ipython: Any) -> None:
    """Register every command with the shell; doing it twice is harmless."""
    from .shell.registry import register

    register(ipython)


def unload_ipython_extension(ipython: Any) -> None:
    """Take every command away again and close what ``%mig_connect`` opened."""
    from .shell.registry import unregister

    unregister(ipython)


def __getattr__(name: str) -> Any:
    if name == "mig":
        from .shell.registry import Commands

        return Commands()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
