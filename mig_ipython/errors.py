"""What a person is told when something cannot be done: one or two lines, and the rest on ``%tb``."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from kernel_core.util.exc import CommandError
from kernel_core.util.secrets import redact, remember_environment


class MigError(Exception):
    """A mistake or a circumstance, told in one or two lines without secrets.

    It is an ordinary exception: it stops Run All, nbclient and papermill. IPython shows its message alone the first
    time, and the whole chain of causes when it is asked again (``%tb``).
    """

    def __init__(self, message: str) -> None:
        super().__init__(redact(message))
        self._told = False

    def _render_traceback_(self) -> list[str]:
        if self._told:
            return redacted_traceback(self)
        self._told = True
        return [f"{type(self).__name__}: {self}"]


@contextmanager
def told_plainly() -> Iterator[None]:
    """Turn what a person can act on into `MigError`; leave a bug its traceback, with every secret replaced.

    A person can act on a CommandError of the engine, on what the database answers, and on a file that cannot be
    opened. A KeyboardInterrupt passes, and is shown in one line that says where the database stands.
    """
    remember_environment()
    try:
        yield
    except MigError:
        raise
    except KeyboardInterrupt as error:
        tell_of_interrupt(error)
        raise
    except CommandError as error:
        raise MigError(str(error)) from error
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        raise MigError(f"{where}{error.strerror or error}") from error
    except Exception as error:
        if _is_of_the_database(error):
            raise MigError(database_message(error)) from error
        _redact_in_place(error)
        raise


def tell_of_interrupt(error: KeyboardInterrupt) -> None:
    """Let IPython show an interrupt in one line, with what the engine noted about where the database stands."""
    notes = " ".join(getattr(error, "__notes__", ())) or "Stopped."
    line = redact(f"KeyboardInterrupt: {notes}")
    error._render_traceback_ = lambda: [line]  # type: ignore[attr-defined]


def database_message(error: BaseException) -> str:
    """Return the first line of what the database or its driver said, without the statement and its values."""
    said = getattr(error, "orig", None) or error
    lines = [line.strip() for line in str(said).splitlines() if line.strip()]
    return lines[0] if lines else type(said).__name__


def redacted_traceback(error: BaseException, tb: TracebackType | None = None) -> list[str]:
    """Return the traceback of ``error`` and its causes as text, with every secret replaced."""
    lines = traceback.format_exception(type(error), error, tb or error.__traceback__)
    return [redact("".join(lines)).rstrip("\n")]


def _is_of_the_database(error: Exception) -> bool:
    """Tell whether SQLAlchemy or a driver raised it, without importing SQLAlchemy."""
    sqlalchemy = sys.modules.get("sqlalchemy.exc")
    return sqlalchemy is not None and isinstance(error, sqlalchemy.SQLAlchemyError)


def _redact_in_place(error: Exception) -> None:
    """Replace every secret in what this exception will show, wherever it is shown."""
    error.args = tuple(redact(value) if isinstance(value, str) else value for value in error.args)
    if not isinstance(error, SyntaxError):
        error._render_traceback_ = lambda: redacted_traceback(error)  # type: ignore[attr-defined]
