"""A migration written by hand in a cell: what it does, its file, and whether the database has it."""

from __future__ import annotations

import ast
import os
from dataclasses import replace as replace_fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from kernel_core.autogenerate import render_python_code
from kernel_core.ddl.impl import DefaultImpl
from kernel_core.operations.containers import DowngradeOps, UpgradeOps
from kernel_core.runtime.migration import MigrationContext
from kernel_core.script import write
from kernel_core.util.exc import CommandError, IrreversibleOperation
from kernel_core.util.files import replace

from ..errors import user_errors
from ..proposals.proposal import CANNOT_BE_DOWNGRADED, lines_of
from ..proposals.written import written_before
from ..review import Review
from ..running.plain import is_plain
from ..running.planning import announce
from ..running.reading import read_operations
from ..running.recording import Recording, record
from ..views.html import Html, details, page, tag
from ..views.operations import Line, lines_html, lines_text, source_html, sql_text, summary
from ..views.report import RunReport
from ..views.source import code as code_html
from ..views.text import shown_path
from ..views.view import View
from .code import GIVEN, CellCode, indented, read_cell

if TYPE_CHECKING:
    from ..session import Session


class Migration(View):
    """The migration of one cell; ``operations`` are those that it calls for, ``path`` its file once it is written."""

    def __init__(
        self,
        session: Session,
        message: str,
        code: CellCode,
        recording: Recording,
        *,
        rev_id: str | None,
        head: str | None,
        no_downgrade: bool = False,
        version_path: str | None = None,
    ) -> None:
        self.session, self.message, self.code, self.recording = session, message, code, recording
        self.head, self.no_downgrade, self.version_path = head, no_downgrade, version_path
        self.existing = written_before(session.scripts(), message, rev_id) if session.has_environment else None
        self.revision: str = self.existing.revision if self.existing else rev_id or write.new_id()
        self.path: Path | None = Path(self.existing.path) if self.existing else None
        self.report: RunReport | None = None
        self._written = False
        self.said = "Nothing is written yet: add --write, or --up"

    @property
    def operations(self) -> UpgradeOps:
        """What the cell calls for."""
        return self.recording.operations

    @property
    def is_written(self) -> bool:
        """Whether this cell has written its file, or found it written."""
        return self._written

    def write(self) -> Path:
        """Write the version file, or leave it where it says the same already; return its path.

        Raises MigError where the cell has changed and the database has the old one.
        """
        with user_errors():
            if not self._written:
                with self.session.scripts().writing():
                    self.path = self._write_first() if self.existing is None else self._write_again(self.existing)
                self._written = True
            assert self.path is not None
            return self.path

    def upgrade(self, *, yes: bool = False) -> RunReport:
        """Upgrade the database to this migration, writing it first.

        Raises MigError where data would be lost, by this one or by one before it that is pending, and not ``yes``.
        """
        with user_errors():
            path = self.write()
            plan = self.session.plan("upgrade", self.revision)
            if plan.losses and not yes:
                raise CommandError(
                    f"{plan.intent()}: {plan.names()}.\nIt loses data: {plan.losing()}. "
                    f"{shown_path(str(path))} is written, nothing was run; to run it: "
                    f"%mig_upgrade {self.revision} --yes"
                )
            announce(plan)
            self.report = self.session.upgrade(self.revision)
            return self.report

    def text(self) -> str:
        lines = self._lines()
        result = [self.report.text()] if self.report else []
        parts = [f"{self._lead(lines)}\n{lines_text(lines)}" if lines else self._lead(lines), *self._notes(), *result]
        return "\n".join(parts)

    def html(self) -> Html:
        lines = self._lines()
        return page(
            tag("p", self._lead(lines), class_="mig-lead"),
            lines_html(lines),
            source_html("SQL", sql_text(lines)),
            details("Code", code_html(self.code.module(), "python")),
            *(tag("p", note) for note in self._notes()),
            self.report.html() if self.report else "",
            label="Migration",
        )

    def _lead(self, lines: tuple[Line, ...]) -> str:
        what = summary(lines) if lines else "known only when it runs"
        if lines and not self.recording.complete:
            what += " and code that is known only when it runs"
        return f"{self.message}: {what}, {self.session.where_if_connected}"

    def _notes(self) -> list[str]:
        unknown = "A part of the code is known only when it runs."
        none = ["cannot be downgraded: downgrade() will raise an error"] if self.no_downgrade else []
        return [*none, self.said] if self.recording.complete else [*none, unknown, self.said]

    def _lines(self) -> tuple[Line, ...]:
        review = Review(
            self.operations,
            dialect=_dialect(self.session),
            source="the cell",
            target=self.session.connection.target,
            connect=self.session.connection.open,
        )
        return tuple(map(self._with_downgrade, lines_of(review)))

    def _with_downgrade(self, line: Line) -> Line:
        """Return a line with what holds of the cell's downgrade: nothing where the cell states it itself."""
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

    def _slots(self) -> dict[str, Any]:
        """Return what fills the template: bodies and imports; raises CommandError where the downgrade is not known."""
        self.session.environment.refuse_several()
        imports = self.code.preamble
        if self.code.downgrade is not None:
            downgrade = indented(self.code.downgrade)
        elif self.no_downgrade:
            downgrade = f"raise NotImplementedError({f'{self.message}: this revision has no downgrade'!r})"
        else:
            downgrade, more = _derived_downgrade(self.session, self.recording)
            imports = "\n".join(filter(None, (imports, *sorted(more))))
        return {"upgrades": indented(self.code.upgrade), "downgrades": downgrade, "imports": imports}

    def _write_first(self) -> Path:
        scripts = self.session.scripts()
        script = self.session.wrote(
            scripts.generate_revision(
                self.revision, self.message, head=self.head, version_path=self.version_path, **self._slots()
            )
        )
        self.said = f"Written to {os.path.relpath(script.path)}"
        return Path(script.path)

    def _write_again(self, existing: Any) -> Path:
        scripts = self.session.scripts()
        header = existing.header
        values = {
            **self._slots(),
            "up_revision": existing.revision,
            "down_revision": existing.down_revision,
            "branch_labels": sorted(header.branch_labels) or None,
            "depends_on": existing.dependencies,
            "create_date": existing.create_date or datetime.now(tz=UTC),
        }
        template = os.path.join(scripts.dir, "script.py.mako")
        text = write.script_text(template, existing.path, self.message, values)
        shown = os.path.relpath(existing.path)
        if _without_docstring(text) == _without_docstring(existing.source):
            self.said = f"Unchanged: already written as {existing.revision} in {shown}"
        elif self._is_applied(existing.revision):
            raise CommandError(
                f"{self.message!r} is written as {existing.revision} and applied, so its file stays as it is. "
                "Give the new code a message of its own, or undo the old first: "
                f"%mig_downgrade {existing.revision}-1 --yes"
            )
        else:
            replace(existing.path, text)
            self.session.wrote(existing)
            self.said = f"Rewritten: {shown}"
        return Path(existing.path)

    def _is_applied(self, revision: str) -> bool:
        heads = self.session.heads_if_connected() or ()
        revisions = self.session.scripts().map
        return revision in revisions.ancestors(name for name in heads if name in revisions)


