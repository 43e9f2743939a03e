"""The error for a failed revision: which one, the line in its file, the reason, and the current revision."""

from __future__ import annotations

import os
import socket
import traceback
from dataclasses import dataclass
from types import FrameType
from typing import Literal

from sqlalchemy.exc import ArgumentError, DBAPIError, InvalidRequestError, NoSuchModuleError

from ..ddl import DefaultImpl
from ..ddl.lock_wait import lock_failure
from ..script.steps import AnyStep, Step
from ..util.exc import FINISH_OR_UNDO, UpgradeFailed, failed_as
from ..util.mistakes import DRIVERS, mistake_in_project, remedy
from ..util.packages import pip_install
from ..util.secrets import redact, shown_sql
from .commit_probe import Ended
from .heads import as_text
from .journal.table import Unfinished
from .run import Run

_AFTER_LOCK_TIMEOUT = "End what holds the lock, or wait longer: statement_lock_timeout (--statement-lock-timeout)."
_ENDED: dict[str, str] = {
    "committed": "It commits by itself, so what came before that stays; only the rest was rolled back",
    "aborted": "It rolls back by itself; what it commits after that stays",
}
_AUTOCOMMIT = "The connection is in AUTOCOMMIT, so what came before the failing statement stays"


@dataclass(frozen=True, slots=True)
class FailureState:
    """What is known of the database after a failure: the facts that the words "rolled back" depend on.

    ``heads`` are the current heads, read again unless ``is_read`` is False; ``began`` is False if the transaction could
    not be begun. ``suspended`` is "inside" if the step failed in an autocommit_block(), "before" if it failed after
    one; ``ended`` is how the revision's own code has ended the transaction. ``rollback_error`` is what the rollback
    failed with. With ``has_journal`` the journal was read, and ``unfinished`` is the revision in it of which a part is
    committed. ``attempts`` is how often the step was tried.
    """

    heads: tuple[str, ...]
    applied: tuple[str, ...] = ()
    is_read: bool = True
    began: bool = True
    one_for_all: bool = False
    autocommits: bool = False
    suspended: Literal["", "inside", "before"] = ""
    ended: Ended = ""
    rollback_error: BaseException | None = None
    has_journal: bool = False
    unfinished: Unfinished | None = None
    revision: str = ""
    attempts: int = 1


def failed(error: Exception, step: AnyStep, run: Run, state: FailureState) -> UpgradeFailed:
    """Return the UpgradeFailed for ``error``, which a step raised."""
    name = f"{name_of(step)}{_place(error, step, run)}"
    verb = {"upgrade": "failed", "downgrade": "could not be undone", "stamp": "could not be stamped"}[step.direction]
    waited = run.lock_watch.cause_of(error)
    again = f" in {state.attempts} attempts" if state.attempts > 1 else ""
    failure = f"{name} {verb}{again}: {f'{waited}.' if waited else reason(error)}"
    statement = statement_of(error)
    advice = remedy(error) or (_AFTER_LOCK_TIMEOUT if lock_failure(error) == "timeout" else "")
    text = " ".join(filter(None, (failure, outcome(run, state), advice, statement and f"SQL: {statement}")))
    return failed_as(
        error,
        redact(text),
        revision=_revision(step),
        standing_at=state.heads,
        applied=state.applied,
        failure=redact(failure),
        statement=statement,
    )


def name_of(step: AnyStep) -> str:
    """Return a step as a message names it."""
    return f"Revision {_revision(step)}"


def _revision(step: AnyStep) -> str:
    return step.revision_id if isinstance(step, Step) else ", ".join(step.added or step.removed) or "base"


def statement_of(error: BaseException) -> str:
    """Return the SQL that failed on one line, shortened and without its secrets; "" if the error has none."""
    return shown_sql(str(getattr(error, "statement", None) or ""))


def reason(error: BaseException) -> str:
    """Return the first line of an error with its type, ending in a full stop.

    A driver's error is unwrapped from SQLAlchemy's; the message of an error of ours is returned without its type.
    """
    cause = getattr(error, "orig", None) or error
    first = next((line.strip() for line in str(cause).splitlines() if line.strip()), "")
    ours = type(cause).__module__.endswith("util.exc")
    text = first if ours and first else f"{type(cause).__name__}: {first}" if first else type(cause).__name__
    if getattr(error, "connection_invalidated", False):
        text = f"The connection was lost: {text}"
    return text if text.endswith((".", "!", "?")) else text + "."


def _place(error: Exception, step: AnyStep, run: Run) -> str:
    """Return `` (file, line n)``: the deepest line of the version file that the error went through."""
    script = run.script.get_revision(step.revision_id) if isinstance(step, Step) and run.script else None
    if script is None:
        return ""
    path = os.path.realpath(script.path)
    lines = [line for frame, line in traceback.walk_tb(error.__traceback__) if _file(frame) == path]
    return f" ({os.path.basename(path)}, line {lines[-1]})" if lines else f" ({os.path.basename(path)})"


