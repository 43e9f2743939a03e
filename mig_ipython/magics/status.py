"""Show the status: database, current revision and heads, pending revisions, and the next step.

    %mig
    %mig_status
    %mig_status --no-drift

Drift, a difference between models and database that is in no revision, is computed where the models are unambiguous and
no revision is pending. Edited files of the models are imported again for this.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace

from kernel_core.util.counts import counted
from kernel_core.util.exc import CommandError

from ..errors import message_of
from ..proposals.comparison import compare
from ..running.existing_tables import ExistingTables, existing_tables, unstamped_tables
from ..session import RELOAD, Session
from ..views.revisions import broken_files, entries, journal_notes, lost_revisions, target_states
from ..views.status import Status
from ..workspace.heads import heads_or_reason
from ..workspace.models import NO_MODELS
from ..workspace.named_databases import connect_command, default_database
from ..workspace.workspace import Workspace


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--no-drift", action="store_true", help="do not compare models and database")
    parser.add_argument("--reload", action="store_true", help=RELOAD)


def run(session: Session, args: argparse.Namespace) -> Status:
    """Return the status."""
    if args.reload:
        session.reload()
    workspace = session.workspace()
    seen = list(workspace.connection.seen_heads) if workspace.is_connected else []
    command, notes = ("", ()) if workspace.is_connected else _connecting(workspace)
    models = workspace.unambiguous_models()
    status = Status(
        database=workspace.connection.target if workspace.is_connected else "",
        models=str(models) if models is not None else "",
        notes=notes,
    )
    if seen and workspace.connection.is_missing_file:
        gone = f"The file of this database does not exist any more; it was at {', '.join(seen)} when it was last read."
        status = replace(status, notes=(*status.notes, gone))
    lost: tuple[str, ...] = ()
    if workspace.has_environment:
        status, lost = _with_revisions(workspace, status)
    is_half = bool(status.half_done or status.running)
    is_settled = (
        workspace.is_connected and not lost and not is_half and (status.pending == 0 or not workspace.has_environment)
    )
    if is_settled and not args.no_drift and (models is not None or workspace.has_environment):
        status = _with_drift(workspace, status)
    asks = status.pending and workspace.is_connected and not is_half
    existing = existing_tables(workspace) if asks else None
    if existing is not None:
        status = replace(status, notes=(*status.notes, str(existing)))
    is_at_none = workspace.has_environment and workspace.is_connected and status.pending is not None and not is_half
    tables = unstamped_tables(workspace) if is_at_none and not status.current and existing is None else ()
    if tables:
        status = replace(status, notes=(*status.notes, _unstamped(status, len(tables))))
        command = command or ("%mig_adopt" if not status.heads and not status.drift else "")
    return replace(status, next=command or _next(workspace, status, lost, existing))


def _unstamped(status: Status, number: int) -> str:
    """Return the note about a database with tables that is at no revision."""
    lead = f"The database has {counted(number, 'table')} and is at no revision."
    if status.heads:
        return f"{lead} %mig_locate finds the revision that its schema is that of."
    return f"{lead} %mig_adopt writes the revision that creates what it has, and marks it."


def _connecting(workspace: Workspace) -> tuple[str, tuple[str, ...]]:
    """Return the command that connects, and a note about the database that it takes."""
    try:
        named = default_database(workspace.settings, workspace.opened)
    except CommandError as error:
        return "%mig_connect URL", (str(error),)
    if named is not None:
        return "%mig_connect", (f"%mig_connect takes {named}.",)
    several = workspace.environment.databases if workspace.has_environment else ()
    return (f"%mig_connect @{several[0]}" if several else connect_command(workspace.opened)), ()


def _with_revisions(workspace: Workspace, status: Status) -> tuple[Status, tuple[str, ...]]:
    """Return the status with the revisions, and the current revisions whose files are missing."""
    scripts = workspace.scripts()
    current, unknown = heads_or_reason(workspace, scripts)
    listed = entries(scripts, current)
    heads, broken = tuple(scripts.get_heads()), broken_files(scripts)
    completed = replace(
        status,
        environment=workspace.environment.shown,
        current=current or (),
        targets=target_states(scripts, current),
        heads=heads,
        half_done=tuple(entry.revision for entry in listed if "unfinished" in entry.journal_marks),
        running=tuple(entry.revision for entry in listed if "running now" in entry.journal_marks),
        pending=sum(entry.state == "pending" for entry in listed) if current is not None else None,
        broken=broken,
        notes=(
            *status.notes,
            *unknown,
            *journal_notes(current),
            *lost_revisions(scripts, current),
            *(() if broken else _several_heads(heads)),
        ),
    )
    return completed, tuple(name for name in current or () if name not in scripts.map)


def _several_heads(heads: Sequence[str]) -> tuple[str, ...]:
    """Return the sentence about a history with several heads; () where it has one."""
    if len(heads) < 2:
        return ()
    return (f"The history has {len(heads)} heads. %mig_upgrade heads applies all of them, %mig_merge joins them.",)


def _with_drift(workspace: Workspace, status: Status) -> Status:
    """Return the status with the number of differences; where it is not known, with a note that says why."""
    try:
        found = compare(workspace, workspace.models())
    except (Exception, SystemExit) as error:
        message = message_of(error)
        if message is None:
            raise
        if message == NO_MODELS:
            return status
        return replace(status, notes=(*status.notes, f"drift is not known: {' '.join(message.splitlines())}"))
    drift = len(list(found.operations.leaves()))
    notes = (*status.notes, *found.notes)
    return replace(status, drift=drift, models=str(found.models), notes=notes, warnings=found.warnings)


def _target(workspace: Workspace) -> str:
    """Return what to type after ``%mig_autogenerate`` for the models of the notebook, TARGET where it is to choose."""
    try:
        models = workspace.models()
    except CommandError:  # a note says why
        return " TARGET"
    return models.typed if models is not None else ""


def _first(status: Status, lost: Sequence[str]) -> str:
    """Return what must be done before any other step, "" where nothing must."""
    if lost:
        return f"restore the file of {', '.join(lost)}, or stamp (see note)"
    if status.half_done:
        return "%mig_resume"
    if status.running:
        return f"wait: {', '.join(status.running)} is running now (see note)"
    return "correct what is broken (see above)" if status.broken else ""


def _next(workspace: Workspace, status: Status, lost: Sequence[str], existing: ExistingTables | None) -> str:
    """Return the next step of a notebook that is connected."""
    if not workspace.has_environment:
        return "%mig_init migrations"
    first = _first(status, lost)
    if first:
        return first
    if existing is not None:
        return existing.command or "drop or complete the existing tables (see note)"
    several = len(status.heads) > 1
    if status.pending is None:
        return "make env.py run here (see note)"
    if status.pending:
        return f"%mig_upgrade{' heads' if several else ''}"
    if status.drift or not status.heads:
        return "%mig_merge" if several else f'%mig_autogenerate{_target(workspace)} -m "..."'
    if status.drift is None:
        return "nothing is pending; models and database were not compared"
    return "%mig_merge" if several else "nothing: the database is up to date"
