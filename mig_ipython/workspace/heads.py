"""The current revisions of the connected database, from its version tables; nothing is written."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from kernel_core.util.exc import CommandError

from ..errors import database_message, is_of_a_driver, message_of
from ..views.revisions import Current
from .workspace import Workspace

if TYPE_CHECKING:
    from kernel_core.script import ScriptDirectory

    from .targets import Target


def computed_targets(workspace: Workspace) -> tuple[Target, ...]:
    """Return each version table that ``env.py`` migrates, where only its run can find them; else ()."""
    if not workspace.has_environment or not workspace.environment.has_computed_targets:
        return ()
    from .targets import targets_of

    return targets_of(workspace)


def database_heads(workspace: Workspace, scripts: ScriptDirectory | None = None) -> Current:
    """Return the revisions of the connected database, with what its journal says.

    ``scripts`` are the workspace's version files, where the command has read them without naming a revision.
    """
    found = _database_heads(workspace, scripts)
    workspace.connection.seen_heads[:] = found
    return found


def _database_heads(workspace: Workspace, scripts: ScriptDirectory | None) -> Current:
    from kernel_core.runtime.migration import MigrationContext

    connection = workspace.connection
    targets = computed_targets(workspace)
    if targets:
        from .targets import labels

        places = zip(labels(targets), (target.heads for target in targets), strict=True)
        return Current.of(places, [target.journal for target in targets])
    if connection.is_missing_file:
        return Current()
    if not workspace.has_environment:
        scripts = None
    elif scripts is None:
        scripts = workspace.scripts()
    with connection.open() as live:
        context = MigrationContext.configure(connection=live, opts={**workspace.version_table, "script": scripts})
        try:
            return Current.of([("", context.get_current_heads())], [context.journal_state()])
        except Exception as error:
            if not is_of_a_driver(error):
                raise
            table = workspace.version_table["version_table"]
            raise CommandError(f"{table} of {connection.target} cannot be read: {database_message(error)}") from error


def refuse_unfinished(current: Current) -> None:
    """Raise UnfinishedRevision if a revision is unfinished; a run would wait for one that another process runs."""
    for _, journal in current.journals:
        if journal.unfinished is not None and not journal.is_running:
            raise journal.unfinished.error()


def heads_if_connected(workspace: Workspace, scripts: ScriptDirectory | None = None) -> Current | None:
    """Return the revisions of the database, None where none is connected; ``scripts`` as for `database_heads`."""
    return database_heads(workspace, scripts) if workspace.is_connected else None


def heads_of_others(workspace: Workspace) -> dict[str, Current]:
    """Return the revisions of the open connections but the current one, by name, as far as they can be read."""
    found = {}
    for name, connection in workspace.connections.items():
        if connection is not workspace.current:
            with suppress(CommandError):  # such as a server that is closed now
                found[name] = database_heads(replace(workspace, current=connection))
    return found


def heads_or_reason(
    workspace: Workspace, scripts: ScriptDirectory | None = None
) -> tuple[Current | None, tuple[str, ...]]:
    """Return the revisions of the database; None, with a sentence, where ``env.py`` must run for them and fails.

    ``scripts`` as for `database_heads`.
    """
    try:
        return heads_if_connected(workspace, scripts), ()
    except (Exception, SystemExit) as error:
        message = message_of(error)
        if message is None or not workspace.environment.has_computed_targets:
            raise
        return None, (f"What is applied is not known: {' '.join(message.splitlines())}",)


def is_applied(workspace: Workspace, revision: str) -> bool:
    """Return whether the connected database is at a revision or at a later one."""
    revisions, heads = workspace.scripts().map, heads_if_connected(workspace) or ()
    return revision in revisions.ancestors(name for name in heads if name in revisions)
