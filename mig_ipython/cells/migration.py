"""A migration written by hand in a cell: its operations, its version file, and whether it is applied."""

from __future__ import annotations

import ast
import os
from dataclasses import replace as replace_fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from sqlalchemy.engine import Dialect

from kernel_core.autogenerate import render_python_code
from kernel_core.ddl.impl import DefaultImpl
from kernel_core.operations.containers import DowngradeOps, UpgradeOps
from kernel_core.operations.kinds.execute_sql import ExecuteSQLOp
from kernel_core.recording import Recording, has_side_effects, read_operations, record
from kernel_core.runtime.migration import MigrationContext
from kernel_core.script import Script, write
from kernel_core.script.draft import RevisionRequest
from kernel_core.util.exc import CommandError, IrreversibleOperation
from kernel_core.util.files import replace

from ..errors import user_errors
from ..review import Review
from ..review.lines import CANNOT_BE_DOWNGRADED, lines_of
from ..running.execution import run
from ..running.planning import announce, plan
from ..running.rehearsing import UnwrittenFile, rehearsed
from ..views.html import Html, details, page, tag
from ..views.operations import Line, lines_html, lines_text, source_html, sql_text, summary
from ..views.rehearsal import RehearsalReport
from ..views.report import RunReport
from ..views.source import code as code_html
from ..views.style import LOST_PANEL_CSS
from ..views.text import shown_path
from ..views.view import View
from ..workspace.heads import is_applied
from ..workspace.workspace import Host, Workspace
from ..workspace.written_files import written_before
from .code import GIVEN, CellCode, indented, read_cell


