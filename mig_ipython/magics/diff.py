"""Show the differences between the models and the database. Nothing is written or run.

    %mig_diff
    %mig_diff Base
    %mig_diff --exclude "tmp_*" --exclude users.secret
    diff = %mig_diff

The result is false if nothing differs.
"""

from __future__ import annotations

import argparse

from ..proposals.comparison import compare
from ..proposals.proposal import review_of
from ..proposals.scope import Scope
from ..review.lines import lines_of
from ..session import RELOAD, Session
from ..views.diff import Diff
from ..views.revisions import lost_revisions


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "targets", nargs="*", default=[], metavar="TARGET", help="a Base or MetaData (default: the only one)"
    )
    parser.add_argument(
        "--only", action="append", default=None, metavar="GLOB", help="only these tables or columns: users, tmp_*"
    )
    parser.add_argument("--exclude", action="append", default=None, metavar="GLOB", help="all but these")
    parser.add_argument("--reload", action="store_true", help=RELOAD)


def run(session: Session, args: argparse.Namespace) -> Diff:
    """Return the difference."""
    if args.reload:
        session.reload()
    workspace, scope = session.workspace(), Scope.of(session.settings, args.only, args.exclude)
    found = compare(workspace, workspace.models(args.targets), only_at_head=False, scope=scope)
    review = review_of(workspace, found)
    lost = lost_revisions(workspace.scripts(), found.database_heads) if workspace.has_environment else ()
    notes = (*lost, *found.notes)
    operations = list(found.operations.leaves())
    return Diff(operations, lines_of(review), found.between(workspace.where), notes, found.warnings)
