"""The version file that a review becomes: its place in the history, its text, and whether it may still be written."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kernel_core.operations.containers import OpContainer
from kernel_core.script import write
from kernel_core.script.draft import RevisionRequest
from kernel_core.util.exc import CommandError

from ..models import Models, find_models
from ..review import Review
from ..views.text import short
from .comparison import Comparison, compare
from .several import code_of

if TYPE_CHECKING:
    from ..session import Session


class Draft:
    """What will be written, and after that what has been.

    ``message``, ``head``, ``label`` and ``depends_on`` may be set until then; `problems` says which of them is wrong.
    """

    def __init__(
        self,
        session: Session,
        review: Review,
        comparison: Comparison,
        *,
        rev_id: str,
        message: str | None,
        head: str | None = None,
        label: str | None = None,
        depends_on: str | None = None,
        version_path: str | None = None,
    ) -> None:
        self._session, self._review, self._made = session, review, comparison
        self.rev_id, self.message = rev_id, message
        self.head, self.label, self.depends_on, self.version_path = head, label, depends_on, version_path
        self._path: Path | None = None
        self._found: dict[str, Any] | None = None
        asked = comparison.asked
        self._named = asked is not None and _models_called(asked.name, session) == asked

    @property
    def path(self) -> Path | None:
        """The file once it is written, None before, and again when it was taken back."""
        return self._path if self._path is not None and self._path.exists() else None

    def is_applied(self) -> bool:
        """Return whether the file is written and the connected database is at its revision or a later one."""
        if self.path is None:
            return False
        scripts, heads = self._session.scripts(), self._session.heads_if_connected() or ()
        return self.rev_id in scripts.map.ancestors(name for name in heads if name in scripts.map)

    def has_moved(self) -> bool:
        """Return whether the database is at another revision than when the review was made."""
        heads = self._session.heads_if_connected()
        return heads is not None and tuple(heads) != self._made.database_heads

    # ---- its place ---------------------------------------------------------------------------------------------------

    def places(self) -> tuple[tuple[str, str], ...]:
        """Return (words, name) of the revisions that it can follow: every head, and ``base`` for a line of its own."""
        if not self._session.has_environment:
            return (("base", "base"),)
        scripts = self._session.scripts()
        heads = [(_spoken(script), script.revision) for script in scripts.get_revisions("heads")]
        return (*heads, ("base: a line of its own" if heads else "base: the first revision", "base"))

    def problems(self) -> dict[str, str]:
        """Return what is wrong with its place, in words, by ``head``, ``label`` or ``depends_on``."""
        if not self._session.has_environment:
            return {}
        scripts = self._session.scripts()
        found: dict[str, str] = {}
        for name, value in (("head", self.head), ("label", self.label), ("depends_on", self.depends_on)):
            options: dict[str, Any] = {"head": "base", ("branch_labels" if name == "label" else name): value or None}
            if name == "head":
                options["head"] = value or "head"
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
        """Return the name that the file will have; raises CommandError where there is no environment."""
        if self.path is not None:
            return self.path.name
        scripts = self._session.scripts()
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
        return self._text_of(self._made.template_args(self._review.accepted()), message)

    def found_text(self, message: str | None = None) -> str:
        """Return the file as it would have been before a person changed anything."""
        if self._found is None:
            self._found = self._made.template_args(self._made.operations)
        return self._text_of(self._found, message)

    def _text_of(self, args: dict[str, Any], message: str | None) -> str:
        if self._session.has_environment:
            request = RevisionRequest(self.rev_id, self._message(message), **self._place(), arguments=args)
            return self._session.scripts().draft_revision(request)[1]
        return "\n\n".join(
            f"def {name}() -> None:\n    {args.get(slot) or 'pass'}"
            for name, slot in (("upgrade", "upgrades"), ("downgrade", "downgrades"))
        )

    def _place(self) -> dict[str, Any]:
        return {
            "head": self.head or "head",
            "branch_labels": self.label or None,
            "depends_on": self.depends_on or None,
            "version_path": self.version_path or None,
        }

    # ---- made from ---------------------------------------------------------------------------------------------------

    def models_now(self) -> Models | None:
        """Return the models that bear the name in the notebook now: a cell may have declared them anew."""
        asked = self._made.asked
        return (_models_called(asked.name, self._session) if asked is not None and self._named else None) or asked

    def anew(self, review: Review, comparison: Comparison) -> Draft:
        """Return a draft of another review, with this one's message and place."""
        return Draft(
            self._session,
            review,
            comparison,
            rev_id=write.new_id() if self.path is not None else self.rev_id,
            message=self.message,
            head=self.head,
            label=self.label,
            depends_on=self.depends_on,
            version_path=self.version_path,
        )

    # ---- written, and taken back -------------------------------------------------------------------------------------

    def stale(self) -> str:
        """Return what has changed since the comparison was made, in a sentence; "" where nothing has.

        The models are looked up again by their name, the files and the version table are read again, and the database
        is compared once more: somebody may have altered it by hand.
        """
        made, session = self._made, self._session
        if session.has_environment and tuple(session.scripts().get_heads()) != made.heads and made.heads:
            return "A revision was added since this review was made."
        if session.heads_of_database() != made.database_heads:
            return "The database has moved since this review was made."
        found = compare(session, self.models_now(), wanted=made.wanted)
        if found.fingerprint != made.fingerprint:
            return "The models have changed since this review was made."
        if code_of(found.operations) != code_of(made.operations):
            return "The database was altered by hand since this review was made."
        return ""

    def write(self, message: str | None = None, *, just_compared: bool = False) -> Path:
        """Write the accepted operations and return the path; once written it stays the same.

        Raises CommandError where nothing is accepted, a value is wrong, or what it was made from has changed, which is
        not asked where it was ``just_compared``.
        """
        if self.path is not None:
            return self.path
        if not self._session.has_environment:
            raise CommandError("There is no environment to write into. Make one first: %mig_init migrations")
        scripts = self._session.scripts()
        with scripts.writing():  # what is asked here still holds when the file is written
            reason = "" if just_compared else self.stale()
            if reason:
                raise Stale(reason)
            operations = self._review.accepted()
            if operations.is_empty():
                raise CommandError(
                    "No operation is accepted, so there is nothing to write. Accept some: .accept('all')."
                )
            script = scripts.generate_revision(
                self.rev_id, self._message(message), **self._place(), **self._made.template_args(operations)
            )
        self._path = Path(self._session.wrote(script).path)
        self._session.tell_panels()
        return self._path

    def unwrite(self) -> Path:
        """Delete the file that was written here, and return its path; the review can be edited again.

        Raises CommandError where there is none, it was changed since, is applied, or another revision needs it.
        """
        path = self.path
        if path is None:
            raise CommandError("Nothing is written yet, so there is nothing to take back.")
        last = self._session.written.last
        if last.revision != self.rev_id:
            raise CommandError(
                f"{os.path.relpath(last.path)} was written after it. Take that one back first: %mig_undo"
            )
        self._session.unwrite()
        return path


class Stale(CommandError):
    """What a review was made from is not so any more, for that ``reason``; nothing was written."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"{reason} Run %mig_autogenerate again; nothing was written.")
        self.reason = reason


def _models_called(name: str, session: Session) -> Models | None:
    """Return the models that bear that name in the notebook, None where none do."""
    try:
        return find_models([part.strip() for part in name.split(",")], session.namespace)
    except CommandError:
        return None


def _spoken(script: Any) -> str:
    """Return a head with its branch and its message, for a list to choose from."""
    labels = f" ({', '.join(sorted(script.branch_labels))})" if script.branch_labels else ""
    return f"{script.revision}{labels} {short(script.doc, 40)}".rstrip()
