"""Show one revision: its docstring, what it does in words, its source, and if asked its SQL.

    %mig_show head
    %mig_show 1f2e --sql

The words are read from the text of the file, nothing of it is run: ``op.add_column("users", ...)`` is told, a loop or a
call of something else is "code of your own". ``--sql`` runs its ``upgrade()`` in offline mode to write the SQL for this
database; then the words are what it called for.
"""

from __future__ import annotations

import argparse

from sqlalchemy.engine.default import DefaultDialect

from kernel_core.util.exc import CommandError

from ..running.planning import told
from ..running.reading import read_lines
from ..session import Session
from ..views.revisions import entry
from ..views.script import Revision


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what may be typed."""
    parser.add_argument("revision", nargs="?", default="head", metavar="REV", help="which one (default: head)")
    parser.add_argument("--sql", action="store_true", help="with its SQL for this database")


def run(session: Session, args: argparse.Namespace) -> Revision:
    """Return the revision."""
    scripts = session.scripts()
    current = session.heads_if_connected()
    names = scripts.map.resolve(args.revision, current or ())
    if not scripts.get_heads() and args.revision in ("head", "heads"):
        raise CommandError(
            "There is no revision yet. Write the first: %mig_autogenerate, %mig_revision or %%migration."
        )
    if len(names) != 1:
        found = f"stands for {', '.join(names)}" if names else "is the empty beginning"
        raise CommandError(f"{args.revision!r} {found}; name one revision.")
    script = scripts.get_revision(names[0])
    assert script is not None
    here = frozenset(current or ())
    applied = None if current is None else scripts.map.ancestors(name for name in here if name in scripts.map)
    dialect = session.connection.engine.dialect if current is not None else DefaultDialect()
    shown, note, lines = "", "", None
    if args.sql:
        shown, note = _sql(session, script.revision, script.down_revision)
        lines = told(script, dialect)
    return Revision(
        entry(script, here, applied),
        script.source,
        script.longdoc,
        lines=read_lines(script.source, dialect) if lines is None else lines,
        sql=shown,
        where=session.where_if_connected,
        note=note,
    )


def _sql(session: Session, revision: str, down: object) -> tuple[str, str]:
    """Return the SQL of one upgrade, or nothing and the reason."""
    if isinstance(down, tuple):
        return "", "A merge has no SQL of its own."
    try:
        return session.upgrade(f"{down or 'base'}:{revision}", sql=True).sql or "", ""
    except CommandError as error:
        return "", f"Its SQL cannot be written without the database: {error}"
