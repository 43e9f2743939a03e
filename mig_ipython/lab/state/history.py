"""The version files of a folder as plain data; they are read, never run."""

from __future__ import annotations

import ast
import os
from dataclasses import dataclass, field
from typing import TypedDict

from sqlalchemy.dialects import sqlite

from kernel_core.config import Config
from kernel_core.operations.operation import MigrateOperation
from kernel_core.recording.reader import read_functions
from kernel_core.recording.recorder import Unread
from kernel_core.script import Script, ScriptDirectory
from kernel_core.script.content import content_hash
from kernel_core.script.problems import problems_of
from kernel_core.script.steps import revisions_up_to
from kernel_core.util.exc import CommandError

CODE = "code"
"""The kind of a statement that is not an operation."""


class Function(TypedDict):
    """``upgrade()`` or ``downgrade()`` of a version file.

    ``kind`` is "missing", "empty" (only pass), "raises" (nothing but a raise), "broken" or "code". ``operations`` are
    its statements in their order, in the JSON form of the engine with a ``sentence``; one that the source does not show
    is ``{"operation": "code"}``.
    """

    kind: str
    operations: list[dict[str, object]]


class Revision(TypedDict):
    """A version file; ``hash`` is that of what it does, which comments and layout do not change."""

    id: str
    down: list[str]
    depends_on: list[str]
    labels: list[str]
    replaces: list[str]
    message: str
    file: str
    hash: str
    upgrade: Function
    downgrade: Function


@dataclass(slots=True)
class History:
    """The revisions in the order in which they run; ``problems`` are sentences about files that cannot be read."""

    revisions: list[Revision] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    exists: bool = False


def config_of(folder: str) -> Config | None:
    """Return the configuration of the environment in a folder, None without one."""
    places = [os.path.join(folder, "migrations")]
    if os.path.isdir(folder):
        places += sorted(entry.path for entry in os.scandir(folder) if entry.is_dir())
    for place in places:
        if os.path.isfile(os.path.join(place, "env.py")):
            inis = [os.path.join(each, "alembic.ini") for each in (place, folder)]
            config = Config(next((ini for ini in inis if os.path.isfile(ini)), None))
            config.prints_results = False
            config.set_main_option("script_location", place.replace("%", "%%"))
            return config
    return None


def scripts_of(folder: str) -> ScriptDirectory | None:
    """Return the version files of a folder, None without an environment."""
    config = config_of(folder)
    return None if config is None else ScriptDirectory.from_config(config)


def read_history(scripts: ScriptDirectory | None) -> History:
    """Return the version files as plain data."""
    found = History(exists=scripts is not None)
    if scripts is None:
        return found
    try:
        found.problems = [str(each) for each in problems_of(scripts.map)]
        found.heads = sorted(scripts.get_heads())
        names = list(revisions_up_to(scripts.map, "heads"))
    except CommandError as error:
        found.problems = found.problems or [str(error)]
        names = []
    names += [each for each in sorted(scripts.map.ids) if each not in names] if not found.heads or names else []
    for name in names:
        script = scripts.get_revision(name)
        if script is not None:
            found.revisions.append(_revision(script))
    return found


def with_kinds_only(revision: Revision) -> Revision:
    """Return a revision without the arguments of its operations."""
    short = revision.copy()
    for name in ("upgrade", "downgrade"):
        kinds: list[dict[str, object]] = [{"operation": each["operation"]} for each in revision[name]["operations"]]
        short[name] = {"kind": revision[name]["kind"], "operations": kinds}
    return short


def _revision(script: Script) -> Revision:
    try:
        source = script.source
    except CommandError:
        source = ""
    return {
        "id": script.revision,
        "down": list(script.down_revisions),
        "depends_on": _listed(script.dependencies),
        "labels": sorted(script.own_labels),
        "replaces": list(script.replaces),
        "message": script.doc,
        "file": os.path.basename(script.path),
        "hash": content_hash(source),
        "upgrade": _function(source, "upgrade"),
        "downgrade": _function(source, "downgrade"),
    }


def _listed(names: str | tuple[str, ...] | None) -> list[str]:
    return [] if names is None else [names] if isinstance(names, str) else list(names)


def _function(source: str, name: str) -> Function:
    kind = _kind(source, name)
    if kind != "code":
        return {"kind": kind, "operations": []}
    found = [_statement(each) for each in read_functions(source, sqlite.dialect(), name)[0]]
    return {"kind": kind, "operations": found}


def _statement(found: MigrateOperation | Unread) -> dict[str, object]:
    """Return an operation in its JSON form with its sentence; custom code has the kind "code"."""
    if isinstance(found, MigrateOperation):
        try:
            document: dict[str, object] = dict(found.to_json())
        except CommandError:
            document = {"operation": type(found).__name__}
        document.pop("version", None)
        return {**document, "sentence": found.sentence()}
    return {"operation": CODE, "sentence": f"custom code in line {found.line}"}


def _kind(source: str, name: str) -> str:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return "broken"
    bodies = [node.body for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name]
    if not bodies:
        return "missing"
    effective = [node for node in bodies[-1] if not _does_nothing(node)]
    if not effective:
        return "empty"
    return "raises" if isinstance(effective[0], ast.Raise) else "code"


def _does_nothing(node: ast.stmt) -> bool:
    if isinstance(node, ast.Return):
        return node.value is None or isinstance(node.value, ast.Constant)
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
