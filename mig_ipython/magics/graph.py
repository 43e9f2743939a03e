"""Draw the revisions: what follows what, which are applied, where the database stands.

    %mig_graph
    %mig_graph base:head --horizontal
    g = %mig_graph
    g.save("revisions.svg")        # or .png, .dot, .mmd, .txt

Heads are octagons, the current revision has a double border, pending ones a dashed one; the words stand beside.
"""

from __future__ import annotations

import argparse

from ..session import Session
from ..views.graph import RevisionGraph
from ..views.revisions import broken_files, entries


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what may be typed."""
    parser.add_argument(
        "range", nargs="?", default=None, metavar="A:B", help="from A to B, both included (default: all)"
    )
    parser.add_argument("--horizontal", action="store_true", help="time runs to the right, not upwards")


def run(session: Session, args: argparse.Namespace) -> RevisionGraph:
    """Return the graph."""
    scripts = session.scripts()
    found = entries(scripts, session.heads_if_connected(), args.range)
    return RevisionGraph(
        found,
        broken_files(scripts),
        session.where_if_connected,
        fold_above=session.settings.fold_above,
        horizontal=args.horizontal,
    )