def migration_of(
    session: Session,
    cell: str,
    message: str,
    *,
    rev_id: str | None = None,
    head: str | None = None,
    no_downgrade: bool = False,
    version_path: str | None = None,
) -> Migration:
    """Read a cell and return its migration; nothing is written. Raises CommandError where the code cannot be one.

    Code that only calls directives is recorded, which nobody can notice; any other code is read and not run.
    """
    if not message.strip():
        raise CommandError('The migration needs a message: %%migration "Fill e-mail"')
    code = read_cell(cell, frozenset(session.namespace))
    if no_downgrade and code.downgrade is not None:
        raise CommandError("The cell has def downgrade(), and --no-downgrade says that there is none. Remove one.")
    source, dialect = code.module(), _dialect(session)
    recording = record(source, dialect) if is_plain(source) else read_operations(source, dialect, given=GIVEN)
    return Migration(
        session,
        message,
        code,
        recording,
        rev_id=rev_id,
        head=head,
        no_downgrade=no_downgrade,
        version_path=version_path,
    )


def _dialect(session: Session) -> Any:
    return session.connection.engine.dialect


def _derived_downgrade(session: Session, recording: Recording) -> tuple[str, set[str]]:
    """Return the body of the downgrade and its imports; raises CommandError where it cannot be derived."""
    if not recording.complete:
        raise CommandError(
            f"The downgrade cannot be derived: a part of the code is known only when it runs. {_WITHOUT_DOWNGRADE}"
        )
    try:
        undo = recording.operations.reverse_into(DowngradeOps())
    except IrreversibleOperation as error:
        fact, _, remedy = error.reason.partition(". ")
        remedy = f" {remedy}" if remedy.startswith("Pass ") else ""  # others name what op.… does not take
        raise CommandError(
            f'Cannot undo "{error.sentence}": {fact.rstrip(".")}.{remedy} {_WITHOUT_DOWNGRADE}'
        ) from error
    dialect = _dialect(session)
    context = MigrationContext.configure(dialect=dialect)
    imports: set[str] = set()
    batch = bool(DefaultImpl.get_by_dialect(dialect).needs_batch)
    body = render_python_code(undo, migration_context=context, render_as_batch=batch, imports=cast("Any", imports))
    return body, imports


_NO_ARGUMENT = ". Give reverse_sql."
"""The remedy of an operation, which `op.execute` takes no argument for."""

_WITHOUT_DOWNGRADE = (
    "Add def downgrade() to the cell, or --no-downgrade where there is none to write. Nothing was written."
)


def _without_docstring(source: str) -> str:
    tree = ast.parse(source)
    if ast.get_docstring(tree) is not None:
        del tree.body[0]
    return ast.dump(tree)
