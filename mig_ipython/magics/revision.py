"""Write an empty version file, to be completed by hand.

    %mig_revision -m "Fill e-mail"
    %mig_revision -m "Start reports" --head base --label reports --splice

Nothing is run; the file's upgrade() and downgrade() are empty. The same cell again writes nothing: it shows the
revision with the same id, or without ``--id`` the one with the same message.
"""

from __future__ import annotations

import argparse

from kernel_core.script import Script

from ..session import Session
from ..views.revisions import entry
from ..views.script import Revision
from ..views.text import shown_path
from ..workspace.written_files import written_before


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("-m", "--message", required=True, metavar="MSG", help="the message")
    parser.add_argument("--head", default=None, metavar="H", help="the revision to follow (default: the head)")
    parser.add_argument("--id", default=None, metavar="ID", help="the revision's id (default: a new one)")
    parser.add_argument("--label", default=None, metavar="NEW", help="label of a new branch")
    parser.add_argument("--depends-on", default=None, metavar="REV", help="a revision that must be applied before")
    parser.add_argument("--version-path", default=None, metavar="DIR", help="the version folder, if there are several")
    parser.add_argument("--splice", action="store_true", help="follow a revision that is not a head")


def run(session: Session, args: argparse.Namespace) -> Revision:
    """Return the new revision."""
    workspace = session.workspace()
    scripts = workspace.scripts()
    before = written_before(scripts, args.message, args.id)
    if before is not None and " ".join(before.doc.split()) == " ".join(args.message.split()):
        note = f"Already written: {shown_path(before.path)}. For another one, pass --id or another message."
        return _shown(before, note)
    script = workspace.written.add(
        scripts.generate_revision(
            args.id,
            args.message,
            head=args.head,
            splice=args.splice,
            branch_labels=args.label,
            depends_on=args.depends_on,
            version_path=args.version_path,
            config=workspace.environment.config(),
        )
    )
    return _shown(script, f"Written to {shown_path(script.path)}")


def _shown(script: Script, note: str) -> Revision:
    return Revision(entry(script, (), None), script.source, script.longdoc, note=note)
