"""Compare the models with the database and review what would change.

    %mig_autogenerate Base -m "Add e-mail"
    %mig_autogenerate -m "Add e-mail" --write
    %mig_autogenerate -m "Add e-mail" --accept safe --write
    p = %mig_autogenerate Base

In JupyterLab the review is a panel; everywhere it is also text and HTML, and the returned proposal does the same:
``p.accept("1,3-5")``, ``p[3].edit(nullable=True)``, ``p.write()``. Nothing is written without ``--write`` or a click.
"""

from __future__ import annotations

import argparse

from ..comparison import compare
from ..proposal import Proposal, review_of
from ..session import Session


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what may be typed."""
    parser.add_argument(
        "targets", nargs="*", default=[], metavar="TARGET", help="a Base or MetaData (default: the only one)"
    )
    parser.add_argument("-m", "--message", default=None, metavar="MSG", help="what the change is about")
    parser.add_argument("--head", default=None, metavar="H", help="the revision to follow (default: the head)")
    parser.add_argument("--branch", default=None, metavar="B", help="label of a new branch")
    parser.add_argument("--id", default=None, metavar="ID", help="the revision's id (default: a new one)")
    parser.add_argument("--accept", default=None, metavar="WHICH", help="all, safe, none, or numbers such as 1,3-5")
    parser.add_argument("--write", action="store_true", help="write the version file now")
    parser.add_argument("--yes", action="store_true", help="ask nothing")


def run(session: Session, args: argparse.Namespace) -> Proposal:
    """Return the proposal; with a live front end its panel is displayed above."""
    found = compare(session, session.models(args.targets))
    proposal = Proposal(
        review_of(session, found),
        session,
        args.message,
        comparison=found,
        where=session.where,
        rev_id=args.id,
        head=args.head,
        branch_label=args.branch,
    )
    session.proposal = proposal
    if args.accept is not None:
        proposal.accept(args.accept)
    if args.write and len(proposal):
        proposal.write(just_compared=True)
    elif len(proposal) and args.accept is None and session.has_front_end:
        from ..widgets.review import ReviewPanel

        session.show_panel(ReviewPanel(proposal))
        proposal.folded = True  # its own HTML folds away beneath the panel
    return proposal
