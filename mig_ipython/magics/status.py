"""Show where everything stands: database, current revision and heads, what is pending, what to do next.

    %mig
    %mig_status
    %mig_status --no-drift

Drift, the difference between models and database that no revision holds yet, is asked where it is clear which models
are meant and nothing is pending.
"""

from __future__ import annotations

import argparse
from typing import Any

from kernel_core.util.exc import CommandError

from ..proposals.comparison import compare
from ..session import Session
from ..views.revisions import broken_files, entries
from ..views.status import Status


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what may be typed."""
    parser.add_argument("--no-drift", action="store_true", help="do not compare models and database")


def run(session: Session, args: argparse.Namespace) -> Status:
    """Return the status."""
    facts: dict[str, Any] = {}
    connected = session.current_name is not None
    if connected:
        facts["database"] = session.connection.target
    models = session.likely_models()
    if models is not None:
        facts["models"] = str(models)
    if session.has_environment:
        facts["environment"] = session.environment.shown
        facts.update(_revisions(session, connected))
    if connected and models is not None and not args.no_drift and not facts.get("pending"):
        facts["drift"] = _drift(session)
    return Status(**facts, next=_next(session, facts, connected))


def _revisions(session: Session, connected: bool) -> dict[str, Any]:
    scripts = session.scripts()
    current = session.heads_of_database() if connected else None
    listed = entries(scripts, current)
    return {
        "current": current or (),
        "heads": tuple(scripts.get_heads()),
        "pending": sum(entry.state == "pending" for entry in listed) if connected else None,
        "broken": broken_files(scripts),
    }


def _drift(session: Session) -> int | None:
    """Return how many operations autogenerate would find; None where the comparison is refused."""
    try:
        return len(list(compare(session, session.models()).operations.leaves()))
    except CommandError:
        return None


def _typed(session: Session) -> str:
    models = session.models()
    return models.typed if models is not None else ""


def _next(session: Session, facts: dict[str, Any], connected: bool) -> str:
    if not connected:
        return "%mig_connect sqlite:///dev.db"
    if not session.has_environment:
        return "%mig_init migrations"
    if facts.get("pending"):
        return "%mig_upgrade"
    if facts.get("drift"):
        return f'%mig_autogenerate{_typed(session)} -m "..."'
    return "nothing: the database is up to date" if facts.get("heads") else '%mig_autogenerate -m "..."'
