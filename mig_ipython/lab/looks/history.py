"""Looks: the version table, the revisions and their order."""

from __future__ import annotations

from itertools import pairwise

from kernel_core.util.counts import counted

from ..state import State
from ..state.history import Function, Revision
from .look import Observed, Spec, listed, look

_REVISION = 'Which one: an id, "head", "1" the first, "-1" the last, or a part of its message.'


@look("environment", example='look = "environment"')
def observe_environment(state: State, spec: Spec) -> Observed:
    """Whether the folder has a migration environment."""
    there = "has a" if state.environment else "has no"
    return Observed(state.environment, f"The folder of the lesson {there} migration environment.")


@look(
    "version",
    {"parts": "at_head (the default), table (whether there is a version table), applied (how many), ids, lost."},
    example='look = "version"\nparts = ["at_head"]',
)
def observe_version(state: State, spec: Spec) -> Observed:
    """Where the database is in its history, by its version table."""
    value: dict[str, object] = {
        "at_head": state.is_at_head,
        "table": state.version is not None,
        "applied": len(state.applied),
        "ids": state.version or [],
        "lost": state.lost,
    }
    chosen = {part: value[part] for part in spec.parts(tuple(value), ("at_head",))}
    if state.version is None:
        return Observed(chosen, "The database has no version table.")
    place = f"is at {listed(state.version)}" if state.version else "is at no revision"
    lost = f"; no file defines {listed(state.lost)}" if state.lost else ""
    of = f"{len(state.applied)} of {counted(len(state.revisions), 'revision')} applied"
    return Observed(chosen, f"The database {place}, {of}{lost}.")


@look("heads", {"parts": "count (the default), ids."}, example='look = "heads"')
def observe_heads(state: State, spec: Spec) -> Observed:
    """How many heads the history has."""
    value: dict[str, object] = {"count": len(state.heads), "ids": sorted(state.heads)}
    chosen = {part: value[part] for part in spec.parts(("count", "ids"), ("count",))}
    return Observed(chosen, f"The history has {counted(len(state.heads), 'head')}: {listed(state.heads)}.")


@look("pending", example='look = "pending"')
def observe_pending(state: State, spec: Spec) -> Observed:
    """How many revisions are not applied yet."""
    found = state.pending
    return Observed(len(found), f"{counted(len(found), 'revision')} not applied: {listed(found)}.")


@look(
    "revisions",
    {"parts": "count (the default), ids, messages (in the order in which they run), merges (how many), bases."},
    example='look = "revisions"\nparts = ["count", "merges"]',
)
def observe_revisions(state: State, spec: Spec) -> Observed:
    """The version files: how many there are, their order, and how many are merges."""
    merges = [each["id"] for each in state.revisions if len(each["down"]) > 1]
    bases = [each["id"] for each in state.revisions if not each["down"]]
    value: dict[str, object] = {
        "count": len(state.revisions),
        "ids": [each["id"] for each in state.revisions],
        "messages": [each["message"] for each in state.revisions],
        "merges": len(merges),
        "bases": len(bases),
    }
    chosen = {part: value[part] for part in spec.parts(tuple(value), ("count",))}
    names = listed([f"{each['id']} ({each['message']})" for each in state.revisions])
    merged = f", of which {counted(len(merges), 'is a merge', 'are merges')}" if merges else ""
    return Observed(chosen, f"The history has {counted(len(state.revisions), 'revision')}: {names}{merged}.")


