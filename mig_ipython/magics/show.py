"""Show one revision: its docstring, its operations, its source, and with ``--sql`` its SQL.

    %mig_show head
    %mig_show 1f2e --sql

The operations are read from the source, which is not run: ``op.add_column("users", ...)`` is listed, a loop or another
call is "custom code". ``--sql`` runs ``upgrade()`` in offline mode to generate the SQL for this database;
then the operations are those that it called.
"""

from __future__ import annotations

import argparse

from sqlalchemy.engine.default import DefaultDialect

from kernel_core.util.exc import CommandError

from ..analysis.reader import read_lines
from ..running.execution import run as execute
from ..running.planning import lines_of_script
from ..session import Session
from ..views.revisions import entry
from ..views.script import Revision
from ..workspace.heads import heads_if_connected
from ..workspace.workspace import Workspace


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("revision", nargs="?", default="head", metavar="REV", help="which one (default: head)")
    parser.add_argument("--sql", action="store_true", help="with its SQL for this database")


def run(session: Session, args: argparse.Namespace) -> Revision:
    """Return the revision."""
    workspace = session.workspace()
    scripts, current = workspace.scripts(args.revision), heads_if_connected(workspace)
    names = scripts.map.resolve(args.revision, current or ())
    if not scripts.get_heads() and args.revision in ("head", "heads"):
        raise CommandError("No revision exists yet. Write the first: %mig_autogenerate, %mig_revision or %%migration.")
    if len(names) != 1:
        found = f"means {', '.join(names)}" if names else "is before the first revision"
        raise CommandError(f"{args.revision!r} {found}; name one revision.")
    script = scripts.get_revision(names[0])
    assert script is not None
    here = frozenset(current or ())
    applied = None if current is None else scripts.map.ancestors(name for name in here if name in scripts.map)
    dialect = workspace.connection.engine.dialect if current is not None else DefaultDialect()
    shown, note, lines = "", "", None
    if args.sql:
        shown, note = _sql(workspace, script.revision, script.down_revision)
        lines = lines_of_script(script, dialect)
    return Revision(
        entry(script, here, applied),
        script.source,
        script.longdoc,
        lines=read_lines(script.source, dialect) if lines is None else lines,
        sql=shown,
        where=workspace.where_if_connected,
        note=note,
    )


def _sql(workspace: Workspace, revision: str, down: object) -> tuple[str, str]:
    """Return (SQL of one upgrade, ""), or ("", the reason why there is none)."""
    if isinstance(down, tuple):
        return "", "A merge has no SQL."
    try:
        return execute(workspace, "upgrade", f"{down or 'base'}:{revision}", sql=True).sql or "", ""
    except CommandError as error:
        return "", f"Its SQL cannot be written without the database: {error}"
