"""Mistakes in the history: no revision, two heads, edited files, stamps, and where the database is."""

from __future__ import annotations

import re

from kernel_core.runtime.journal.state import edited_sentence
from kernel_core.util.counts import counted
from kernel_core.util.exc import CommandError

from ..looks.look import Spec, listed
from ..looks.runs import observe_reversible
from ..state import State
from ..state.scratch import compared, history_differences, model_differences, repeated, round_trip, start_of
from .detector import Context, changed_revisions, detector, new_revisions, operations, sql_of

_SCHEMA_SQL = re.compile(r"\s*(CREATE|ALTER|DROP)\b", re.IGNORECASE)


@detector("nothing_done")
def nothing_done(before: State, after: State, context: Context) -> str | None:
    """Neither the database, the version table, the history nor the models have changed, and the cell did not fail."""
    if context.error or not is_unchanged(before, after):
        return None
    return "Nothing has changed: neither the database nor the history nor the models."


def is_unchanged(before: State, after: State) -> bool:
    """Return whether the database, the version table, the history and the models are the same."""
    parts = (
        "schema",
        "digests",
        "version",
        "revisions",
        "heads",
        "models",
        "problems",
        "environment",
        "unfinished",
        "edited",
    )
    return all(getattr(before, part) == getattr(after, part) for part in parts)


@detector("cell_failed", {"error": "A part of the error: IntegrityError."})
def cell_failed(before: State, after: State, context: Context) -> str | None:
    """The cell ended with an error; with `error`, with one whose text has this part."""
    if not context.error or context.fields.text("error", "").casefold() not in context.error.casefold():
        return None
    return f"The cell ended with an error: {context.error.splitlines()[0][:200]}"


@detector("no_environment")
def no_environment(before: State, after: State, context: Context) -> str | None:
    """The folder has no migration environment."""
    return None if after.environment else "The folder has no migration environment."


@detector("environment_removed")
def environment_removed(before: State, after: State, context: Context) -> str | None:
    """The folder had a migration environment, and its ``env.py`` is gone."""
    return "The file env.py is gone." if before.environment and not after.environment else None


@detector("no_revision")
def no_revision(before: State, after: State, context: Context) -> str | None:
    """The models have changed, but no revision was written."""
    if before.models["tables"] == after.models["tables"] or new_revisions(before, after) or after.models["error"]:
        return None
    return "The models have changed, but no revision was written."


@detector("models_forgotten")
def models_forgotten(before: State, after: State, context: Context) -> str | None:
    """The database or the history has changed and the models have not: the two differ now."""
    if before.models["tables"] != after.models["tables"]:
        return None
    if before.schema == after.schema and not new_revisions(before, after):
        return None
    found = model_differences(after)
    return f"The models are as before, and the database differs from them: {found[0]}." if found else None


@detector("models_broken")
def models_broken(before: State, after: State, context: Context) -> str | None:
    """models.py cannot be run any more."""
    if not after.models["error"] or before.models["error"]:
        return None
    return f"models.py cannot be run: {after.models['error']}."


@detector("not_upgraded")
def not_upgraded(before: State, after: State, context: Context) -> str | None:
    """Revisions are written, could run, and have not: the database is where it was."""
    if not after.pending or (before.version or []) != (after.version or []) or _error_of_upgrade(after):
        return None
    return f"{counted(len(after.pending), 'revision')} not applied: {listed(after.pending)}."


@detector("partly_upgraded")
def partly_upgraded(before: State, after: State, context: Context) -> str | None:
    """The database was upgraded, but not to the end, though the other revisions could run."""
    if not after.pending or len(after.applied) <= len(before.applied) or _error_of_upgrade(after):
        return None
    return f"Some revisions were applied, but not {listed(after.pending)}."


@detector("upgrade_fails")
def upgrade_fails(before: State, after: State, context: Context) -> str | None:
    """Revisions are written and cannot run: on a scratch copy the upgrade ends with an error."""
    problem = _error_of_upgrade(after)
    return f"On a scratch copy, the upgrade ends with an error: {problem}" if problem else None


