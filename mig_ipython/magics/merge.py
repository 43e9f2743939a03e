"""Write a merge revision that joins several heads; nothing is run.

    %mig_merge -m "Merge reports"
    %mig_merge 1f2e 3a4b -m "Merge both"

Without revisions all heads are merged. The same cell again writes nothing: the revision that merges them is shown.
``%mig_undo`` deletes the file again.
"""

from __future__ import annotations

import argparse

from kernel_core.script import Script, ScriptDirectory
from kernel_core.script.resolver import counts_from_database
from kernel_core.util.exc import CommandError

from ..session import Session
from ..views.graph import RevisionGraph
from ..views.revisions import entries
from ..views.script import Revision
from ..views.text import shown_path
from ..workspace.heads import heads_if_connected
from ..workspace.workspace import Workspace


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "revisions", nargs="*", default=[], metavar="REV", help="the revisions to merge (default: all heads)"
    )
    parser.add_argument("-m", "--message", default=None, metavar="MSG", help="the message (default: the merged ids)")
    parser.add_argument("--id", default=None, metavar="ID", help="the revision's id (default: a new one)")
    parser.add_argument("--label", default=None, metavar="NEW", help="label of a new branch")


def run(session: Session, args: argparse.Namespace) -> Revision:
    """Return the new revision, with the graph of the revisions that it merges."""
    workspace = session.workspace()
    scripts, current = workspace.scripts(), heads_if_connected(workspace)
    named = [args.revisions] if isinstance(args.revisions, str) else list(args.revisions)
    parents = scripts.map.resolve(named or "heads", current if any(map(counts_from_database, named)) else None)
    before = _merged_before(scripts, frozenset(parents), bool(named))
    if before is not None:
        note = f"{before.revision} merges {' and '.join(before.down_revisions)} already; nothing was written."
        return _shown(workspace, before, current, note)
    if len(parents) < 2:
        fact = f"{parents[0]} is the only head" if parents and not named else "two revisions are needed"
        raise CommandError(f"There is nothing to merge: {fact}. %mig_heads lists the heads.")
    script = workspace.written.add(
        scripts.generate_revision(
            args.id,
            args.message or f"Merge {' and '.join(parents)}",
            head=parents,
            branch_labels=args.label,
            config=workspace.environment.config(),
        )
    )
    return _shown(workspace, script, current, f"Written to {shown_path(script.path)}")


def _merged_before(scripts: ScriptDirectory, parents: frozenset[str], named: bool) -> Script | None:
    """Return the revision that merges ``parents``; without names, where one head is left, the newest merge."""
    if not named and len(parents) > 1:
        return None
    merges = (script for script in scripts.walk_revisions() if script.is_merge_point)
    if not named:
        return next(merges, None)
    return next((script for script in merges if len(parents) > 1 and parents <= set(script.down_revisions)), None)


def _shown(workspace: Workspace, script: Script, current: tuple[str, ...] | None, note: str) -> Revision:
    listed = entries(workspace.scripts(), current)
    near = {script.revision, *script.down_revisions}
    return Revision(
        next(entry for entry in listed if entry.revision == script.revision),
        script.source,
        script.longdoc,
        where=workspace.where_if_connected,
        note=note,
        graph=RevisionGraph(tuple(entry for entry in listed if entry.revision in near)),
    )
