"""Draw the revision graph, with heads, applied and current revisions marked.

    %mig_graph
    %mig_graph base:head --horizontal
    g = %mig_graph
    g.save("revisions.svg")        # or .png, .dot, .mmd, .txt

Heads are octagons, the current revision has a double border, pending ones a dashed border; each is also labelled. A
revision that was stopped half-way has a thick border and the sign ⚠, one that was edited since it was applied ✎.
"""

from __future__ import annotations

import argparse

from ..session import Session
from ..views.graph import RevisionGraph
from ..views.revisions import broken_files, entries, journal_notes
from ..workspace.heads import heads_if_connected


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "range", nargs="?", default=None, metavar="A:B", help="from A to B, both included (default: all)"
    )
    parser.add_argument("--horizontal", action="store_true", help="draw from left to right, not upwards")


def run(session: Session, args: argparse.Namespace) -> RevisionGraph:
    """Return the graph."""
    workspace = session.workspace()
    scripts = workspace.scripts(args.range)
    current = heads_if_connected(workspace, None if args.range else scripts)
    found = entries(scripts, current, args.range)
    return RevisionGraph(
        found,
        broken_files(scripts),
        workspace.where_if_connected,
        fold_above=session.settings.fold_above,
        horizontal=args.horizontal,
        notes=journal_notes(current),
    )
