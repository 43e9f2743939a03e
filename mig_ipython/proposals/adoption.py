"""The review of a baseline: what a database has, to be written as its first revision, and the stamp that follows."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from kernel_core import command
from kernel_core.adoption import Baseline
from kernel_core.command import Adopted
from kernel_core.operations.containers import UpgradeOps
from kernel_core.util.counts import counted
from kernel_core.util.exc import CommandError

from ..errors import user_errors
from ..review import Review
from ..views.html import Html, beneath_panel, details, join, page, plain_list, tag, with_code
from ..views.operations import lines_html, lines_text, python_text, source_html, summary
from ..views.rehearsal import RehearsalReport
from ..views.report import RunReport, WrittenPath
from ..workspace.env_run import env_config
from ..workspace.models import Models, fingerprint
from ..workspace.workspace import Host, Workspace
from .comparison import Comparison
from .proposal import Proposal


class Adoption(Proposal):
    """The baseline of a database without a history; nothing is written by default.

        a = %mig_adopt
        a.outside
        a.write()

    ``write()`` writes the version file, reads it again, compares it with the database, and marks the database with it:
    all of this, or nothing. ``adopted`` is the result.
    """

    marks = True

    def __init__(
        self,
        found: Adopted,
        host: Host,
        *,
        message: str,
        version_path: str | None = None,
        schemas: tuple[str, ...] | None,
        models: str | None,
    ) -> None:
        workspace = host.workspace()
        made = _comparison(workspace, found.baseline)
        super().__init__(
            _review(workspace, made, found),
            host,
            message,
            comparison=made,
            where=workspace.where,
            rev_id=found.revision,
            version_path=version_path,
        )
        self.adopted, self._schemas, self._models = found, schemas, models

    @property
    def describe_source(self) -> str:
        """What the operations start from."""
        return "an empty database"

    @property
    def outside(self) -> tuple[str, ...]:
        """The objects that the baseline does not create, such as views and triggers."""
        return tuple(map(str, self.adopted.baseline.outside))

    def write(self, message: str | None = None, *, just_compared: bool = False) -> WrittenPath:
        """Write the accepted rows as the baseline, mark the database with it, and return the path of the file.

        A second call returns the same path. Raises MigError, and writes nothing, where the accepted rows do not
        describe the database, or it has changed.
        """
        with user_errors():
            if self.path is None:
                self._adopt(message or self.message or "baseline")
            return WrittenPath(self._written(), "%mig_check")

    def _written(self) -> Path:
        path = self.path
        if path is None:
            raise CommandError("The file of the baseline does not exist any more.")
        return path

    def _adopt(self, message: str) -> None:
        self.draft.refuse_elsewhere()
        accepted = self.review.accepted()
        workspace = self._host.workspace()
        changed = len(accepted.ops) != len(self.comparison.operations.ops) or bool(self.review.can_undo)
        self.adopted = adopted(
            workspace,
            message=message,
            rev_id=self.rev_id,
            version_path=self.draft.version_path,
            schemas=self._schemas,
            models=self._models,
            operations=accepted if changed else None,
        )
        script = workspace.scripts().get_revision(self.rev_id)
        assert script is not None, "it was written just now"
        self.draft.take(script)

    def upgrade(self, *_: object, **__: object) -> RunReport:
        """Write the baseline; its database needs no upgrade."""
        self.write()
        workspace = self._host.workspace()
        return RunReport("stamp", (), (), (self.rev_id,), workspace.where)

    def rehearse(self, **_: object) -> RehearsalReport:
        """Raise MigError: a baseline describes what the database has already, and is not run on it."""
        with user_errors():
            raise CommandError(
                "A baseline is not run: the database has all of this already. `.write()` compares the two."
            )

    def rehearse_rewrite(self, *_: object, **__: object) -> RehearsalReport:
        """Raise MigError: a baseline is not run."""
        return self.rehearse()

    def again(self) -> Self:
        """Read the database again and start a new review."""
        with user_errors():
            workspace = self._host.workspace()
            self.adopted = adopted(
                workspace,
                message=self.message or "baseline",
                version_path=self.draft.version_path,
                schemas=self._schemas,
                preview=True,
            )
            self.comparison = _comparison(workspace, self.adopted.baseline)
            self.review, self.where = _review(workspace, self.comparison, self.adopted), workspace.where
            self.draft = self.draft.for_review(self.review, self.comparison)
        return self

    def stale(self) -> str:
        """Return "": writing compares the file with the database."""
        return ""

    # ---- texts -------------------------------------------------------------------------------------------------------

    def text(self) -> str:
        lines = self.lines()
        outside = [self._outside_lead(), *(f"  {each}" for each in self.outside)] if self.outside else []
        return "\n".join((self._lead(), lines_text(lines), *self._of_models(), *outside, self._state()))

    def html(self) -> Html:
        lines = self.lines()
        outside = details(self._outside_lead(), plain_list(self.outside), shown=True) if self.outside else ""
        parts = (
            lines_html(lines),
            source_html("Python", python_text("upgrade", [line for line in lines if line.accepted])),
            join(tag("p", line) for line in self._of_models()),
        )
        state = tag("p", with_code(self._state()))
        if self.folded:
            return beneath_panel(with_code(self._lead()), *parts, outside, state, what="Baseline")
        lead = tag("p", with_code(self._lead()), class_="mig-lead")
        return page(lead, *parts, outside, state, label="Baseline")

    def _lead(self) -> str:
        tables = counted(len(self.adopted.baseline.metadata.tables), "table")
        return f"Baseline of {tables} in {self.where}. {summary(self.lines(), 'an empty database and this one')}"

    def _outside_lead(self) -> str:
        return f"Outside of the baseline, to be created by hand ({len(self.outside)}):"

    def _of_models(self) -> tuple[str, ...]:
        return self.adopted.models.sentences() if self.adopted.models is not None else ()

    def _state(self) -> str:
        if self.path is None:
            return "Nothing is written yet: .write(), or %mig_adopt --write"
        file = os.path.relpath(self.path)
        return f"Written to {file}, compared with the database without any difference; it is marked as {self.rev_id}."


def adopted(
    workspace: Workspace,
    *,
    message: str = "baseline",
    rev_id: str | None = None,
    version_path: str | None = None,
    schemas: Iterable[str] | None = None,
    models: str | None = None,
    preview: bool = False,
    operations: UpgradeOps | None = None,
) -> Adopted:
    """Call `command.adopt` on the connected database."""
    try:
        with env_config(workspace, generates=True, creates=False) as config:
            found = command.adopt(
                config,
                message,
                rev_id=rev_id,
                version_path=version_path,
                schemas=None if schemas is None else tuple(schemas),
                preview=preview,
                models=models,
                change=None if operations is None else lambda _: operations,
            )
    finally:
        if not preview:
            workspace.refresh()
    return found


def _comparison(workspace: Workspace, baseline: Baseline) -> Comparison:
    """Return the baseline as the difference between an empty database and this one."""
    models = Models("database", baseline.metadata, of=workspace.connection.target)
    return Comparison(
        operations=baseline.operations,
        models=models,
        dialect=baseline.dialect,
        opts=dict(baseline.proposed.context.opts),
        database_heads=(),
        heads=(),
        fingerprint=fingerprint(baseline.metadata, baseline.dialect),
        proposed=baseline.proposed,
        warnings=baseline.proposed.warnings,
    )


def _review(workspace: Workspace, made: Comparison, found: Adopted) -> Review:
    notes = _outside(found)
    return Review(
        made.operations,
        dialect=made.dialect,
        source="an empty database",
        target=workspace.connection.target,
        notes=notes,
        warnings=made.warnings,
        opts=made.opts,
        connect=workspace.connection.open,
    )


def _outside(found: Adopted) -> tuple[str, ...]:
    """Return the sentence about what is outside, for the panel; () where there is nothing."""
    names = [str(each) for each in found.baseline.outside]
    if not names:
        return ()
    more = f" and {len(names) - _MOST_NAMED} more (.outside lists all)" if len(names) > _MOST_NAMED else ""
    return (f"Outside of the baseline, to be created by hand: {', '.join(names[:_MOST_NAMED])}{more}.",)


_MOST_NAMED = 20
