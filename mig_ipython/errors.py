"""Errors of the notebook: one or two lines without a traceback; ``%tb`` shows the rest."""

from __future__ import annotations

import os
import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from kernel_core.util.exc import CommandError, LostRevision, ResolutionError
from kernel_core.util.folders import with_relative_paths
from kernel_core.util.interrupts import free_frames, interrupt_behind, none_lost
from kernel_core.util.messaging import printable
from kernel_core.util.mistakes import mistake_in_project
from kernel_core.util.secrets import redact, remember_environment

_OF_PROGRAM = re.compile(r"(?<![%\w])mig (?=(?:abandon|adopt|current|init|locate|resume|schema|stamp|upgrade)\b)")
_SETTING = re.compile(r"\b(\w+) \(--([\w-]+)\)")


class MigError(Exception):
    """A mistake of the user or a failure outside of this package, in one or two lines without secrets.

    It is an ordinary exception: it stops Run All, nbclient and papermill. IPython shows its message alone the first
    time, and the traceback with all causes the second time (``%tb``).
    """

    def __init__(self, message: str) -> None:
        super().__init__(with_relative_paths(printable(message)))
        self._is_shown = False

    def _render_traceback_(self) -> list[str]:
        if self._is_shown:
            return redacted_traceback(self)
        self._is_shown = True
        return [f"{type(self).__name__}: {self}"]


class WrongArguments(MigError, TypeError):
    """A call with arguments that the command does not have; also a TypeError."""


@contextmanager
def user_errors() -> Iterator[None]:
    """Convert errors that a user can fix into `MigError`; a bug keeps its traceback, with every secret replaced.

    A user can fix a CommandError of the engine, an error of the database, a mistake in the project's files, and a file
    that cannot be opened. A KeyboardInterrupt is raised again, and shown in one line with the current revision.
    """
    remember_environment()
    try:
        with none_lost(), _secrets_redacted():
            yield
    except (Exception, SystemExit, KeyboardInterrupt) as error:
        if (interrupt := interrupt_behind(error)) is not None:
            shorten_interrupt(interrupt)
            free_frames(interrupt)
            raise interrupt  # noqa: B904 - the error followed it
        message = None if isinstance(error, MigError) else message_of(error)
        if message is not None:
            raise MigError(message) from error
        if isinstance(error, Exception) and not isinstance(error, MigError):
            _show_redacted(error)
        raise


def message_of(error: BaseException) -> str | None:
    """Return the message of an error in one or two lines; None for a bug."""
    if isinstance(error, MigError):
        return str(error)
    if isinstance(error, LostRevision):
        return lost_revision(error)
    if isinstance(error, CommandError):
        unknown = isinstance(error, ResolutionError) and str(error).endswith('".')
        return f"{as_magics(str(error))}{' %mig_history lists the revisions.' if unknown else ''}"
    if is_of_a_driver(error):
        return database_message(error)
    mistake = mistake_in_project(error)
    if mistake is not None:
        return str(mistake)
    if isinstance(error, OSError):
        if isinstance(error, FileNotFoundError) and not error.filename and not _has_working_folder():
            return "The working folder was deleted. Change to another one with %cd FOLDER, or restart the kernel."
        return f"{error.filename}: {error.strerror or error}" if error.filename else str(error.strerror or error)
    return database_message(error) if _is_of_the_database(error) else None


def _has_working_folder() -> bool:
    try:
        return os.path.isdir(os.getcwd())
    except FileNotFoundError:
        return False


def as_magics(text: str) -> str:
    """Return a message of the engine with its commands and settings as typed in a notebook.

    A setting that the program has as an option, ``lock_timeout (--lock-timeout)``, is one of ``%config Mig``.
    """
    return _SETTING.sub(_as_setting, _OF_PROGRAM.sub("%mig_", text))


def _as_setting(found: re.Match[str]) -> str:
    """Return the setting of the notebook that has the name of an option; the text as it is where names differ."""
    name, option = found.groups()
    return f"%config Mig.{name}" if name == option.replace("-", "_") else found[0]


