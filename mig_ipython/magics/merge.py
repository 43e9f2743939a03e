"""Join several heads into one line again; the version file is written, nothing is run.

    %mig_merge -m "Join reports"
    %mig_merge 1f2e 3a4b -m "Join both"

Without revisions all heads are joined. The same cell again writes nothing: the revision that joins them is shown.
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


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what may be typed."""
    parser.add_argument("revisions", nargs="*", default=[], metavar="REV", help="which ones (default: all heads)")
    parser.add_argument("-m", "--message", default=None, metavar="MSG", help="what is joined (default: their ids)")
    parser.add_argument("--id", default=None, metavar="ID", help="the revision's id (default: a new one)")
    parser.add_argument("--label", default=None, metavar="NEW", help="label of a new branch")


def run(session: Session, args: argparse.Namespace) -> Revision:
    """Return the new revision, with the graph of what it joins."""
    scripts, current = session.scripts(), session.heads_if_connected()
    named = [args.revisions] if isinstance(args.revisions, str) else list(args.revisions)
    parents = scripts.map.resolve(named or "heads", current if any(map(counts_from_database, named)) else None)
    before = _joined_before(scripts, frozenset(parents), bool(named))
    if before is not None:
        note = f"{before.revision} joins {' and '.join(before.down_revisions)} already; nothing was written."
        return _shown(session, before, current, note)
    if len(parents) < 2:
        stands = f"{parents[0]} is the only head" if parents and not named else "two revisions are needed"
        raise CommandError(f"There is nothing to merge: {stands}. %mig_heads lists the heads.")
    script = session.wrote(
        scripts.generate_revision(
            args.id,
            args.message or f"Merge {' and '.join(parents)}",
            head=parents,
            branch_labels=args.label,
            config=session.environment.config(),
        )
    )
    return _shown(session, script, current, f"Written to {shown_path(script.path)}")


def _joined_before(scripts: ScriptDirectory, parents: frozenset[str], named: bool) -> Script | None:
    """Return the revision that joins ``parents``; without names, where one head is left, the newest that joins any."""
    if not named and len(parents) > 1:
        return None
    joining = (script for script in scripts.walk_revisions() if script.is_merge_point)
    if not named:
        return next(joining, None)
    return next((script for script in joining if len(parents) > 1 and parents <= set(script.down_revisions)), None)


def _shown(session: Session, script: Script, current: tuple[str, ...] | None, note: str) -> Revision:
    listed = entries(session.scripts(), current)
    near = {script.revision, *script.down_revisions}
    return Revision(
        next(entry for entry in listed if entry.revision == script.revision),
        script.source,
        script.longdoc,
        where=session.where_if_connected,
        note=note,
        graph=RevisionGraph(tuple(entry for entry in listed if entry.revision in near)),
    )
