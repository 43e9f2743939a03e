"""Show the tables at a revision as a diagram, with what changed; or the difference of two revisions.

    %mig_schema
    %mig_schema 1f2e
    %mig_schema a1:head
    %mig_schema --slider
    s = %mig_schema head
    s.save("schema.svg")           # or .png, .dot, .mmd, .txt, .json, .sql, .py

A sign and a word mark what the revision added (+), dropped (-) or changed (~). Version files are read, no database is
needed; what cannot be read is named by revision and line. ``--models`` writes declarative classes, with the package
sqlacodegen.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

from kernel_core.util.exc import CommandError

from ..session import Session
from ..views.view import View
from ..workspace.heads import heads_if_connected
from ..workspace.workspace import Workspace

if TYPE_CHECKING:
    from sqlalchemy import Engine, MetaData
    from sqlalchemy.engine import Dialect

    from kernel_core.schema import RevisionSchema
    from kernel_core.script import ScriptDirectory

    from ..views.schema_history import SchemaHistory

_FORMS = ("sql", "models", "json")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "revision", nargs="?", default=None, metavar="REV|A:B", help="a revision, or from A to B (default: head)"
    )
    parser.add_argument("--slider", action="store_true", help="a slider over the revisions")
    parser.add_argument("--only", action="append", metavar="GLOB", help="only these tables or schemas; repeatable")
    parser.add_argument("--exclude", action="append", metavar="GLOB", help="not these tables or schemas; repeatable")
    parser.add_argument("--fold", action="append", metavar="SCHEMA", help="draw one box for a schema; repeatable")
    parser.add_argument("--columns", type=int, metavar="N", help="how many columns a box has")
    parser.add_argument("--changed", action="store_true", help="draw only what changed, and what it refers to")
    parser.add_argument("--sql", action="store_true", help="show the SQL that creates the tables")
    parser.add_argument("--models", action="store_true", help="show declarative classes (sqlacodegen)")
    parser.add_argument("--json", action="store_true", help="show it as JSON")
    parser.add_argument(
        "--record", action="store_true", help="run functions that cannot be read, with an op that only records"
    )
    parser.add_argument(
        "--by-running", action="store_true", help="run the history on a scratch database, where it cannot be read"
    )


def run(session: Session, args: argparse.Namespace) -> View:
    """Return the schema, or with ``--slider`` the history, with its panel displayed where there is a front end."""
    chosen = [name for name in _FORMS if getattr(args, name)]
    if len(chosen) + args.slider > 1:
        names = [*chosen, *(["slider"] if args.slider else [])]
        raise CommandError(f"--{names[0]} and --{names[1]} are two outputs. Choose one.")
    workspace = session.workspace()
    scripts = workspace.scripts(args.revision)
    if args.slider:
        return _slider(session, workspace, scripts, args)
    from ..views.schema import SchemaView

    current = heads_if_connected(workspace) or ()
    found = _read(workspace, scripts, args.revision or "head", args, tuple(current))
    view = SchemaView(found, workspace.where_if_connected, chosen[0] if chosen else "diagram")  # type: ignore[arg-type]
    if chosen:
        view.text()  # what cannot be written is an error of the command, not of the display
    return view


def _slider(
    session: Session, workspace: Workspace, scripts: ScriptDirectory, args: argparse.Namespace
) -> SchemaHistory:
    from kernel_core.script.steps import upgrade_steps

    from ..views.schema_history import SchemaHistory

    low, _, high = (args.revision or "").rpartition(":")
    steps = upgrade_steps(scripts.map, frozenset(), high or "heads")
    before = scripts.map.ancestors(scripts.map.resolve(low, ())) if low else frozenset()
    names = [step.revision_id for step in steps if step.revision_id not in before]
    found = [(name, getattr(scripts.get_revision(name), "doc", "") or "") for name in names]
    history = SchemaHistory(
        tuple(found), lambda revision: _read(workspace, scripts, revision, args), workspace.where_if_connected
    )
    if session.settings.panel and session.can_show_panels():
        from ..widgets.schema_slider import SchemaSlider

        session.show_panel(SchemaSlider(history))
        history.is_folded = True
    return history


def _read(
    workspace: Workspace,
    scripts: ScriptDirectory,
    revision: str,
    args: argparse.Namespace,
    current: tuple[str, ...] = (),
) -> RevisionSchema:
    from kernel_core.schema import read

    engine = workspace.connection.engine if workspace.is_connected else None
    found = read(
        scripts,
        revision,
        current=current,
        dialect=_dialect(engine),
        start=_conventions(workspace),
        may_run=args.record,
        by_running=_server(engine) if args.by_running else False,
    )
    return replace(
        found,
        only=tuple(args.only or ()),
        exclude=tuple(args.exclude or ()),
        folded=tuple(args.fold or ()),
        columns=args.columns,
        changed_only=args.changed,
    )


def _dialect(engine: Engine | None) -> Dialect | None:
    return None if engine is None else engine.dialect


def _server(engine: Engine | None) -> Engine | bool:
    """Return where a scratch database is created: on the server of the connection, else SQLite in memory."""
    return engine if engine is not None and engine.dialect.name != "sqlite" else True


def _conventions(workspace: Workspace) -> MetaData | None:
    """Return an empty MetaData with the naming convention of the notebook's models."""
    from sqlalchemy import MetaData

    models = workspace.unambiguous_models()
    return None if models is None else MetaData(naming_convention=models.several[0].naming_convention)
