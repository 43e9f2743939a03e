"""Mistakes in the files of a project: where an exception of ``env.py``, a version file or the models was raised.

    found = mistake_in_project(error)
    print(found)    # migrations/env.py, line 5: ModuleNotFoundError: No module named 'app'. (and the remedy beneath)

An exception is a mistake in the project if its traceback contains ``env.py`` or a version file, and the deepest frames
below those of the engine are in files that are neither of this package, nor of the standard library, nor installed. Any
other is a bug of this package or of an installed one.
"""

from __future__ import annotations

import linecache
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from types import FrameType, TracebackType
from typing import Any

from .exc import CommandError
from .folders import caller_folder, shown_path
from .packages import pip_install

DRIVERS = frozenset(
    {
        "psycopg",
        "psycopg2",
        "asyncpg",
        "pymysql",
        "MySQLdb",
        "mariadb",
        "aiomysql",
        "aiosqlite",
        "pyodbc",
        "oracledb",
    }
)
"""Modules of database drivers."""

_OURS = tuple(
    os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), name, "")
    for name in ("kernel_core", "mig_ipython")
)
OWN_MODULE = "_mig_"
"""Prefix of the module names of ``env.py`` and of version files."""

_PASSED_ON = frozenset({"kernel_core.alias"})
"""Modules of this package whose frames are import statements of the project."""

_INSTALLED = ("site-packages", "dist-packages")


@dataclass(frozen=True, slots=True)
class Mistake:
    """An exception in the code of a project: its file and line, the exception as text, and the remedy."""

    path: str
    line: int
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{shown_path(self.path)}, line {self.line}: {self.what}\n{self.remedy or 'Correct that line.'}"


@dataclass(frozen=True, slots=True)
class Trace:
    """The frames of an exception below the last one of the engine: (frame, line), the outermost first."""

    frames: tuple[tuple[FrameType, int], ...]

    @classmethod
    def of(cls, error: BaseException) -> Trace:
        """Return the frames of ``error``; none if ``env.py`` and version files are not among them."""
        frames = [each for each in _walk(error.__traceback__) if _module(each[0]) not in _PASSED_ON]
        if not any(_module(frame).startswith(OWN_MODULE) for frame, _ in frames):
            return cls(())
        ours = [number for number, (frame, _) in enumerate(frames) if frame.f_code.co_filename.startswith(_OURS)]
        return cls(tuple(frames[ours[-1] + 1 :] if ours else frames))

    @property
    def place(self) -> tuple[FrameType, int] | None:
        """The deepest frame in a file of the project; None if there is none."""
        return next((each for each in reversed(self.frames) if _is_of_project(each[0])), None)

    @property
    def place_lines(self) -> list[str]:
        """The lines of the file of the deepest frame in the project, as they are on disk now; none if there is none."""
        if self.place is None:
            return []
        path = self.place[0].f_code.co_filename
        linecache.checkcache(path)  # a file that was edited since it was last asked for
        return linecache.getlines(path)

    @property
    def place_text(self) -> str:
        """The line of the deepest frame in a file of the project; "" if there is none."""
        lines = self.place_lines
        return lines[self.place[1] - 1] if self.place is not None and 0 < self.place[1] <= len(lines) else ""

    def passes(self, file: str, function: str = "") -> bool:
        """Return whether a frame is in a file whose path ends with ``file``, and in ``function`` if it is given."""
        return any(
            frame.f_code.co_filename.replace(os.sep, "/").endswith(file) and function in ("", frame.f_code.co_name)
            for frame, _ in self.frames
        )


def mistake_in_project(error: BaseException) -> Mistake | None:
    """Return the mistake in the project that raised ``error``; None if it is not in the project."""
    if isinstance(error, CommandError):
        return None
    trace = Trace.of(error)
    place = trace.place
    if place is None:
        return None
    path, line = place[0].f_code.co_filename, place[1]
    if isinstance(error, SyntaxError) and error.filename and os.path.isfile(error.filename):
        path, line = error.filename, error.lineno or 1
    return Mistake(path, line, described(error), remedy(error, trace))


