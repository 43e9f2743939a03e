"""The thread in which the browser's messages to a control are read, and the thread in which cells run.

JupyterLab sends the messages of widgets to another thread of the kernel, a subshell, so that they arrive while a
cell runs (https://github.com/jupyterlab/jupyterlab/pull/17363). What a person does is done where cells run, in order.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Act = Callable[[], object]


@contextmanager
def interruptible() -> Iterator[None]:
    """Let an interrupt of the kernel stop the block, as it stops a cell: ipykernel ignores those between cells."""
    in_main_thread = threading.current_thread() is threading.main_thread()
    if not in_main_thread or signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def where_cells_run(call: Act) -> None:
    """Call ``call`` in the main thread, where cells run, after the running cell.

    A SQLite connection cannot be used in another thread, an in-memory database would be another one, and an
    upgrade must not run concurrently with a cell.
    """
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    loop = getattr(getattr(shell, "kernel", None), "io_loop", None)
    if loop is None or threading.current_thread() is threading.main_thread():
        call()
    else:
        loop.add_callback(call)


def keep_order(control: Any) -> None:
    """Let the messages to a control arrive in the thread that the browser names, which is one for all controls.

    ipykernel takes each to the thread that last sent something to this control: a click would overtake what was typed
    before it, and one in the main thread would wait for the running cell, and be done as often as it was clicked.
    """
    if hasattr(control.comm, "_reply_subshell_for"):  # a newer ipykernel
        control.comm._reply_subshell_for = lambda _data, sent_to: sent_to  # noqa: SLF001  there is no other way


def read_where_cells_run(control: Any) -> None:
    """Read what the browser sends to a control in the main thread, in the order in which it was sent.

    ipywidgets reads it in the thread in which it arrives, and holds the changes of the control meanwhile. If the panel
    sets the control at that moment, traitlets makes one change of both, and what the user typed is lost. A button is
    read where its message arrives: it has no value, and must be disabled at once.
    """
    keep_order(control)

    def read(message: Any) -> None:
        where_cells_run(lambda: control._handle_msg(message))  # noqa: SLF001  ipywidgets has no other entrance

    control.comm.on_msg(read)
