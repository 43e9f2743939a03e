"""Join several heads into one line again; the version file is written, nothing is run.

    %mig_merge -m "Join reports"
    %mig_merge 1f2e 3a4b -m "Join both"

Without revisions all heads are joined. ``%mig_undo`` deletes the file again.
"""

from __future__ import annotations

import argparse

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
    scripts = session.scripts()
    current = session.heads_if_connected()
    parents = scripts.map.resolve(args.revisions or "heads", current or ())
    if len(parents) < 2:
        stands = f"{parents[0]} is the only head" if parents and not args.revisions else "two revisions are needed"
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
    listed = entries(session.scripts(), current)
    near = {script.revision, *parents}
    return Revision(
        next(entry for entry in listed if entry.revision == script.revision),
        script.source,
        script.longdoc,
        where=session.where_if_connected,
        note=f"Written to {shown_path(script.path)}",
        graph=RevisionGraph(tuple(entry for entry in listed if entry.revision in near)),
    )
