"""Find the revision whose schema the database has, and what deviates from it.

    %mig_locate
    %mig_locate --stamp
    %mig_locate --stamp 1f2e
    %mig_locate --stamp --despite-drift
    %mig_locate --by-running

For a database without a version table, or with a wrong one. The version files are read and the nearest schemas are
compared with the database; nothing is written without ``--stamp``, which refuses a schema that deviates. With
``--by-running``, revisions of which the files do not show the effect are run on a scratch database.
"""

from __future__ import annotations

import argparse

from kernel_core import command
from kernel_core.adoption import Located

from ..running.execution import checked
from ..session import Session
from ..views.located import LocatedView
from ..workspace.env_run import env_config
from ..workspace.heads import computed_targets
from ..workspace.workspace import Workspace


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--stamp",
        nargs="?",
        const="",
        default=None,
        metavar="REV",
        help="mark the database as being at the revision that fits; name it where several do",
    )
    parser.add_argument(
        "--by-running", action="store_true", help="run revisions that cannot be followed on a scratch database"
    )
    parser.add_argument(
        "--despite-drift", action="store_true", help="stamp although the schema deviates, or code could not be followed"
    )


def run(session: Session, args: argparse.Namespace) -> LocatedView:
    """Return the candidates, nearest first."""
    workspace = session.workspace()
    stamp = False if args.stamp is None else args.stamp or True
    try:
        found = _located(workspace, args, stamp)
    finally:
        if stamp:
            workspace.refresh()
    return LocatedView(found, workspace.where)


def _located(workspace: Workspace, args: argparse.Namespace, stamp: str | bool) -> tuple[Located, ...]:
    """Return what was found. A SQLite file that does not exist is created only if a revision is written into it."""

    def locate(*, creates: bool) -> tuple[Located, ...]:
        with env_config(workspace, creates=creates) as config:
            config.attributes["on_step"] = checked(workspace, None, computed_targets(workspace))
            return command.locate(config, stamp=stamp, despite_drift=args.despite_drift, by_running=args.by_running)

    if workspace.connection.is_missing_file:
        found = locate(creates=False)
        if not any(each.marked for each in found):
            return found
    return locate(creates=stamp is not False)