class Migration(View):
    """The migration of one cell; ``operations`` are those of its code, ``path`` is its file once it is written."""

    def __init__(
        self,
        host: Host,
        message: str,
        code: CellCode,
        recording: Recording,
        *,
        rev_id: str | None,
        head: str | None,
        splice: bool = False,
        no_downgrade: bool = False,
        version_path: str | None = None,
    ) -> None:
        self.message, self.code, self.recording = message, code, recording
        self._host = host
        self.head, self.splice, self.no_downgrade, self.version_path = head, splice, no_downgrade, version_path
        workspace = host.workspace()
        self.existing = written_before(workspace.scripts(), message, rev_id) if workspace.has_environment else None
        self.revision: str = self.existing.revision if self.existing else rev_id or write.new_id()
        self.path: Path | None = Path(self.existing.path) if self.existing else None
        self.report: RunReport | None = None
        self.rehearsal: RehearsalReport | None = None
        self._written = False
        self.state = "Nothing is written yet: add --write, or --up"

    @property
    def operations(self) -> UpgradeOps:
        """The operations of the code in the cell."""
        return self.recording.operations

    @property
    def is_written(self) -> bool:
        """Whether this cell has written its file, or found that it is written already."""
        return self._written

    def write(self) -> Path:
        """Write the version file, or keep it where it has the same code already; return its path.

        Raises MigError where the cell has changed and the file of the old code is applied.
        """
        with user_errors():
            if not self._written:
                workspace = self._host.workspace()
                with workspace.scripts().writing():
                    existing = self.existing
                    script = self._create(workspace) if existing is None else self._update(workspace, existing)
                self.path = Path(script.path)
                self._written = True
            assert self.path is not None
            return self.path

    def upgrade(self, *, yes: bool = False) -> RunReport:
        """Write the version file and upgrade the database to it.

        Raises MigError where this or an earlier pending revision would lose data and not ``yes``.
        """
        with user_errors():
            path = self.write()
            workspace = self._host.workspace()
            planned = plan(workspace, "upgrade", self.revision)
            if planned.losses and not yes:
                raise CommandError(
                    f"{planned.intent()}: {planned.names()}.\nIt loses data: {planned.losing()}. "
                    f"{shown_path(str(path))} is written, nothing was run; to run it: "
                    f"%mig_upgrade {self.revision} --yes"
                )
            announce(planned)
            self.report = run(workspace, "upgrade", self.revision)
            return self.report

    def rehearse(self, *, sample: int | None = None, schema_only: bool = False, mask: bool = False) -> RehearsalReport:
        """Upgrade a clone of the database to this revision and back, and return what that did; see ``%mig_rehearse``.

        No version file is written for it. Raises MigError where the cell differs from the file that it has written.
        """
        with user_errors():
            workspace = self._host.workspace()
            self.rehearsal = rehearsed(
                workspace,
                "upgrade",
                self.revision,
                sample=sample,
                schema_only=schema_only,
                mask=mask,
                unwritten=None if self._written else self._unwritten(workspace),
            )
            return self.rehearsal

    def _unwritten(self, workspace: Workspace) -> UnwrittenFile | None:
        """Return the file that `write` would write; None where it is written with the same code."""
        if self.existing is not None:
            if _without_docstring(self._text_of(workspace, self.existing)) == _without_docstring(self.existing.source):
                return None
            shown = os.path.relpath(self.existing.path)
            raise CommandError(f"{shown} has other code than the cell. Write the cell before it is rehearsed: --write")
        request = RevisionRequest(
            self.revision,
            self.message,
            self.head or "head",
            self.splice,
            version_path=self.version_path,
            arguments=self._template_args(workspace),
        )
        path, text = workspace.scripts().draft_revision(request)
        return UnwrittenFile(os.path.basename(path), text)

    def text(self) -> str:
        lines = self._lines()
        result = [each.text() for each in (self.rehearsal, self.report) if each is not None]
        parts = [f"{self._lead(lines)}\n{lines_text(lines)}" if lines else self._lead(lines), *self._notes(), *result]
        return "\n".join(parts)

    def html(self) -> Html:
        lines = self._lines()
        return page(
            tag("style", Html(LOST_PANEL_CSS)),
            tag("p", self._lead(lines), class_="mig-lead"),
            lines_html(lines),
            source_html("SQL", sql_text(lines)),
            details("Code", code_html(self.code.module(), "python")),
            *(tag("p", note) for note in self._notes()),
            *(each.html() for each in (self.rehearsal, self.report) if each is not None),
            label="Migration",
        )

    def _lead(self, lines: tuple[Line, ...]) -> str:
        what = summary(lines) if lines else "known only when it runs"
        if lines and not self.recording.complete:
            what += " and code that is known only when it runs"
        return f"{self.message}: {what}, {self._host.workspace().where_if_connected}"

    def _notes(self) -> list[str]:
        unknown = "A part of the code is known only when it runs."
        none = ["cannot be downgraded: downgrade() will raise an error"] if self.no_downgrade else []
        return [*none, self.state] if self.recording.complete else [*none, unknown, self.state]

    def _lines(self) -> tuple[Line, ...]:
        connection = self._host.workspace().connection
        review = Review(
            self.operations,
            dialect=connection.engine.dialect,
            source="the cell",
            target=connection.target,
            connect=connection.open,
        )
        return tuple(map(self._with_downgrade, lines_of(review)))

    def _with_downgrade(self, line: Line) -> Line:
        """Return a line whose hint about the downgrade is removed where the cell states it, else has a remedy."""
        stated = self.no_downgrade or self.code.downgrade is not None
        hints = ((severity, text) for severity, text in line.hints if severity != CANNOT_BE_DOWNGRADED or not stated)
        remedy = "Add def downgrade() to the cell, or --no-downgrade"
        return replace_fields(
            line,
            hints=tuple(
                (severity, f"{text.removesuffix(_NO_ARGUMENT)}. {remedy}" if text.endswith(_NO_ARGUMENT) else text)
                for severity, text in hints
            ),
        )

    def _template_args(self, workspace: Workspace) -> dict[str, Any]:
        """Return the template variables: bodies and imports; raises CommandError where the downgrade is not known."""
        workspace.environment.refuse_several()
        imports = self.code.preamble
        if self.code.downgrade is not None:
            downgrade = indented(self.code.downgrade)
        elif self.no_downgrade:
            downgrade = f"raise NotImplementedError({f'{self.message}: this revision has no downgrade'!r})"
        else:
            downgrade, more = _derived_downgrade(self.recording, workspace.connection.engine.dialect)
            imports = "\n".join(filter(None, (imports, *sorted(more))))
        return {"upgrades": indented(self.code.upgrade), "downgrades": downgrade, "imports": imports}

    def _create(self, workspace: Workspace) -> Script:
        """Write the version file of a new revision."""
        scripts, args = workspace.scripts(), self._template_args(workspace)
        script = scripts.generate_revision(
            self.revision, self.message, head=self.head, splice=self.splice, version_path=self.version_path, **args
        )
        self.state = f"Written to {os.path.relpath(script.path)}"
        return workspace.written.add(script)

    def _text_of(self, workspace: Workspace, existing: Script) -> str:
        """Return the text of the version file with the code that the cell has now."""
        header = existing.header
        values = {
            **self._template_args(workspace),
            "up_revision": existing.revision,
            "down_revision": existing.down_revision,
            "branch_labels": sorted(header.branch_labels) or None,
            "depends_on": existing.dependencies,
            "create_date": existing.create_date or datetime.now(tz=UTC),
        }
        template = os.path.join(workspace.scripts().dir, "script.py.mako")
        return write.script_text(template, existing.path, self.message, values)

    def _update(self, workspace: Workspace, existing: Script) -> Script:
        """Write the version file again where the cell has changed; raises CommandError where it is applied."""
        text = self._text_of(workspace, existing)
        shown = os.path.relpath(existing.path)
        if _without_docstring(text) == _without_docstring(existing.source):
            self.state = f"Unchanged: already written as {existing.revision} in {shown}"
            return existing
        if is_applied(workspace, existing.revision):
            raise CommandError(
                f"{self.message!r} is written as {existing.revision} and applied, so its file stays as it is. "
                "Give the new code another message, or undo the old revision first: "
                f"%mig_downgrade {existing.revision}-1 --yes"
            )
        replace(existing.path, text)
        self.state = f"Rewritten: {shown}"
        return workspace.written.add(existing)