def _error_of_upgrade(state: State) -> str:
    """Return the first line of the error with which pending revisions stop on a scratch copy, "" without one."""
    if not state.pending or not state.is_live:
        return ""
    try:
        state.at("heads")
    except CommandError as error:
        return str(error).splitlines()[0]
    return ""


@detector("not_downgraded")
def not_downgraded(before: State, after: State, context: Context) -> str | None:
    """No revision that was applied was undone."""
    if not set(before.applied) <= set(after.applied):
        return None
    return f"Everything that was applied still is: {listed(after.applied)}."


@detector(
    "downgraded_too_far", {"to": "Where the database must be: an id, its place, or a part of a message."}, ("to",)
)
def downgraded_too_far(before: State, after: State, context: Context) -> str | None:
    """The database is below the revision at which it must be."""
    target = after.revision(context.fields.text("to"))
    if target is None or target["id"] in after.applied or target["id"] not in before.applied:
        return None
    return f"Revision {target['id']} was undone as well."


@detector("empty_revision")
def empty_revision(before: State, after: State, context: Context) -> str | None:
    """A new revision has an upgrade() that does nothing."""
    found = [each for each in new_revisions(before, after) if each["upgrade"]["kind"] in ("empty", "missing")]
    found = [each for each in found if len(each["down"]) < 2]
    return f"The upgrade() of revision {found[0]['id']} does nothing." if found else None


@detector("no_downgrade")
def no_downgrade(before: State, after: State, context: Context) -> str | None:
    """A revision that is new or changed does something in upgrade() that its downgrade() does not undo.

    Its downgrade() is missing, empty, or only raises.
    """
    words = {"missing": "is missing", "empty": "does nothing", "raises": "only raises an error"}
    for each in changed_revisions(before, after):
        if each["upgrade"]["kind"] == "code" and each["downgrade"]["kind"] in words:
            return f"The downgrade() of revision {each['id']} {words[each['downgrade']['kind']]}."
    return None


@detector("lossy_downgrade", {"revision": 'Which one; by default the new ones, else "-1".'})
def lossy_downgrade(before: State, after: State, context: Context) -> str | None:
    """A downgrade runs, but does not restore the schema or the rows: tried up, down and up on a scratch copy."""
    chosen = [after.revision(context.fields.text("revision"))] if "revision" in context.spec else []
    for each in chosen or changed_revisions(before, after) or [after.revision("-1")]:
        if each is None or len(each["down"]) > 1:
            continue
        known, after.before = after.before, lambda: before
        try:
            problems = round_trip(after, start_of(after, each), each["id"])
        finally:
            after.before = known
        if problems:
            return f"Revision {each['id']}: {problems[0]}."
    return None


@detector("downgrade_fails", {"revision": 'Which one; "-1" by default.'})
def downgrade_fails(before: State, after: State, context: Context) -> str | None:
    """A revision cannot be undone: on a scratch copy its downgrade ends with an error."""
    spec = Spec("reversible", {"revision": context.fields.text("revision", "-1")})
    try:
        observe_reversible(after, spec)
    except Exception as error:  # noqa: BLE001 - whatever fails on the copy is the mistake
        return f"On a scratch copy, up and down again ends with an error: {str(error).splitlines()[0]}"
    return None


@detector("two_heads")
def two_heads(before: State, after: State, context: Context) -> str | None:
    """The history has more than one head."""
    if len(after.heads) < 2:
        return None
    return f"The history has {counted(len(after.heads), 'head')}: {listed(after.heads)}."


@detector("merged")
def merged(before: State, after: State, context: Context) -> str | None:
    """A new revision merges heads, where one line was asked for."""
    found = [each["id"] for each in new_revisions(before, after) if len(each["down"]) > 1]
    return f"Revision {found[0]} is a merge." if found else None