def described(error: BaseException) -> str:
    """Return an exception with its type in one line that ends with a full stop."""
    said = _problems(error) if hasattr(error, "errors") else ""
    text = said or next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    if isinstance(error, SyntaxError):
        text = error.msg
    name = type(error).__name__
    whole = f"{name}: {text}" if text else name
    return whole if whole.endswith((".", "!", "?")) else whole + "."


def remedy(error: BaseException, trace: Trace | None = None) -> str:
    """Return the remedy for an exception in one sentence; "" if none is known."""
    trace = trace or Trace.of(error)
    for kind, advise in _ADVICE:
        if isinstance(error, kind):
            advice = advise(error, trace)
            if advice:
                return advice
    return ""


def _of_syntax(error: SyntaxError, trace: Trace) -> str:
    return f"Correct it: {error.text.strip()}" if error.text else ""


def _of_missing_module(error: ImportError, trace: Trace) -> str:
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return ""
    top, _, rest = error.name.partition(".")
    if top in DRIVERS:
        return f"The driver is not installed: {pip_install(top)}"
    if rest and top in sys.modules:
        parent, _, last = error.name.rpartition(".")
        return _nearest(last, _modules_of(parent), f"{parent} has ") or f"Correct the name, or add {error.name}."
    found = next((folder for folder in _folders_near(trace) if _holds(folder, top)), None)
    if found is not None:
        return (
            f"{top} is in the folder {shown_path(found)}: name that folder in prepend_sys_path of the ini file, "
            "or in PYTHONPATH."
        )
    return f"Install it ({pip_install(top)}), or name the folder that holds it in prepend_sys_path of the ini file."


def _of_missing_name(error: ImportError, trace: Trace) -> str:
    if "partially initialized" in str(error):
        return "The two modules import each other: move one of the imports into the function that needs it."
    wanted = re.search(r"cannot import name '(\w+)'", str(error))
    module = sys.modules.get(error.name or "")
    if wanted is None or module is None:
        return ""
    near = _nearest(wanted[1], dir(module), f"{error.name} has ")
    return near or f"Define {wanted[1]} in {error.name}, or correct the import."


def _of_name(error: NameError, trace: Trace) -> str:
    place = trace.place
    known = [*place[0].f_locals, *place[0].f_globals] if place is not None else []
    name = error.name or ""
    return _nearest(name, known, "Did you mean ", "?") or f"Import or define {name} in that file."


def _of_attribute(error: AttributeError, trace: Trace) -> str:
    if error.obj is None or not error.name:
        return ""
    return _nearest(error.name, dir(error.obj), "Did you mean ", "?")


def _of_key(error: KeyError, trace: Trace) -> str:
    key = error.args[0] if error.args else ""
    if trace.frames and _module(trace.frames[-1][0]) == "os":
        return f"The environment variable {key} is not set. Set it first; in a notebook: %env {key}=VALUE"
    if trace.passes("sqlalchemy/engine/create.py", "engine_from_config"):
        return "The configuration names no database: set sqlalchemy.url in the ini file."
    if _reads_x_arguments(trace):
        return f"Pass that argument: -x {key}=VALUE; in a notebook: %config Mig.x_arguments = ['{key}=VALUE']"
    return ""


def _of_command_line(error: BaseException, trace: Trace) -> str:
    line = trace.place_text
    if not trace.passes("argparse.py") and not re.search(r"\bsys\.argv\b", line):
        return ""
    return (
        "It reads sys.argv, the command line of whatever program runs env.py. Read context.get_x_argument() instead: "
        "-x NAME=VALUE; in a notebook: %config Mig.x_arguments"
    )


def _reads_x_arguments(trace: Trace) -> bool:
    """Return whether the line that failed reads the ``-x`` arguments, directly or from a variable that holds them."""
    held = re.findall(r"(\w+)\s*(?::[^=]*)?=[^=]*\bget_x_argument\(", "".join(trace.place_lines))
    return bool(re.search(rf"\b({'|'.join(['get_x_argument', *held])})\b", trace.place_text))


def _of_logging(error: Exception, trace: Trace) -> str:
    if not trace.passes("logging/config.py"):
        return ""
    return "fileConfig() needs an ini file with [loggers], [handlers] and [formatters]: add them, or remove the call."