@look(
    "revision",
    {
        "revision": _REVISION,
        "parts": "exists (always), id, message, applied, down (the ids of its parents), parents (how many), labels, "
        "depends_on, replaces, upgrade and downgrade (code, empty, raises, missing), operations (the kinds that "
        "upgrade() uses, sorted), undoes (those of downgrade()).",
    },
    ("revision",),
    'look = "revision"\nrevision = "head"\nparts = ["downgrade"]',
)
def observe_revision(state: State, spec: Spec) -> Observed:
    """One version file: its place in the history, and what its functions do, as far as the source shows it."""
    found = state.revision(spec.text("revision"))
    known = ("exists", "id", "message", "applied", "down", "parents", "labels", "depends_on", "replaces")
    parts = spec.parts((*known, "upgrade", "downgrade", "operations", "undoes"), ("exists",))
    if found is None:
        names = listed([each["id"] for each in state.revisions])
        return Observed(
            {"exists": False}, f"Revision {spec.text('revision')} does not exist; the revisions are: {names}."
        )
    value: dict[str, object] = {
        **{name: found[name] for name in ("id", "message", "down", "labels", "depends_on", "replaces")},
        "exists": True,
        "applied": found["id"] in state.applied,
        "parents": len(found["down"]),
        "upgrade": found["upgrade"]["kind"],
        "downgrade": found["downgrade"]["kind"],
        "operations": kinds(found["upgrade"]),
        "undoes": kinds(found["downgrade"]),
    }
    return Observed(
        {part: value[part] for part in ("exists", *parts)}, _described(found, applied=bool(value["applied"]))
    )


@look(
    "order",
    {"revisions": "Ids or parts of messages."},
    ("revisions",),
    'look = "order"\nrevisions = ["add seats", "add gates"]',
)
def observe_order(state: State, spec: Spec) -> Observed:
    """The order in which revisions run, and whether each comes before the next: for rebases and merges."""
    names = spec.texts("revisions")
    found = [(name, state.revision(name)) for name in names]
    missing = [name for name, each in found if each is None]
    if missing:
        return Observed(None, f"Not found: revision {listed(missing)}.")
    ids = [each["id"] for _, each in found if each is not None]
    value = [first in state.ancestors([second]) for first, second in pairwise(ids)]
    ordered = [each["id"] for each in state.revisions if each["id"] in ids]
    return Observed(
        value, f"They run in the order {listed(ordered)}{'' if all(value) else ', not one after the other'}."
    )


@look("linear", example='look = "linear"')
def observe_linear(state: State, spec: Spec) -> Observed:
    """Whether the history is one line: each revision has one parent, and there is one head."""
    merges = [each["id"] for each in state.revisions if len(each["down"]) > 1]
    is_linear = not merges and len(state.heads) <= 1
    there = "is one line" if is_linear else f"has {counted(len(state.heads), 'head')} and merges: {listed(merges)}"
    return Observed(is_linear, f"The history {there}.")


@look("readable", example='look = "readable"')
def observe_readable(state: State, spec: Spec) -> Observed:
    """Whether every version file can be read and has its parent."""
    return Observed(not state.problems, " ".join(state.problems) or "Every version file can be read.")


@look("unfinished", example='look = "unfinished"')
def observe_unfinished(state: State, spec: Spec) -> Observed:
    """Whether a revision is half done: a part of it is committed, and its version row is not written."""
    return Observed(bool(state.unfinished), state.unfinished or "No revision is unfinished.")


@look("edited", example='look = "edited"')
def observe_edited(state: State, spec: Spec) -> Observed:
    """The applied files that do something else than when they ran, where the environment remembers their content."""
    found = listed(state.edited)
    there = f"were edited since they were applied: {found}" if state.edited else "are as they were when they ran"
    return Observed(sorted(state.edited), f"Applied files {there}.")


def kinds(function: Function) -> list[str]:
    """Return the kinds of operations of a function, each once: ``["add_column", "execute"]``; "code" is custom code."""
    return sorted({str(each["operation"]) for each in function["operations"]})


def _described(revision: Revision, *, applied: bool) -> str:
    words = [f"Revision {revision['id']} ({revision['message']}) is {'applied' if applied else 'not applied'}"]
    words.append(f"comes after {listed(revision['down'], 'nothing')}")
    words.append(f"its upgrade() is {_what(revision['upgrade'])}, its downgrade() {_what(revision['downgrade'])}")
    return f"{', '.join(words)}."


def _what(function: Function) -> str:
    if function["kind"] != "code":
        return function["kind"]
    return listed([each.get("sentence", each["operation"]) for each in function["operations"]][:4], "custom code")