@detector("edited_applied")
def edited_applied(before: State, after: State, context: Context) -> str | None:
    """The file of a revision that was applied does something else now."""
    now = {each["id"]: each["hash"] for each in after.revisions}
    for each in before.revisions:
        if each["id"] in before.applied and now.get(each["id"], each["hash"]) != each["hash"]:
            return f"The file of revision {each['id']} was edited, which was applied before."
    return None


@detector("edited_since")
def edited_since(before: State, after: State, context: Context) -> str | None:
    """The file of a revision was edited since it was applied, also one of the exercise itself.

    It is tried where every check has passed too. The environment must remember the content of applied files.
    """
    found = [each for each in after.edited if each not in before.edited]
    return edited_sentence(found) if found else None


@detector("revision_removed")
def revision_removed(before: State, after: State, context: Context) -> str | None:
    """A version file that was there is gone, and no squashed revision replaces it."""
    if not after.environment:
        return None  # nothing can be read then: see `environment_removed`
    known = {each["id"] for each in after.revisions} | {name for each in after.revisions for name in each["replaces"]}
    gone = [each["id"] for each in before.revisions if each["id"] not in known]
    return f"The version file of revision {gone[0]} is gone." if gone else None


@detector("parent_changed")
def parent_changed(before: State, after: State, context: Context) -> str | None:
    """A revision that was there comes after another one now."""
    old = {each["id"]: each["down"] for each in before.revisions}
    for each in after.revisions:
        if each["id"] in old and old[each["id"]] != each["down"]:
            return f"Revision {each['id']} comes after {listed(each['down'], 'nothing')} now."
    return None


@detector("lost_revision")
def lost_revision(before: State, after: State, context: Context) -> str | None:
    """The version table names a revision that no file defines."""
    return f"No file defines {listed(after.lost)}, at which the database is." if after.lost else None


@detector("stamped_not_run")
def stamped_not_run(before: State, after: State, context: Context) -> str | None:
    """The version table says that revisions are applied, but nothing of what they do is in the database."""
    newly = [each for each in after.revisions if each["id"] in after.applied and each["id"] not in before.applied]
    does_something = any(each["upgrade"]["kind"] == "code" for each in newly)
    if not does_something or before.schema != after.schema or before.digests != after.digests or _ran(after):
        return None
    return f"The version table has {listed(after.version)}, but schema and rows are as before."


def _ran(after: State) -> bool:
    """Return whether the version files, run from where the exercise began, give the database as it is."""
    try:
        return after.is_live and not compared(repeated(after), after.database)
    except CommandError:
        return False


@detector("broken_script")
def broken_script(before: State, after: State, context: Context) -> str | None:
    """A version file cannot be read: a syntax error, a missing parent, an id that is used twice."""
    found = [each for each in after.problems if each not in before.problems]
    return found[0] if found else None


@detector("unfinished")
def unfinished(before: State, after: State, context: Context) -> str | None:
    """A revision is half done: it was neither finished nor undone."""
    return after.unfinished or None


@detector("edited_by_hand", {"ignore": "Tables that were there before the first revision."})
def edited_by_hand(before: State, after: State, context: Context) -> str | None:
    """The schema of the database has changed and is not what its history gives: it was changed past the migrations."""
    if before.schema == after.schema:
        return None
    found = history_differences(after, context.fields.texts("ignore", ()))
    return f"The database differs from what its history gives: {found[0]}." if found else None


@detector("raw_sql_unseen")
def raw_sql_unseen(before: State, after: State, context: Context) -> str | None:
    """A revision changes the schema by raw SQL, and the models do not know of it."""
    for revision in changed_revisions(before, after):
        raw = [each for each in operations(revision, "execute", "code") if _SCHEMA_SQL.match(sql_of(each) or "CREATE")]
        if raw:
            found = model_differences(after)
            return f"Revision {revision['id']} uses raw SQL; the models differ: {found[0]}." if found else None
    return None