def _of_flask(error: RuntimeError, trace: Trace) -> str:
    if "application context" not in str(error):
        return ""
    return (
        "env.py needs your Flask application: from app import app; app.app_context().push() "
        "(in a terminal: flask db, or these lines at the top of env.py)"
    )


def _of_settings(error: ValueError, trace: Trace) -> str:
    missing = [str(each["loc"][-1]) for each in _errors(error) if each.get("type") == "missing"]
    if not missing:
        return ""
    return f"Set {', '.join(missing)} in the environment, or in a file that these settings read (.env)."


def _of_file(error: FileNotFoundError, trace: Trace) -> str:
    return f"There is no {error.filename}. Relative paths start from the project's folder." if error.filename else ""


_ADVICE: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], Callable[..., str]], ...] = (
    (SyntaxError, _of_syntax),
    (ImportError, _of_missing_module),
    (ImportError, _of_missing_name),
    (NameError, _of_name),
    (AttributeError, _of_attribute),
    (Exception, _of_logging),
    (KeyError, _of_key),
    ((SystemExit, IndexError), _of_command_line),
    (RuntimeError, _of_flask),
    (ValueError, _of_settings),
    (FileNotFoundError, _of_file),
)
"""Types of exceptions and the functions that return remedies; the first remedy counts."""


def _walk(trace: TracebackType | None) -> Iterator[tuple[FrameType, int]]:
    while trace is not None:
        yield trace.tb_frame, trace.tb_lineno
        trace = trace.tb_next


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__"))


def _is_of_project(frame: FrameType) -> bool:
    """Return whether a frame is in a file of the project; cells of a notebook and the main program are not."""
    path = frame.f_code.co_filename
    if not os.path.isabs(path) or _module(frame) == "__main__" or path.startswith(_OURS):
        return False
    parts = path.split(os.sep)
    return not any(name in parts for name in _INSTALLED) and not path.startswith(_standard())


@cache
def _standard() -> tuple[str, ...]:
    """Return the folders of the standard library."""
    import sysconfig  # noqa: PLC0415 - only an error needs it

    return tuple(os.path.join(sysconfig.get_path(name), "") for name in ("stdlib", "platstdlib"))


def _folders_near(trace: Trace) -> Iterable[str]:
    """Yield the folders in which a module of the project can be: those above its files, and their ``src``."""
    starts = [os.path.dirname(frame.f_code.co_filename) for frame, _ in trace.frames if _is_of_project(frame)]
    for start in dict.fromkeys((*starts, caller_folder())):
        folder = start
        for _ in range(3):
            yield folder
            yield os.path.join(folder, "src")
            folder = os.path.dirname(folder)


def _holds(folder: str, module: str) -> bool:
    path = os.path.join(folder, module)
    in_folder = os.listdir(path) if os.path.isdir(path) else ()
    return os.path.isfile(f"{path}.py") or any(name.endswith(".py") for name in in_folder)


def _modules_of(package: str) -> list[str]:
    import pkgutil  # noqa: PLC0415 - only needed here

    return [each.name for each in pkgutil.iter_modules(getattr(sys.modules.get(package), "__path__", ()))]


def _nearest(name: str, known: Iterable[str], before: str, after: str = ".") -> str:
    import difflib  # noqa: PLC0415 - only an error needs it

    near = difflib.get_close_matches(name, [each for each in known if each != name], 1)
    return f"{before}{near[0]}{after}" if near else ""


def _problems(error: BaseException) -> str:
    """Return the errors of a pydantic ValidationError, those of its first three fields."""
    found = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in _errors(error)]
    more = f"; {len(found) - 3} more" if len(found) > 3 else ""
    title = str(getattr(error, "title", ""))
    return f"{title} {'; '.join(found[:3])}{more}".strip() if found else ""


def _errors(error: BaseException) -> list[dict[str, Any]]:
    """Return the error dicts of a pydantic ValidationError; [] for any other exception."""
    ask = getattr(error, "errors", None)
    if not callable(ask):
        return []
    try:
        found = ask()
    except Exception:  # noqa: BLE001 - the method of another exception may need arguments
        return []
    listed = found if isinstance(found, list) else []
    return [each for each in listed if isinstance(each, dict) and each.get("loc") and "msg" in each]
