"""Write a range of revisions into one file: as an SQL script for this database, or as a page of HTML.

    %mig_export --sql upgrade.sql
    %mig_export 1f2e:head --sql upgrade.sql
    %mig_export --html history.html

Without a range all revisions are exported. For the SQL each ``upgrade()`` runs in offline mode, without a database; the
page is self-contained. A file that is not an export is only replaced with ``--yes``.
"""

from __future__ import annotations

import argparse

from kernel_core.util.exc import CommandError

from ..running.export import Exported, export_html, export_sql
from ..session import Session


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("range", nargs="?", default=None, metavar="A:B", help="from A to B (default: all)")
    parser.add_argument("--sql", default=None, metavar="FILE", help="write the SQL script there")
    parser.add_argument("--html", default=None, metavar="FILE", help="write the page there")
    parser.add_argument("--yes", action="store_true", help="replace a file that is not an export")


def run(session: Session, args: argparse.Namespace) -> Exported:
    """Return the path and its size."""
    if (args.sql is None) == (args.html is None):
        raise CommandError("Give either --sql FILE for a script, or --html FILE for a page.")
    if args.sql is not None:
        return export_sql(session.workspace(), args.range, args.sql, replace=args.yes)
    return export_html(session.workspace(), args.range, args.html, replace=args.yes)
