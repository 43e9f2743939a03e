"""Print one line for a command that has changed something, where the cell does not display its result.

A cell displays its last expression only, not the result of an earlier command, in a loop, or assigned to a name. A file
that IPython runs (``ipython file.ipy``, ``%run file.ipy``) displays none: there each result is printed.
"""

from __future__ import annotations

import ast
import inspect
import linecache
from collections.abc import Mapping
from types import FrameType

from kernel_core.util.messaging import printable

from ..views.text import shown_path
from ..views.view import View

_CALLS = frozenset({"run_line_magic", "run_cell_magic"})


def print_change(verb: str, result: object, namespace: Mapping[str, object]) -> None:
    """Print what a command has changed, unless the cell that called it displays the result.

    In a file that IPython runs, print the whole result of a command that is a statement. ``namespace`` is the
    notebook's; it identifies the frame of the cell.
    """
    line, frame = _line(verb, result), _frame_of_cell(namespace)
    if isinstance(result, View) and _displays_nothing(frame) and _is_statement(frame):
        print(repr(result))  # noqa: T201 - the output of the file
    elif line and not _is_displayed(verb, frame):
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
    body = _source(frame).body
    match body[-1] if body else None:
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr=name)), lineno=first, end_lineno=last):
            return (name in _CALLS or name == verb) and first <= frame.f_lineno <= (last or first)
    return False


def _is_statement(frame: FrameType | None) -> bool:
    """Return whether the magic is a statement of the module: its result is used for nothing else."""
    if frame is None or frame.f_code.co_name != "<module>":
        return False
    for node in ast.walk(_source(frame)):
        match node:
            case ast.Expr(value=ast.Call(func=ast.Attribute(attr=name)), lineno=first, end_lineno=last):
                if name in _CALLS and first <= frame.f_lineno <= (last or first):
                    return True
    return False


def _displays_nothing(frame: FrameType | None) -> bool:
    """Return whether IPython runs the code without displaying any value; only its own frame knows."""
    while frame is not None and frame.f_code.co_name != "run_cell_async":
        frame = frame.f_back
    return frame is not None and bool(frame.f_locals.get("silent"))


def _source(frame: FrameType) -> ast.Module:
    """Return the parsed source of a frame's cell; an empty one where it is not known."""
    try:
        return ast.parse("".join(linecache.getlines(frame.f_code.co_filename)))
    except SyntaxError:
        return ast.Module([], [])