def lost_revision(error: LostRevision) -> str:
    """Return the sentence about current revisions without a file, with its remedy as typed in a notebook."""
    return f"{error.fact}\n{as_magics(error.remedy('%mig_stamp {} --purge'))}"


def shorten_interrupt(error: KeyboardInterrupt) -> None:
    """Let IPython show an interrupt in one line, with the engine's note about the current revision."""
    line = printable(f"KeyboardInterrupt: {interrupt_notes(error) or 'Stopped.'}")
    error._render_traceback_ = lambda: [line]  # type: ignore[attr-defined]


def interrupt_notes(error: KeyboardInterrupt) -> str:
    """Return the engine's note about the current revision; "" where there is none."""
    return as_magics(" ".join(getattr(error, "__notes__", ())))


def database_message(error: BaseException) -> str:
    """Return the first line of an error of the database or its driver, without the statement and its values."""
    original = getattr(error, "orig", None) or error
    lines = [line.strip() for line in str(original).splitlines() if line.strip()]
    first = lines[0] if lines else type(original).__name__
    if getattr(error, "connection_invalidated", False):
        return f"The database connection was lost: {first.rstrip('.')}. Run the command again, it reconnects."
    return first


def redacted_traceback(error: BaseException, tb: TracebackType | None = None) -> list[str]:
    """Return the traceback of ``error`` and its causes as text, with every secret replaced."""
    lines = traceback.format_exception(type(error), error, tb or error.__traceback__)
    return [printable("".join(lines)).rstrip("\n")]


def is_of_a_driver(error: BaseException) -> bool:
    """Return whether a driver raised the error, without importing SQLAlchemy."""
    sqlalchemy = sys.modules.get("sqlalchemy.exc")
    return sqlalchemy is not None and isinstance(error, sqlalchemy.DBAPIError)


def _is_of_the_database(error: BaseException) -> bool:
    """Return whether SQLAlchemy or a driver raised the error, without importing SQLAlchemy."""
    sqlalchemy = sys.modules.get("sqlalchemy.exc")
    return sqlalchemy is not None and isinstance(error, sqlalchemy.SQLAlchemyError)


def _show_redacted(error: Exception) -> None:
    """Let IPython show the traceback of a bug with every secret replaced; that of a SyntaxError is IPython's own."""
    if not isinstance(error, SyntaxError):
        begin = _in_the_notebook(error.__traceback__)
        error._render_traceback_ = lambda: redacted_traceback(error, begin)  # type: ignore[attr-defined]


def _in_the_notebook(tb: TracebackType | None) -> TracebackType | None:
    """Return the part of a traceback in the code of a cell that we called; None where we called none."""
    ours = False
    while tb is not None:
        module = str(tb.tb_frame.f_globals.get("__name__"))
        if ours and module == "__main__":
            return tb
        ours = ours or module.startswith(f"{__package__}.")
        tb = tb.tb_next
    return None


@contextmanager
def _secrets_redacted() -> Iterator[None]:
    """Replace every secret in an error and its causes, wherever they are shown later."""
    try:
        yield
    except Exception as error:
        for one in _causes(error):
            _redact_in_place(one)
        raise


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and all its causes and contexts."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        one = waiting.pop()
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            yield one
            waiting += [one.__cause__, None if one.__suppress_context__ else one.__context__]


def _redact_in_place(error: BaseException) -> None:
    error.args = tuple(_redacted(value) for value in error.args)
    for name in _TEXTS:
        if isinstance(value := getattr(error, name, None), str):
            setattr(error, name, redact(value))
    if getattr(error, "params", None) and _redacted(error.params) is not error.params:  # type: ignore[attr-defined]
        error.hide_parameters = True  # type: ignore[attr-defined]


_TEXTS = ("msg", "text", "filename", "filename2", "strerror", "statement")
"""The attributes of errors of Python and of SQLAlchemy that are shown, besides their ``args``."""


def _redacted(value: object) -> object:
    """Return ``value``, or its representation without secrets where it has some."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, tuple):
        return tuple(_redacted(one) for one in value)
    shown = repr(value)
    without = redact(shown)
    return value if shown == without else without
