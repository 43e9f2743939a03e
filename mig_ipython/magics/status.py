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
from typing import Any

from kernel_core.util.exc import CommandError

from ..errors import message_of
from ..proposals.comparison import compare
from ..running.existing_tables import ExistingTables, existing_tables
from ..session import RELOAD, Session
from ..views.revisions import broken_files, entries, lost_revisions, target_states
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
    facts: dict[str, Any] = {"database": workspace.connection.target} if workspace.is_connected else {}
    command, notes = ("", ()) if workspace.is_connected else _connecting(workspace)
    models = workspace.unambiguous_models()
    if models is not None:
        facts["models"] = str(models)
    lost: tuple[str, ...] = ()
    if workspace.has_environment:
        facts["environment"] = workspace.environment.shown
        found, lost, about = _revisions(workspace)
        facts, notes = {**facts, **found}, (*notes, *about)
    settled = workspace.is_connected and facts.get("pending", 0) == 0 and not lost
    if settled and not args.no_drift and (models is not None or workspace.has_environment):
        drift, about = _drift(workspace)
        facts, notes = {**facts, **drift}, (*notes, *about)
    existing = existing_tables(workspace) if facts.get("pending") and workspace.is_connected else None
    if existing is not None:
        notes = (*notes, str(existing))
    following = _next(workspace, facts, command, lost, existing)
    return Status(**facts, notes=notes, next=following)


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


def _revisions(workspace: Workspace) -> tuple[dict[str, Any], tuple[str, ...], tuple[str, ...]]:
    """Return the fields of the status about revisions, the current ones without a file, and the notes."""
    scripts = workspace.scripts()
    current, unknown = heads_or_reason(workspace)
    listed = entries(scripts, current)
    heads = tuple(scripts.get_heads())
    facts = {
        "current": current or (),
        "targets": target_states(scripts, current),
        "heads": heads,
        "pending": sum(entry.state == "pending" for entry in listed) if current is not None else None,
        "broken": broken_files(scripts),
    }
    lost = tuple(name for name in current or () if name not in scripts.map)
    return facts, lost, (*unknown, *lost_revisions(scripts, current), *_several_heads(heads))


def _several_heads(heads: Sequence[str]) -> tuple[str, ...]:
    """Return the sentence about a history with several heads; () where it has one."""
    if len(heads) < 2:
        return ()
    return (f"The history has {len(heads)} heads. %mig_upgrade heads applies all of them, %mig_merge joins them.",)


def _drift(workspace: Workspace) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the fields ``drift`` and ``models``, and the notes; only a note where drift is not known."""
    try:
        found = compare(workspace, workspace.models())
    except (Exception, SystemExit) as error:
        message = message_of(error)
        if message is None:
            raise
        return {}, () if message == NO_MODELS else (f"drift is not known: {' '.join(message.splitlines())}",)
    return {"drift": len(list(found.operations.leaves())), "models": str(found.models)}, found.notes


def _target(workspace: Workspace) -> str:
    """Return what to type after ``%mig_autogenerate`` for the models of the notebook."""
    models = workspace.models()
    return models.typed if models is not None else ""


def _next(
    workspace: Workspace, facts: dict[str, Any], command: str, lost: Sequence[str], existing: ExistingTables | None
) -> str:
    """Return the next step; ``command`` is the one that connects, "" where the notebook is connected."""
    if command:
        return command
    if not workspace.has_environment:
        return "%mig_init migrations"
    several = len(facts["heads"]) > 1
    if lost:
        return f"restore the file of {', '.join(lost)}, or stamp (see note)"
    if existing is not None:
        return existing.command or "drop or complete the existing tables (see note)"
    if facts["pending"] is None:
        return "make env.py run here (see note)"
    if facts["pending"]:
        return f"%mig_upgrade{' heads' if several else ''}"
    if facts.get("drift") or not facts["heads"]:
        return "%mig_merge" if several else f'%mig_autogenerate{_target(workspace)} -m "..."'
    if facts.get("drift") is None:
        return "nothing is pending; models and database were not compared"
    return "%mig_merge" if several else "nothing: the database is up to date"
