"""An IPython shell with the extension loaded, in which lessons are built."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config


@contextmanager
def lesson_shell() -> Iterator[InteractiveShell]:
    """Yield the running shell, or a new one for the time of the block."""
    is_new = not InteractiveShell.initialized()
    shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    shell.colors = "nocolor"
    try:
        shell.run_line_magic("load_ext", "mig_ipython")
        yield shell
    finally:
        if is_new:
            shell.run_line_magic("unload_ext", "mig_ipython")
            InteractiveShell.clear_instance()
