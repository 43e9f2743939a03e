"""Show where everything stands: database, current revision and heads, what is pending, what to do next.

    %mig
    %mig_status
    %mig_status --no-drift

Drift, the difference between models and database that no revision holds yet, is computed where the models are
unambiguous and nothing is pending. Files of the models that were edited since this kernel imported them are read again.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from kernel_core.util.exc import CommandError

from ..errors import message_of
from ..models import NO_MODELS
from ..proposals.comparison import compare
from ..running.existing import existing_tables
from ..session import RELOAD, Session
from ..views.revisions import broken_files, entries, lost_revisions, target_states
from ..views.status import Status


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what may be typed."""
    parser.add_argument("--no-drift", action="store_true", help="do not compare models and database")
    parser.add_argument("--reload", action="store_true", help=RELOAD)


def run(session: Session, args: argparse.Namespace) -> Status:
    """Return the status."""
    if args.reload:
        session.reload()
    facts: dict[str, Any] = {}
    connected = session.current_name is not None
    if connected:
        facts["database"] = session.connection.target
    else:
        facts.update(_connecting(session))
    models = session.likely_models()
    if models is not None:
        facts["models"] = str(models)
    if session.has_environment:
        facts["environment"] = session.environment.shown
        found = _revisions(session)
        facts.update(found, notes=(*facts.get("notes", ()), *found["notes"]))
    settled = connected and facts.get("pending", 0) == 0 and not facts.get("lost")
    if settled and not args.no_drift and (models is not None or session.has_environment):
        facts |= _drift(session, facts.get("notes", ()))
    if facts.get("pending") and connected:
        existing = existing_tables(session)
        facts["existing"] = existing
        facts["notes"] = (*facts["notes"], *([str(existing)] if existing else ()))
    following = _next(session, facts, connected)
    for name in ("lost", "connecting", "existing"):
        facts.pop(name, None)
    return Status(**facts, next=following)


def _connecting(session: Session) -> dict[str, Any]:
    """Return the command that connects, with a note about the database that it takes."""
    try:
        named = session.default_database()
    except CommandError as error:
        return {"connecting": "%mig_connect URL", "notes": (str(error),)}
    if named is not None:
        return {"connecting": "%mig_connect", "notes": (f"%mig_connect takes {named}.",)}
    several = session.environment.databases if session.has_environment else ()
    return {"connecting": f"%mig_connect @{several[0]}" if several else session.connecting}


def _revisions(session: Session) -> dict[str, Any]:
    scripts = session.scripts()
    current, unknown = session.heads_or_reason()
    listed = entries(scripts, current)
    heads = tuple(scripts.get_heads())
    return {
        "current": current or (),
        "targets": target_states(scripts, current),
        "heads": heads,
        "pending": sum(entry.state == "pending" for entry in listed) if current is not None else None,
        "broken": broken_files(scripts),
        "lost": tuple(name for name in current or () if name not in scripts.map),
        "notes": (*unknown, *lost_revisions(scripts, current), *_several_heads(heads)),
    }


def _several_heads(heads: Sequence[str]) -> tuple[str, ...]:
    """Return the sentence about a history with several heads; () where it has one."""
    if len(heads) < 2:
        return ()
    return (f"The history has {len(heads)} heads. %mig_upgrade heads applies all of them, %mig_merge joins them.",)


def _drift(session: Session, notes: Sequence[str]) -> dict[str, Any]:
    """Return how many operations autogenerate would find, for which models; ``drift`` is None where that is not known.

    Then a note says why.
    """
    try:
        found = compare(session, session.models())
    except (Exception, SystemExit) as error:
        told = message_of(error)
        if told is None:
            raise
        return {} if told == NO_MODELS else {"notes": (*notes, f"drift is not known: {' '.join(told.splitlines())}")}
    drift = len(list(found.operations.leaves()))
    return {"drift": drift, "models": str(found.models), "notes": (*notes, *found.notes)}


def _typed(session: Session) -> str:
    models = session.models()
    return models.typed if models is not None else ""


def _next(session: Session, facts: dict[str, Any], connected: bool) -> str:
    if not connected:
        return str(facts["connecting"])
    if not session.has_environment:
        return "%mig_init migrations"
    several = len(facts["heads"]) > 1
    if facts["lost"]:
        return f"restore the file of {', '.join(facts['lost'])}, or stamp (see note)"
    if facts.get("existing") is not None:
        return str(facts["existing"].command or "drop or complete the existing tables (see note)")
    if facts["pending"] is None:
        return "make env.py run here (see note)"
    if facts["pending"]:
        return f"%mig_upgrade{' heads' if several else ''}"
    if facts.get("drift") or not facts["heads"]:
        return "%mig_merge" if several else f'%mig_autogenerate{_typed(session)} -m "..."'
    if facts.get("drift") is None:
        return "nothing is pending; models and database were not compared"
    return "%mig_merge" if several else "nothing: the database is up to date"
