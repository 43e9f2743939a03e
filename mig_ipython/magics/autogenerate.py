"""Compare the models with the database and review what would change.

    %mig_autogenerate Base -m "Add e-mail"
    %mig_autogenerate -m "Add e-mail" --write
    %mig_autogenerate -m "Add e-mail" --accept safe --write
    %mig_autogenerate --only users --only "report_*" --exclude users.secret --renames accept
    p = %mig_autogenerate Base

In JupyterLab the review is a panel; everywhere it is also text and HTML, and the returned proposal does the same:
``p.accept("1,3-5")``, ``p[3].edit(nullable=True)``, ``p.write()``. Nothing is written without ``--write`` or a click.
"""

from __future__ import annotations

import argparse

from kernel_core.util.exc import CommandError

from ..proposals.comparison import compare
from ..proposals.proposal import Proposal, review_of
from ..session import RELOAD, Session


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what may be typed."""
    parser.add_argument(
        "targets", nargs="*", default=[], metavar="TARGET", help="a Base or MetaData (default: the only one)"
    )
    parser.add_argument("-m", "--message", default=None, metavar="MSG", help="what the change is about")
    parser.add_argument("--head", default=None, metavar="H", help="the revision to follow (default: the head)")
    parser.add_argument("--branch", default=None, metavar="B", help="the branch whose head to follow")
    parser.add_argument("--label", default=None, metavar="NEW", help="label of a new branch that begins here")
    parser.add_argument("--depends-on", default=None, metavar="REV", help="a revision that must be there before")
    parser.add_argument("--version-path", default=None, metavar="DIR", help="the folder, where there are several")
    parser.add_argument("--id", default=None, metavar="ID", help="the revision's id (default: a new one)")
    parser.add_argument("--accept", default=None, metavar="WHICH", help="all, safe, none, or numbers such as 1,3-5")
    parser.add_argument(
        "--only", action="append", default=None, metavar="GLOB", help="only these tables or columns: users, tmp_*"
    )
    parser.add_argument("--exclude", action="append", default=None, metavar="GLOB", help="all but these")
    parser.add_argument(
        "--renames",
        nargs="?",
        const="accept",
        default=None,
        choices=("show", "accept", "off"),
        metavar="HOW",
        help="what looks like a rename: show, accept (by the word alone) or off",
    )
    parser.add_argument("--write", action="store_true", help="write the version file now")
    parser.add_argument("--yes", action="store_true", help="ask nothing")
    parser.add_argument("--reload", action="store_true", help=RELOAD)


def run(session: Session, args: argparse.Namespace) -> Proposal:
    """Return the proposal; with a live front end its panel is displayed above."""
    if args.reload:
        session.reload()
    head = _head(args)
    found = compare(session, session.models(args.targets), wanted=session.wanted(args.only, args.exclude, args.renames))
    proposal = Proposal(
        review_of(session, found),
        session,
        args.message,
        comparison=found,
        where=session.where,
        rev_id=args.id,
        head=head,
        branch_label=args.label,
        depends_on=args.depends_on,
        version_path=args.version_path,
    )
    session.proposal = proposal
    accept = args.accept or session.settings.accept
    if accept != "all":
        proposal.accept(accept)
    if args.write and len(proposal):
        proposal.write(just_compared=True)
    elif (
        len(proposal)
        and args.accept is None
        and not args.is_silent
        and session.has_front_end
        and session.settings.panel
    ):
        from ..widgets.review import ReviewPanel

        session.show_panel(ReviewPanel(proposal))
        proposal.folded = True  # its own HTML folds away beneath the panel
    return proposal


def _head(args: argparse.Namespace) -> str | None:
    """Return what to follow: ``--head``, or the head of ``--branch``; raises CommandError where both are said."""
    if args.branch is None:
        return args.head  # type: ignore[no-any-return]
    if args.head is not None:
        raise CommandError("--head and --branch both say what to follow. Give one of them.")
    return f"{args.branch}@head"
