"""Write one revision in place of a range of them, or delete the files that it replaces.

    %mig_squash 1f2e:3a4b -m "The first release"
    %mig_squash 1f2e:3a4b --show
    %mig_squash --prune 3a4b

Both ends are included, and the new revision has the id of the last one. It is compared with the range first, from the
files and by running both on scratch databases; if it would differ, nothing is written. The old files are kept in the
folder ``replaced`` for databases that are inside the range, until ``--prune``.
"""

from __future__ import annotations

import argparse
import os

from kernel_core.util.exc import CommandError

from ..session import Session
from ..views.report import Said
from ..views.squash import SquashedRevision
from ..workspace.workspace import Workspace


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("range", nargs="?", default=None, metavar="A:B", help="the first and the last revision")
    parser.add_argument("-m", "--message", default=None, metavar="MSG", help="the message (default: the ids)")
    parser.add_argument("--show", action="store_true", help="show the version file, write nothing")
    parser.add_argument("--no-optimize", action="store_true", help="keep every operation of the range")
    parser.add_argument("--no-run", action="store_true", help="do not compare by running both on scratch databases")
    parser.add_argument("--prune", default=None, metavar="REV", help="delete the files that the squashed REV replaces")


def run(session: Session, args: argparse.Namespace) -> SquashedRevision | Said:
    """Return the squashed revision, or the deleted files."""
    workspace = session.workspace()
    if bool(args.prune) == bool(args.range):
        raise CommandError("Name a range, %mig_squash A:B, or a squashed revision, %mig_squash --prune REV.")
    return _pruned(workspace, args.prune) if args.prune else _squashed(workspace, args)


def _squashed(workspace: Workspace, args: argparse.Namespace) -> SquashedRevision:
    from kernel_core.squash import squashed, write

    from ..workspace.compared_target import compared_target

    scripts = workspace.environment.scripts()
    target, why_not = compared_target(workspace)
    made = squashed(
        scripts,
        str(args.range),
        target.dialect,
        message=args.message,
        start=target.start,
        scratch=None if args.no_run else target.scratch,
        why_not="switched off by --no-run" if args.no_run else why_not,
        optimizes=not args.no_optimize,
        template_args={"config": workspace.environment.config()},
    )
    path = "" if args.show else write(scripts, made)
    workspace.refresh()
    return SquashedRevision(made, path)


def _pruned(workspace: Workspace, revision: str) -> Said:
    """Delete the replaced files, unless a database needs them: the connected one, or one that env.py computes."""
    from kernel_core.command.squashing import refuse_inside
    from kernel_core.squash import prune

    from ..workspace.heads import database_heads

    scripts = workspace.environment.scripts()
    current = database_heads(workspace)
    places = list(current.targets or [(workspace.connection.target, tuple(current))])
    half_done = [(name, state.unfinished.revision) for name, state in current.journals if state.unfinished is not None]
    places += [(name or workspace.connection.target, (half,)) for name, half in half_done]
    checked = refuse_inside(scripts, revision, places)
    gone = prune(scripts, revision)
    workspace.refresh()
    rows = tuple((os.path.relpath(path),) for path in gone)
    return Said(f"Deleted the {len(rows)} files that {revision} replaces ({'; '.join(checked)}).", ("File",), rows)
