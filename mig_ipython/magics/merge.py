"""Write a merge revision that joins several heads, or check whether their order matters.

    %mig_merge -m "Merge reports"
    %mig_merge 1f2e 3a4b -m "Merge both"
    %mig_merge --check
    %mig_merge --rebase 3a4b

Without revisions all heads are merged. ``--check`` writes nothing: it compares both orders in which they can run, from
the files and by running them on scratch databases, and names the first operations that conflict. ``--rebase`` writes no
merge: it changes one ``down_revision``, unless a revision of that side is applied. The same cell again writes nothing:
the revision that merges them is shown. ``%mig_undo`` deletes the file again.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from sqlalchemy.engine.default import DefaultDialect

from kernel_core.command import DatabaseHeads, rebased
from kernel_core.commuting import check_all
from kernel_core.script import Script, ScriptDirectory
from kernel_core.script.resolver import counts_from_database
from kernel_core.util.exc import CommandError

from ..running.merge_order import checks_from_files
from ..session import Session
from ..views.graph import RevisionGraph
from ..views.merge_check import MergeCheck
from ..views.revisions import Current, entries
from ..views.script import Revision
from ..views.text import shown_path
from ..workspace.compared_target import compared_target
from ..workspace.heads import heads_if_connected
from ..workspace.workspace import Workspace


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "revisions", nargs="*", default=[], metavar="REV", help="the revisions to merge (default: all heads)"
    )
    parser.add_argument("-m", "--message", default=None, metavar="MSG", help="the message (default: the merged ids)")
    parser.add_argument("--id", default=None, metavar="ID", help="the revision's id (default: a new one)")
    parser.add_argument("--splice", action="store_true", help="merge revisions that are not heads")
    parser.add_argument("--check", action="store_true", help="write nothing: report whether their order matters")
    parser.add_argument(
        "--rebase",
        default=None,
        metavar="HEAD",
        help="write no merge: put what only HEAD has after the other head (or after REV)",
    )
    parser.add_argument(
        "--run",
        action="store_true",
        help="with --check: run them on a scratch database even if they may do more than change it",
    )
    parser.add_argument(
        "--no-run", action="store_true", help="with --check: run nothing, compare the schema that the files describe"
    )
    parser.add_argument("--label", default=None, metavar="NEW", help="label of a new branch")


def run(session: Session, args: argparse.Namespace) -> Revision | MergeCheck:
    """Return the new revision, with the graph of the revisions that it merges; or the check."""
    workspace = session.workspace()
    scripts, current = workspace.scripts(), heads_if_connected(workspace)
    if args.rebase:
        return _rebased(workspace, args, current)
    named = [args.revisions] if isinstance(args.revisions, str) else list(args.revisions)
    parents = scripts.map.resolve(named or "heads", current if any(map(counts_from_database, named)) else None)
    if args.check:
        return _checked(workspace, parents, True if args.run else False if args.no_run else None)
    before = _merged_before(scripts, frozenset(parents), bool(named))
    if before is not None:
        note = f"{before.revision} merges {' and '.join(before.down_revisions)} already; nothing was written."
        return _shown(workspace, before, current, note)
    if len(parents) < 2:
        fact = f"{parents[0]} is the only head" if parents and not named else "two revisions are needed"
        raise CommandError(f"There is nothing to merge: {fact}. %mig_heads lists the heads.")
    script = workspace.written.add(
        scripts.generate_revision(
            args.id,
            args.message or f"Merge {' and '.join(parents)}",
            head=parents,
            splice=args.splice,
            branch_labels=args.label,
            config=workspace.environment.config(),
        )
    )
    notes = [f"Written to {shown_path(script.path)}", *_order_notes(workspace, scripts, parents)]
    return _shown(workspace, script, current, "\n".join(notes))


def _checked(workspace: Workspace, parents: tuple[str, ...], run: bool | None) -> MergeCheck:
    """Return the check of each pair; where a database is connected, ``env.py`` is run for its models' convention."""
    if len(parents) < 2:
        raise CommandError(f"There is nothing to compare: {parents[0] if parents else 'base'} is the only head.")
    target, why_not = compared_target(workspace)
    found = check_all(
        workspace.scripts(),
        parents,
        dialect=target.dialect,
        start=target.start,
        scratch=target.scratch,
        run=run,
        why_not=why_not,
    )
    return MergeCheck(found, workspace.where_if_connected)


def _rebased(workspace: Workspace, args: argparse.Namespace, current: Current | None) -> Revision:
    """Return the revision whose parent was changed."""
    onto = [args.revisions] if isinstance(args.revisions, str) else list(args.revisions)
    if len(onto) > 1:
        raise CommandError("--rebase HEAD takes at most one further revision: the one to put HEAD after.")
    places = () if current is None else (DatabaseHeads(workspace.where, tuple(current)),)
    warnings = () if current is not None else ("whether a database has applied it was not checked: none is connected",)
    scripts = workspace.scripts()
    found = rebased(None, scripts, args.rebase, onto[0] if onto else None, places, warnings)
    workspace.refresh()
    note = f"{found.revision} follows {found.onto} (before: {found.before or 'base'}) in {shown_path(found.path)}"
    script = workspace.scripts().get_revision(found.revision)
    assert script is not None, "its file was just written"
    return _shown(workspace, script, current, "\n".join([note, *found.warnings]))


def _order_notes(workspace: Workspace, scripts: ScriptDirectory, parents: tuple[str, ...]) -> Iterator[str]:
    """Yield a sentence for each pair of merged heads whose order matters, or may matter."""
    dialect = workspace.connection.engine.dialect if workspace.is_connected else DefaultDialect()
    for found in checks_from_files(scripts, parents, dialect):
        if found.verdict in ("conflict", "not known"):
            yield f"{found.sentence} %mig_merge {' '.join(found.heads)} --check has the details."


def _merged_before(scripts: ScriptDirectory, parents: frozenset[str], named: bool) -> Script | None:
    """Return the revision that merges ``parents``; without names, where one head is left, the newest merge."""
    if not named and len(parents) > 1:
        return None
    merges = (script for script in scripts.walk_revisions() if script.is_merge_point)
    if not named:
        return next(merges, None)
    return next((script for script in merges if len(parents) > 1 and parents <= set(script.down_revisions)), None)


def _shown(workspace: Workspace, script: Script, current: tuple[str, ...] | None, note: str) -> Revision:
    listed = entries(workspace.scripts(), current)
    near = {script.revision, *script.down_revisions}
    return Revision(
        next(entry for entry in listed if entry.revision == script.revision),
        script.source,
        script.longdoc,
        where=workspace.where_if_connected,
        note=note,
        graph=RevisionGraph(tuple(entry for entry in listed if entry.revision in near)),
    )
