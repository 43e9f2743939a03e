"""Compare the models with the database and review what would change.

    %mig_autogenerate Base -m "Add e-mail"
    %mig_autogenerate -m "Add e-mail" --write
    %mig_autogenerate -m "Add e-mail" --accept safe --write
    %mig_autogenerate --only users --only "report_*" --exclude users.secret --renames accept
    p = %mig_autogenerate Base

In JupyterLab the review is a panel, besides text and HTML; the returned proposal has the same actions:
``p.accept("1,3-5")``, ``p[3].edit(nullable=True)``, ``p.write()``. Nothing is written without ``--write`` or a click.
"""

from __future__ import annotations

import argparse

from kernel_core.util.exc import CommandError

from ..proposals.comparison import compare
from ..proposals.proposal import Proposal, review_of
from ..proposals.scope import Scope
from ..session import RELOAD, Session


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "targets", nargs="*", default=[], metavar="TARGET", help="a Base or MetaData (default: the only one)"
    )
    parser.add_argument("-m", "--message", default=None, metavar="MSG", help="the message")
    parser.add_argument("--head", default=None, metavar="H", help="the revision to follow (default: the head)")
    parser.add_argument("--branch", default=None, metavar="B", help="the branch whose head to follow")
    parser.add_argument("--splice", action="store_true", help="follow a revision that is not a head")
    parser.add_argument("--label", default=None, metavar="NEW", help="label of a new branch that begins here")
    parser.add_argument("--depends-on", default=None, metavar="REV", help="a revision that must be applied before")
    parser.add_argument("--version-path", default=None, metavar="DIR", help="the version folder, if there are several")
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
        help="possible renames: show, accept (also without a value) or off",
    )
    parser.add_argument("--write", action="store_true", help="write the version file now")
    parser.add_argument("--yes", action="store_true", help="accepted without effect: this command asks no questions")
    parser.add_argument("--reload", action="store_true", help=RELOAD)


def run(session: Session, args: argparse.Namespace) -> Proposal:
    """Return the proposal; with a live front end its panel is displayed above."""
    if args.reload:
        session.reload()
    head, workspace = _head(args), session.workspace()
    scope = Scope.of(session.settings, args.only, args.exclude, args.renames)
    found = compare(workspace, workspace.models(args.targets), scope=scope, fingerprinted=True)
    proposal = Proposal(
        review_of(workspace, found),
        session,
        args.message,
        comparison=found,
        where=workspace.where,
        rev_id=args.id,
        head=head,
        splice=args.splice,
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
        and session.settings.panel
        and session.can_show_panels()
    ):
        from ..widgets.review import ReviewPanel

        session.show_panel(ReviewPanel(proposal))
        proposal.folded = True  # its own HTML is collapsed below the panel
    return proposal


def _head(args: argparse.Namespace) -> str | None:
    """Return the revision to follow: ``--head``, or the head of ``--branch``; raises CommandError for both."""
    if args.branch is None:
        return args.head  # type: ignore[no-any-return]
    if args.head is not None:
        raise CommandError("--head and --branch both name the revision to follow. Give one of them.")
    return f"{args.branch}@head"
