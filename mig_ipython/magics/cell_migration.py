"""Write a migration by hand: the cell is its code.

    %%migration "Fill e-mail" --write
    def upgrade():
        op.execute("UPDATE users SET email = '' WHERE email IS NULL")

    def downgrade():
        pass

The cell defines ``upgrade()`` and ``downgrade()``, or has only ``op.`` lines; then the downgrade is derived, if every
operation is reversible. With ``--no-downgrade`` there is none. The code can use ``op`` and ``sa``, but no name of the
notebook. By default the operations and their SQL are only shown; code that does more than call directives is read for
that and not run. ``--write`` writes the version file, ``--up`` also upgrades to it. ``--rehearse``, or the button
Rehearse below the cell, runs it on a clone of the database first, whether it is written or not.

The same cell run again changes nothing; a changed cell rewrites its file unless that is applied.
"""

from __future__ import annotations

import argparse

from ..cells.migration import Migration, migration_of
from ..session import Session


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("message", metavar="MSG", help="the message; it identifies the migration")
    parser.add_argument("--id", default=None, metavar="ID", help="the revision's id (default: a new one)")
    parser.add_argument("--head", default=None, metavar="H", help="the revision to follow (default: the head)")
    parser.add_argument("--splice", action="store_true", help="follow a revision that is not a head")
    parser.add_argument("--version-path", default=None, metavar="DIR", help="the version folder, if there are several")
    parser.add_argument(
        "--no-downgrade", action="store_true", help="the revision cannot be downgraded: downgrade() raises an error"
    )
    parser.add_argument("--write", action="store_true", help="write the version file")
    parser.add_argument("--rehearse", action="store_true", help="run it on a clone, and show everything that it does")
    parser.add_argument(
        "--sample", type=int, default=None, metavar="N", help="with --rehearse: copy at most N rows of each table"
    )
    parser.add_argument("--schema-only", action="store_true", help="with --rehearse: copy no rows")
    parser.add_argument("--up", action="store_true", help="write it and upgrade to it")
    parser.add_argument("--yes", action="store_true", help="upgrade also where data is lost")


def run(session: Session, args: argparse.Namespace) -> Migration:
    """Return the migration: its operations, and its file where it was written."""
    migration = migration_of(
        session,
        args.cell or "",
        args.message,
        rev_id=args.id,
        head=args.head,
        splice=args.splice,
        no_downgrade=args.no_downgrade,
        version_path=args.version_path,
    )
    if args.write or args.up:
        migration.write()
    if args.rehearse:
        migration.rehearse(sample=args.sample, schema_only=args.schema_only)
    if args.up:
        migration.upgrade(yes=args.yes)
    elif not args.rehearse and not args.is_silent and session.settings.panel and session.can_show_panels():
        from ..widgets.migration import MigrationPanel

        session.show_panel(MigrationPanel(migration))
    return migration
