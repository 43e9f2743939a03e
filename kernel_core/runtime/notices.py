"""What a run says before its first statement: that nothing can be rolled back, that a file was edited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from ..script.steps import AnyStep, Step
from ..util.logs import Log
from .autocommit import NO_ROLLBACK, autocommits
from .journal.state import edited_sentence
from .run_journal import RunJournal
from .settings import Settings

log = Log("runtime.migration")


def announce(
    steps: Sequence[AnyStep], connection: Connection | None, journal: RunJournal, config: Settings | None
) -> None:
    """Say what the steps cannot promise; by ``config.attributes["on_notice"]``, or log it."""
    attributes: Mapping[str, Any] = getattr(config, "attributes", {})
    notify = attributes.get("on_notice") or log.warning
    for sentence in filter(None, (_autocommit(steps, connection), _edited(steps, journal))):
        notify(sentence)


def _autocommit(steps: Sequence[AnyStep], connection: Connection | None) -> str:
    """Return that nothing can be rolled back, where a connection is in AUTOCOMMIT and a version file runs."""
    runs_files = any(isinstance(step, Step) for step in steps)
    if not runs_files or not isinstance(connection, Connection) or not autocommits(connection):
        return ""
    return f"This run {NO_ROLLBACK}."


def _edited(steps: Sequence[AnyStep], journal: RunJournal) -> str:
    """Return which files of a downgrade do something else than when they were applied."""
    undone = {step.revision_id for step in steps if isinstance(step, Step) and step.direction == "downgrade"}
    changed = [revision for revision in journal.edited() if revision in undone] if undone else []
    return edited_sentence(changed) if changed else ""
