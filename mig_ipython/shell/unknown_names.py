"""Names that a command puts into the notebook: where one is not known yet, the error says which command it is."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_OF_COMMANDS = {
    "desk": "In a notebook of the workshop: no lesson was started in this kernel. Run the first cell of the notebook "
    "again, or %mig_lab start with the number of the lesson, and then this cell.",
}
"""A sentence for each name."""


def explain_unknown_names(shell: InteractiveShell) -> None:
    """Show a sentence below the traceback of a NameError for such a name; other errors are shown as before.

    IPython has one place for a handler. One that was set by the user or by another extension stays.
    """
    if not shell.custom_exceptions:
        shell.set_custom_exc((NameError,), _show)  # type: ignore[no-untyped-call]


def stop_explaining(shell: InteractiveShell) -> None:
    """Remove the handler, where it is this one."""
    if shell.custom_exceptions == (NameError,) and _is_ours(shell):
        shell.set_custom_exc((), None)  # type: ignore[no-untyped-call]


def _is_ours(shell: InteractiveShell) -> bool:
    """Return whether the handler is `_show`, which IPython wraps in another function."""
    cells = shell.CustomTB.__func__.__closure__ or ()
    return any(cell.cell_contents is _show for cell in cells)


def _show(
    shell: InteractiveShell,
    kind: type[BaseException],
    error: NameError,
    traceback: TracebackType,
    tb_offset: int | None = None,
) -> None:
    """Show an error as IPython does, with the sentence for its name below."""
    if sentence := _OF_COMMANDS.get(error.name or ""):
        lines = shell.InteractiveTB.structured_traceback(kind, error, traceback, tb_offset=tb_offset)
        error._render_traceback_ = lambda: [*lines, sentence]  # type: ignore[attr-defined]
    shell.showtraceback((kind, error, traceback), tb_offset=tb_offset, running_compiled_code=True)
