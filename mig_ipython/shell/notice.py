"""Print one line for a command that has changed something, where the cell does not display its result.

A cell displays its last expression only, not the result of an earlier command, in a loop, or assigned to a name.
"""

from __future__ import annotations

import ast
import inspect
import linecache
from collections.abc import Mapping
from types import FrameType

from kernel_core.util.messaging import printable

from ..views.text import shown_path

_CALLS = frozenset({"run_line_magic", "run_cell_magic"})


def print_change(verb: str, result: object, namespace: Mapping[str, object]) -> None:
    """Print what a command has changed, unless the cell that called it displays the result.

    ``namespace`` is the notebook's; it identifies the frame of the cell.
    """
    line = _line(verb, result)
    if line and not _is_displayed(verb, _frame_of_cell(namespace)):
        print(printable(line))  # noqa: T201 - the output of the cell


def _line(verb: str, result: object) -> str:
    """Return the change in one line; "" where nothing was changed."""
    if verb in ("upgrade", "downgrade", "stamp"):
        from ..views.report import RunReport

        if not isinstance(result, RunReport) or result.sql is not None:
            return ""
        return result.summary() if result.steps else ""
    if verb in ("autogenerate", "migration"):
        from ..views.report import RunReport

        path: object = getattr(result, "path", None)
        report: object = getattr(result, "report", None)
        written = f"Wrote {shown_path(str(path))}" if path and getattr(result, "is_written", True) else ""
        return report.summary() if isinstance(report, RunReport) else written
    if verb in ("connect", "init", "undo", "close"):
        return repr(result).partition("\n")[0].rstrip(":")
    if verb in ("revision", "merge"):
        return str(getattr(result, "note", "")).partition("\n")[0]
    return ""


def _frame_of_cell(namespace: Mapping[str, object]) -> FrameType | None:
    """Return the innermost frame that runs the notebook's own code.

    ``IPython.embed()`` in a function runs it with the globals of that module and the namespace as its local names.
    """
    frame: FrameType | None = inspect.currentframe()
    while frame is not None and frame.f_globals is not namespace and frame.f_locals is not namespace:
        frame = frame.f_back
    return frame


def _is_displayed(verb: str, frame: FrameType | None) -> bool:
    """Return whether the call is the expression that the cell ends with, so that its result is displayed."""
    if frame is None or frame.f_code.co_name != "<module>":
        return False
    try:
        body = ast.parse("".join(linecache.getlines(frame.f_code.co_filename))).body
    except SyntaxError:
        return False
    match body[-1] if body else None:
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr=name)), lineno=first, end_lineno=last):
            return (name in _CALLS or name == verb) and first <= frame.f_lineno <= (last or first)
    return False
