"""The version file of a review: its place in the history, its text, and whether it may still be written."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kernel_core import autogenerate
from kernel_core.autogenerate import Proposed, template_args
from kernel_core.operations.containers import OpContainer, UpgradeOps
from kernel_core.script import Script, ScriptDirectory, write
from kernel_core.script.draft import RevisionRequest
from kernel_core.util.exc import CommandError

from ..review import Review
from ..running.rehearsing import UnwrittenFile
from ..views.plan import Plan
from ..views.text import short
from ..workspace.deletion import delete_last_file
from ..workspace.heads import database_heads, heads_if_connected, is_applied
from ..workspace.models import Models, find_models
from ..workspace.origin import Origin
from ..workspace.workspace import Host, Workspace
from .comparison import Comparison, compare
from .multiple_targets import code_of


class Draft:
    """The file that will be written, and afterwards the file that was written.

    ``message``, ``head``, ``label`` and ``depends_on`` may be set until then; `problems` says which of them is wrong.
    """

    def __init__(
        self,
        host: Host,
        review: Review,
        comparison: Comparison,
        *,
        rev_id: str,
        message: str | None,
        head: str | None = None,
        splice: bool = False,
        label: str | None = None,
        depends_on: str | None = None,
        version_path: str | None = None,
    ) -> None:
        self._host, self._review, self._made = host, review, comparison
        self.rev_id, self.message = rev_id, message
        self.head, self.splice, self.label = head, splice, label
        self.depends_on, self.version_path = depends_on, version_path
        self._origin = Origin.of(host.workspace())
        self._path: Path | None = None
        self._found: Proposed | None = None
        requested = comparison.requested
        self._named = requested is not None and _models_called(requested.name, host.workspace()) == requested

    @property
    def path(self) -> Path | None:
        """The file once it is written; None before that, and after it was deleted again."""
        return self._path if self._path is not None and self._path.exists() else None

    def is_applied(self) -> bool:
        """Return whether the file is written and the connected database is at its revision or a later one."""
        if self.path is None:
            return False
        return is_applied(self._host.workspace(), self.rev_id)

    def has_moved(self) -> bool:
        """Return whether the database is at another revision than when the review was made."""
        heads = heads_if_connected(self._host.workspace())
        return heads is not None and tuple(heads) != self._made.database_heads

    def left(self) -> str:
        """Return the sentence that the notebook now uses another database or environment; "" where it does not."""
        return self._origin.left(self._host.workspace(), "This review")

    def refuse_elsewhere(self) -> None:
        """Raise Elsewhere where the notebook now uses another database or environment than that of the review."""
        left = self.left()
        if left:
            raise Elsewhere(left)

    def edited(self) -> str:
        """Return the sentence that the file was edited since it was written here; "" where it was not."""
        path, workspace = self.path, self._host.workspace()
        if path is None or not workspace.written.was_edited(path):
            return ""
        return (
            f"{os.path.relpath(path)} was edited since it was written here: this review does not show what would run. "
            "Run it with %mig_upgrade, or rehearse it with %mig_rehearse."
        )

    def refuse_others(self, plan: Plan) -> None:
        """Raise CommandError where other revisions would run too, because the database was moved meanwhile."""
        others = [step.revision for step in plan.steps if step.revision != self.rev_id]
        if others and self.has_moved():
            raise CommandError(
                f"The current revision has changed since this review was made: {', '.join(others)} would run too. "
                "Nothing was run; see %mig_upgrade --plan."
            )

    # ---- its place ---------------------------------------------------------------------------------------------------

    def places(self) -> tuple[tuple[str, str], ...]:
        """Return (label, revision) for each revision that it can follow: every head, and ``base`` for a new branch."""
        workspace = self._host.workspace()
        if not workspace.has_environment:
            return (("base", "base"),)
        heads = [(_label(script), script.revision) for script in workspace.scripts().get_revisions("heads")]
        return (*heads, ("base: a new branch" if heads else "base: the first revision", "base"))

    def problems(self) -> dict[str, str]:
        """Return what is wrong with its place, as ``head``, ``label`` or ``depends_on`` -> message."""
        workspace = self._host.workspace()
        if not workspace.has_environment:
            return {}
        scripts = workspace.scripts()
        found: dict[str, str] = {}
        for name, value in (("head", self.head), ("label", self.label), ("depends_on", self.depends_on)):
            options: dict[str, Any] = {"head": "base", ("branch_labels" if name == "label" else name): value or None}
            if name == "head":
                options |= {"head": value or "head", "splice": self.splice}
            try:
                scripts.draft_revision(RevisionRequest(self.rev_id, None, **options))
            except CommandError as error:
                found[name] = str(error).splitlines()[0]
        return found

    # ---- its text ----------------------------------------------------------------------------------------------------

    @property
    def suggested_message(self) -> str:
        """The message if none is given, from the accepted operations: ``add_age_to_users``; "" if there are none."""
        return OpContainer(row.operation for row in self._review.rows if row.accepted).slug()

    def _message(self, message: str | None) -> str | None:
        return message or self.message or self.suggested_message or None

    def file_name(self, message: str | None = None) -> str:
        """Return the name that the file will have; raises CommandError without an environment."""
        if self.path is not None:
            return self.path.name
        scripts = self._host.workspace().scripts()
        return write.file_name(
            scripts.file_template,
            self.rev_id,
            self._message(message),
            datetime.now(tz=UTC),
            scripts.truncate_slug_length,
        )

    def text(self, message: str | None = None) -> str:
        """Return the file as it would be written now; raises CommandError where it could not be."""
        if self.path is not None:
            return self.path.read_text(encoding="utf-8")
        return self._text_of(self._made.of(self._review.accepted()), message)

    def found_text(self, message: str | None = None) -> str:
        """Return the file as it would be written if nothing had been changed in the review."""
        if self._found is None:
            self._found = self._made.of(self._made.operations)
        return self._text_of(self._found, message)

    def _text_of(self, proposed: Proposed, message: str | None) -> str:
        workspace, args = self._host.workspace(), template_args(proposed)
        if workspace.has_environment:
            request = RevisionRequest(
                self.rev_id,
                self._message(message),
                self.head or "head",
                self.splice,
                branch_labels=self.label or None,
                depends_on=self.depends_on or None,
                version_path=self.version_path or None,
                arguments=args,
            )
            return workspace.scripts().draft_revision(request)[1]
        return "\n\n".join(
            f"def {name}() -> None:\n    {args.get(variable) or 'pass'}"
            for name, variable in (("upgrade", "upgrades"), ("downgrade", "downgrades"))
        )

    def _placed(self, proposed: Proposed, message: str | None) -> Proposed:
        return proposed.placed(
            self.rev_id,
            self._message(message),
            head=self.head or None,
            splice=self.splice,
            branch_label=self.label or None,
            depends_on=self.depends_on or None,
            version_path=self.version_path or None,
        )

    # ---- its models --------------------------------------------------------------------------------------------------

    def models_now(self) -> Models | None:
        """Return the models of that name in the notebook now: a cell may have defined them again."""
        requested = self._made.requested
        if requested is None or not self._named:
            return requested
        return _models_called(requested.name, self._host.workspace()) or requested

    def for_review(self, review: Review, comparison: Comparison) -> Draft:
        """Return the draft of another review, with this one's message and place."""
        return Draft(
            self._host,
            review,
            comparison,
            rev_id=write.new_id() if self.path is not None else self.rev_id,
            message=self.message,
            head=self.head,
            splice=self.splice,
            label=self.label,
            depends_on=self.depends_on,
            version_path=self.version_path,
        )

    # ---- written and deleted -----------------------------------------------------------------------------------------

    def stale(self) -> str:
        """Return what has changed since the comparison was made, in a sentence; "" where nothing has.

        The models are looked up again by their name, the files and the version table are read again, and the database
        is compared once more: it may have been changed without a migration.
        """
        made, workspace = self._made, self._host.workspace()
        left = self.left()
        if left:
            return left
        scripts = workspace.scripts() if workspace.has_environment and made.heads else None
        if scripts is not None and tuple(scripts.get_heads()) != made.heads:
            gone = [name for name in made.heads if name not in scripts.map]
            if gone:
                return f"The version file of {', '.join(gone)} does not exist any more, which this review follows."
            return "A revision was added since this review was made."
        if database_heads(workspace) != made.database_heads:
            return "The current revision has changed since this review was made."
        found = compare(workspace, self.models_now(), scope=made.scope, fingerprinted=True)
        if found.fingerprint != made.fingerprint:
            return "The models have changed since this review was made."
        if code_of(found.operations) != code_of(made.operations):
            return "The database was altered by hand since this review was made."
        return ""

    def write(self, message: str | None = None, *, just_compared: bool = False) -> Path:
        """Write the accepted operations and return the path; a second call returns the same path.

        Raises CommandError where nothing is accepted, a value is wrong, or the `stale` check fails; that is left out
        where the comparison was ``just_compared``.
        """
        if self.path is not None:
            return self.path
        workspace = self._host.workspace()
        scripts = self._environment(workspace)
        with scripts.writing():  # under the lock, so that the check still holds when the file is written
            operations = self._accepted("write", just_compared=just_compared)
            [script] = autogenerate.write(self._placed(self._made.of(operations), message), scripts)
        self._path = Path(workspace.written.add(script).path)
        workspace.refresh()
        return self._path

    def unwritten(self) -> UnwrittenFile | None:
        """Return the file as `write` would write it now, None once it is written; raises CommandError as `write` does.

        The programs that run after a file was written (``post_write_hooks``) have not run on it.
        """
        self.refuse_elsewhere()
        if self.path is not None:
            return None
        self._environment(self._host.workspace())
        return self.unwritten_of(self._accepted("rehearse"))

    def unwritten_of(self, operations: UpgradeOps) -> UnwrittenFile:
        """Return the file as `write` would write it with other operations; nothing is checked."""
        return UnwrittenFile(os.path.basename(self.file_name()), self._text_of(self._made.of(operations), None))

    def _environment(self, workspace: Workspace) -> ScriptDirectory:
        if not workspace.has_environment:
            raise CommandError("No environment exists yet. Make one first: %mig_init migrations")
        return workspace.scripts()

    def _accepted(self, verb: str, *, just_compared: bool = False) -> UpgradeOps:
        """Return the accepted operations; raises Stale, and CommandError where there are none."""
        self.refuse_elsewhere()
        reason = "" if just_compared else self.stale()
        if reason:
            raise Stale(reason)
        operations = self._review.accepted()
        if operations.is_empty():
            raise CommandError(f"No operation is accepted, so there is nothing to {verb}. Accept some: .accept('all').")
        return operations

    def take(self, script: Script) -> Path:
        """Note that a file was written elsewhere, and return its path."""
        workspace = self._host.workspace()
        self._path = Path(workspace.written.add(script).path)
        workspace.refresh()
        return self._path

    def delete(self) -> Path:
        """Delete the file that was written here, and return its path; the review can be edited again.

        Raises CommandError where there is none, it was changed since, is applied, or another revision needs it.
        """
        path = self.path
        if path is None:
            raise CommandError("Nothing is written yet, so there is nothing to delete.")
        self.refuse_elsewhere()
        workspace = self._host.workspace()
        last = workspace.written.last
        if last is not None and last.revision != self.rev_id:
            raise CommandError(f"{os.path.relpath(last.path)} was written after it. Delete that one first: %mig_undo")
        delete_last_file(workspace)
        return path


class Stale(CommandError):
    """The models, the database or the files have changed since the review was made; nothing was written."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"{reason} {self._remedy}")
        self.reason = reason

    _remedy = "Run %mig_autogenerate again; nothing was written."


class Elsewhere(Stale):
    """The notebook uses another database or environment than that of the review; nothing was done."""

    _remedy = "Go back to that one, or run the cell again; nothing was done."


def _models_called(name: str, workspace: Workspace) -> Models | None:
    """Return the models of that name in the notebook, None where there are none."""
    try:
        return find_models([part.strip() for part in name.split(",")], workspace.namespace)
    except CommandError:
        return None


def _label(script: Script) -> str:
    """Return a head with its branch and its message, for a list to choose from."""
    labels = f" ({', '.join(sorted(script.branch_labels))})" if script.branch_labels else ""
    return f"{script.revision}{labels} {short(script.doc, 40)}".rstrip()
