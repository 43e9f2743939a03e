"""The documented functions of autogenerate: compare, propose operations, and write them as Python."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy.schema import MetaData

from ..operations.containers import DowngradeOps, MigrationScript, OpContainer, UpgradeOps
from ..runtime.migration import MigrationContext
from ..script import Script, ScriptDirectory
from ..util.logs import Log
from ..util.secrets import redact
from .context import AutogenContext
from .proposal import Directive, Proposed, compared, propose, script_template_args, write
from .render import render_body, render_op_text

__all__ = [
    "AutogenContext",
    "RevisionContext",
    "compare_metadata",
    "produce_migrations",
    "render_op_text",
    "render_python_code",
    "script_template_args",
]

log = Log("autogenerate.compare")


def compare_metadata(context: MigrationContext, metadata: MetaData | Sequence[MetaData]) -> list[Any]:
    """Return the differences between the database of a MigrationContext and the metadata, as a list of tuples.

        >>> compare_metadata(migration_context, metadata)  # doctest: +SKIP
        [("add_table", Table("bat", ...)), ("remove_column", None, "foo", Column("x", ...)),
         [("modify_nullable", None, "foo", "y", {...}, True, False)]]

    An empty list means that both are the same. Raises CommandError in offline mode.
    """
    script = produce_migrations(context, metadata)
    return [] if script.upgrade_ops is None else script.upgrade_ops.as_diffs()


def produce_migrations(context: MigrationContext, metadata: MetaData | Sequence[MetaData]) -> MigrationScript:
    """Return the operations that make the database of a MigrationContext match the metadata, and their reverse.

    Raises CommandError in offline mode.
    """
    autogen_context = AutogenContext(context, metadata)
    upgrade_ops = compared(autogen_context, read_rows=_is_of_environment(context))
    return MigrationScript(None, upgrade_ops, upgrade_ops.reverse(), imports=set())


def _is_of_environment(context: MigrationContext) -> bool:
    """Return whether ``env.py`` configured a context: only then rows are read to recognise renames.

    A program that compares with its own MigrationContext depends on both schemas only. pytest-alembic, for example,
    expects the same code for the same schemas, whatever rows were inserted meanwhile.
    """
    return getattr(context, "config", None) is not None


def render_python_code(
    up_or_down_op: OpContainer,
    sqlalchemy_module_prefix: str = "sa.",
    alembic_module_prefix: str = "op.",
    render_as_batch: bool = False,
    imports: Sequence[str] = (),
    render_item: Callable[..., Any] | None = None,
    migration_context: MigrationContext | None = None,
    user_module_prefix: str | None = None,
) -> str:
    """Return operations as the body of a function, or ``pass``: the first line unindented, the others by four spaces.

    The import lines that the code needs besides ``op`` and ``sa`` are added to ``imports`` if that is a set.
    """
    options = {
        "alembic_module_prefix": alembic_module_prefix,
        "sqlalchemy_module_prefix": sqlalchemy_module_prefix,
        "user_module_prefix": user_module_prefix,
        "render_as_batch": render_as_batch,
        "render_item": render_item,
    }
    autogen_context = AutogenContext(migration_context, opts=options, autogenerate=False)
    if isinstance(imports, set):
        autogen_context.imports = imports
    return render_body(autogen_context, up_or_down_op)


class RevisionContext:
    """The proposal of one ``revision`` command while ``env.py`` runs, for one database after the other.

    ``command_args`` are the arguments of ``command.revision``: message, rev_id, head, splice, branch_label,
    version_path, depends_on, renames. ``generated_revisions`` are the scripts to write, ``proposed`` has all results.
    """

    def __init__(
        self,
        config: object,
        script_directory: ScriptDirectory,
        command_args: Mapping[str, Any],
        process_revision_directives: Directive | None = None,
    ) -> None:
        self.config, self.script_directory, self.command_args = config, script_directory, command_args
        self.process_revision_directives = process_revision_directives
        self.template_args: dict[str, object] = {"config": config}
        names = ("rev_id", "message", "head", "splice", "branch_label", "version_path", "depends_on")
        given = {name: command_args.get(name) for name in names}
        self.generated_revisions = [MigrationScript(upgrade_ops=UpgradeOps(), downgrade_ops=DowngradeOps(), **given)]
        self.proposed = Proposed(tuple(self.generated_revisions))

    def run_autogenerate(self, rev: tuple[str, ...], migration_context: MigrationContext) -> None:
        """Compare the database of a context, and call the hooks."""
        self._run(rev, migration_context, compare=True)
        if log.is_enabled():
            for operation in self.proposed.operations.leaves():
                log.info("Detected: %s", redact(operation.sentence()))

    def run_no_autogenerate(self, rev: tuple[str, ...], migration_context: MigrationContext) -> None:
        """Call the hooks with an empty script."""
        self._run(rev, migration_context, compare=False)

    def _run(self, rev: tuple[str, ...], migration_context: MigrationContext, *, compare: bool) -> None:
        self.proposed = propose(
            migration_context,
            revision=rev,
            renames=self.command_args.get("renames"),
            hook=self.process_revision_directives,
            before=self.proposed,
            compare=compare,
        )
        self.generated_revisions[:] = self.proposed.scripts
        self.template_args.update(self.proposed.template_args)

    def generate_scripts(self) -> Iterator[Script]:
        """Write each script and yield it."""
        scripts = tuple(self.generated_revisions)
        return write(replace(self.proposed, scripts=scripts, template_args=self.template_args), self.script_directory)