def migration_of(
    host: Host,
    cell: str,
    message: str,
    *,
    rev_id: str | None = None,
    head: str | None = None,
    splice: bool = False,
    no_downgrade: bool = False,
    version_path: str | None = None,
) -> Migration:
    """Read a cell and return its migration; nothing is written. Raises CommandError where the code is not valid.

    Code that only calls directives is run with an ``op`` that records them; any other code is read and not run.
    """
    if not message.strip():
        raise CommandError('The migration needs a message: %%migration "Fill e-mail"')
    workspace = host.workspace()
    code = read_cell(cell, frozenset(workspace.namespace))
    if no_downgrade and code.downgrade is not None:
        raise CommandError("The cell has def downgrade(), but --no-downgrade was given. Remove one of them.")
    source, dialect = code.module(), workspace.connection.engine.dialect
    recording = read_operations(source, dialect, given=GIVEN) if has_side_effects(source) else record(source, dialect)
    return Migration(
        host,
        message,
        code,
        recording,
        rev_id=rev_id,
        head=head,
        splice=splice,
        no_downgrade=no_downgrade,
        version_path=version_path,
    )


def _derived_downgrade(recording: Recording, dialect: Dialect) -> tuple[str, set[str]]:
    """Return the body of the downgrade and its imports; raises CommandError where it cannot be derived."""
    if not recording.complete:
        raise CommandError(
            f"The downgrade cannot be derived: a part of the code is known only when it runs. {_WITHOUT_DOWNGRADE}"
        )
    try:
        undo = recording.with_batches().reverse_into(DowngradeOps())  # what a batch did is undone in a batch
    except IrreversibleOperation as error:
        fact, _, remedy = error.reason.partition(". ")
        remedy = (
            f" {remedy}" if remedy.startswith("Pass ") else ""
        )  # other remedies name arguments that op does not have
        raise CommandError(
            f'Cannot undo "{error.sentence}": {fact.rstrip(".")}.{remedy} {_WITHOUT_DOWNGRADE}'
        ) from error
    context = MigrationContext.configure(dialect=dialect)
    imports: set[str] = set()
    batch = bool(DefaultImpl.get_by_dialect(dialect).needs_batch)
    body = render_python_code(undo, migration_context=context, render_as_batch=batch, imports=cast("Any", imports))
    return body, imports


_NO_ARGUMENT = f". {ExecuteSQLOp.reverse_remedy}"
"""A remedy of the engine that does not apply to a cell: `op.execute` has no such argument."""

_WITHOUT_DOWNGRADE = (
    "Add def downgrade() to the cell, or --no-downgrade where there is none to write. Nothing was written."
)


def _without_docstring(source: str) -> str:
    tree = ast.parse(source)
    if ast.get_docstring(tree) is not None:
        del tree.body[0]
    return ast.dump(tree)