def _file(frame: FrameType) -> str:
    return os.path.realpath(frame.f_code.co_filename)


def outcome(run: Run, state: FailureState) -> str:
    """Return whether a failed step was rolled back, and the current revision."""
    if run.as_sql:
        return "The script is incomplete."
    if run.borrowed and state.autocommits:
        return f"{_AUTOCOMMIT}."
    if run.borrowed:
        return "It runs in the caller's transaction, which must be rolled back now."
    where = f"the database is at {as_text(state.heads)}."
    if not state.is_read:
        where = f"its current revision could not be read; before the step it was {as_text(state.heads)}."
    continues = f" {FINISH_OR_UNDO}" if state.unfinished is not None else ""
    return f"{_undone(run, state)}; {where}{continues}"


def _undone(run: Run, state: FailureState) -> str:
    """Return how much of a failed step was rolled back."""
    if not state.began:
        return "It did not begin"
    if state.rollback_error is not None:
        closed = "" if run.impl.dialect.name == "sqlite" else ", so the connection was closed"
        return f"The rollback failed as well{closed} ({reason(state.rollback_error).rstrip('.')})"
    if state.has_journal and state.unfinished is not None:
        return _kept(state.unfinished, state.revision)
    if state.has_journal:
        return _ENDED.get(state.ended, "It was rolled back")
    return _undone_without_journal(run, state)


def _undone_without_journal(run: Run, state: FailureState) -> str:
    if state.suspended == "inside":
        return "Each statement of its autocommit_block() commits, so what came before the failing one stays"
    if type(run.impl) is DefaultImpl and not run.impl.transactional_ddl:
        return f"Whether {run.impl.dialect.name} rolls back changes of tables is not known, so a part of it may stay"
    if not type(run.impl).transactional_ddl:
        return f"{run.impl.dialect.name} commits each change of a table at once, so a part of it may stay"
    if state.autocommits:
        return _AUTOCOMMIT
    if state.suspended:
        return "The rest was rolled back, what it did up to its autocommit_block() stays"
    if state.ended:
        return _ENDED[state.ended]
    return "The whole run was rolled back" if state.one_for_all else "It was rolled back"


def _kept(unfinished: Unfinished, revision: str) -> str:
    """Return which statements are committed, of this revision or of an earlier one in the same transaction."""
    count = len(unfinished.done)
    owner = "it" if unfinished.revision == revision else f"revision {unfinished.revision}"
    several = f"1 statement of {owner} stays" if count == 1 else f"{count} statements of {owner} stay"
    if unfinished.begun:
        return (
            f"Whether {unfinished.statement} was executed is not known; {several}"
            if count
            else (f"Whether {unfinished.statement} was executed is not known")
        )
    if not count:
        return "It was rolled back"
    kept = f"{several}, the last is {unfinished.statement}"
    return f"{kept}; the rest was rolled back" if owner == "it" else f"It was rolled back; {kept}"


def explained(error: BaseException) -> str | None:
    """Return the message for an error of a database or driver, or for a mistake in the project's files.

    None if the error is neither.
    """
    mistake = mistake_in_project(error)
    return _of_database(error) or (redact(str(mistake)) if mistake is not None else None)


def _of_database(error: BaseException) -> str | None:
    if isinstance(error, ModuleNotFoundError) and error.name in DRIVERS:
        return f"The driver {error.name} is not installed. Install it: {pip_install(error.name)}"
    if isinstance(error, NoSuchModuleError):
        return f"No such dialect is installed: {error}. Check the part of the URL before ://."
    if isinstance(error, ArgumentError) and "URL" in str(error):
        return f"{error}. A URL looks like sqlite:///file.db or postgresql+psycopg://user@host/database."
    if isinstance(error, InvalidRequestError) and "async" in str(error):
        return f"The template's driver and the URL's do not fit: {reason(error)} Name an async driver before ://."
    driver = type(error).__module__.partition(".")[0] in DRIVERS
    if driver or isinstance(error, (DBAPIError, ConnectionError, socket.gaierror)):
        return redact(_of_driver(error))
    return None


def _of_driver(error: BaseException) -> str:
    """Return a driver's message with what failed and what to check: a query, or the connection."""
    statement = statement_of(error)
    if statement:
        remedy = "Check the permissions of the database's user, and that the database is not damaged."
        return f"A query on the database failed: {reason(error)} {remedy} SQL: {statement}"
    cause = getattr(error, "orig", None) or error
    is_file = type(cause).__module__.startswith("sqlite3")
    remedy = "Check the path in the URL." if is_file else "Check the URL, and that the server is running."
    return f"Database error: {reason(error)} {remedy}"
