"""Show what differs between the models and the database. Nothing is written or run.

    %mig_diff
    %mig_diff Base
    %mig_diff --exclude "tmp_*" --exclude users.secret
    diff = %mig_diff

The result is false when there is no difference.
"""

from __future__ import annotations

import argparse

from ..proposals.comparison import compare
from ..proposals.proposal import lines_of, review_of
from ..session import RELOAD, Session
from ..views.diff import Diff
from ..views.revisions import lost_revisions


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what may be typed."""
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
    models, wanted = session.models(args.targets), session.wanted(args.only, args.exclude)
    found = compare(session, models, only_at_head=False, wanted=wanted)
    review = review_of(session, found)
    lost = lost_revisions(session.scripts(), found.database_heads) if session.has_environment else ()
    notes = (*lost, *found.notes)
    return Diff(list(found.operations.leaves()), lines_of(review), found.between(session.where), notes)
