"""The questions that one can ask of autogenerate, and how its answer becomes a version file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from sqlalchemy.schema import MetaData

from ..operations.containers import DowngradeOps, MigrationScript, OpContainer, UpgradeOps
from ..util.logs import Log
from ..util.secrets import redact
from .compare import populate_upgrade_ops
from .constraintnames import settle_names
from .context import AutogenContext
from .renames import settle_renames
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


def compare_metadata(context: Any, metadata: MetaData | Sequence[MetaData]) -> list[Any]:
    """Return what differs between the database of a MigrationContext and the models, as a list of tuples.

        >>> compare_metadata(migration_context, metadata)  # doctest: +SKIP
        [("add_table", Table("bat", ...)), ("remove_column", None, "foo", Column("x", ...)),
         [("modify_nullable", None, "foo", "y", {...}, True, False)]]

    An empty list says that both are the same. Raises CommandError in offline mode.
    """
    script = produce_migrations(context, metadata)
    return [] if script.upgrade_ops is None else script.upgrade_ops.as_diffs()


def produce_migrations(context: Any, metadata: MetaData | Sequence[MetaData]) -> MigrationScript:
    """Return the operations that make the database of a MigrationContext what the models say, and those that undo them.

    Raises CommandError in offline mode.
    """
    autogen_context = AutogenContext(context, metadata)
    upgrade_ops = UpgradeOps()
    populate_upgrade_ops(autogen_context, upgrade_ops)
    settle_renames(autogen_context, upgrade_ops)
    upgrade_ops.names = settle_names(autogen_context, upgrade_ops)
    return MigrationScript(None, upgrade_ops, upgrade_ops.reverse(), imports=set())


def render_python_code(
    up_or_down_op: OpContainer,
    sqlalchemy_module_prefix: str = "sa.",
    alembic_module_prefix: str = "op.",
    render_as_batch: bool = False,
    imports: Sequence[str] = (),
    render_item: Callable[..., Any] | None = None,
    migration_context: Any = None,
    user_module_prefix: str | None = None,
) -> str:
    """Return operations as the body of a function: the first line as it is, the others indented by four; or ``pass``.

    ``imports``, if it is a set, gains the import lines that the code needs besides ``op`` and ``sa``.
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


def script_template_args(
    migration_script: MigrationScript,
    autogen_context: AutogenContext,
    contexts: Mapping[str, AutogenContext] = MappingProxyType({}),
) -> dict[str, str]:
    """Return what ``script.py.mako`` fills in: ``upgrades``, ``downgrades`` (by their tokens) and ``imports``.

    Where there are several engines, ``contexts`` has the context of each token; the others are written by
    ``autogen_context``.
    """
    imports = migration_script.imports

    def body(token: str, operations: OpContainer) -> str:
        context = contexts.get(token, autogen_context)
        context.imports = imports
        return render_body(context, operations)

    bodies = {ops.upgrade_token: body(ops.upgrade_token, ops) for ops in migration_script.upgrade_ops_list}
    bodies |= {ops.downgrade_token: body(ops.downgrade_token, ops) for ops in migration_script.downgrade_ops_list}
    return {**bodies, "imports": "\n".join(sorted(imports))}


Directive = Callable[[Any, Any, list[MigrationScript]], None]
"""What ``process_revision_directives`` is: (migration_context, revision, directives); it changes the list in place."""


class RevisionContext:
    """What the ``revision`` command keeps while ``env.py`` runs: the scripts to be, and then writes.

    ``command_args`` are the arguments of ``command.revision``: message, rev_id, head, splice, branch_label,
    version_path, depends_on, renames.
    """

    def __init__(
        self,
        config: Any,
        script_directory: Any,
        command_args: dict[str, Any],
        process_revision_directives: Directive | None = None,
    ) -> None:
        self.config, self.script_directory, self.command_args = config, script_directory, command_args
        self.process_revision_directives = process_revision_directives
        self.template_args: dict[str, Any] = {"config": config}
        self.generated_revisions = [self._empty_script()]
        self._contexts: dict[str, AutogenContext] = {}
        self._runs = 0

    def _empty_script(self) -> MigrationScript:
        names = ("message", "head", "splice", "branch_label", "version_path", "depends_on")
        given = {name: self.command_args.get(name) for name in names}
        return MigrationScript(self.command_args.get("rev_id"), UpgradeOps(), DowngradeOps(), imports=set(), **given)

    def run_autogenerate(self, rev: Any, migration_context: Any) -> None:
        """Compare, and let the hook have its say."""
        self._run(rev, migration_context, autogenerate=True)

    def run_no_autogenerate(self, rev: Any, migration_context: Any) -> None:
        """Let the hook have its say about an empty script."""
        self._run(rev, migration_context, autogenerate=False)

    def _run(self, rev: Any, migration_context: Any, *, autogenerate: bool) -> None:
        context = AutogenContext(migration_context, autogenerate=autogenerate)
        upgrade_ops, downgrade_ops = self._containers(context)
        self._contexts[upgrade_ops.upgrade_token] = self._contexts[downgrade_ops.downgrade_token] = context
        if autogenerate:
            self._choose_renames(context)
            populate_upgrade_ops(context, upgrade_ops)
            settle_renames(context, upgrade_ops)
            settle_names(context, upgrade_ops)
            upgrade_ops.reverse_into(downgrade_ops)
            if log.is_enabled():
                for operation in upgrade_ops.leaves():
                    log.info("Detected: %s", redact(operation.sentence()))
        self.template_args.update(context.opts.get("template_args") or {})
        for hook in (self.process_revision_directives, context.opts.get("process_revision_directives")):
            if hook is not None:
                hook(migration_context, rev, self.generated_revisions)

    def _choose_renames(self, context: AutogenContext) -> None:
        """What the command says counts most, then what ``env.py`` says, then the configuration."""
        configured = self.config.get_main_option("renames") if hasattr(self.config, "get_main_option") else None
        chosen = self.command_args.get("renames") or context.opts.get("renames") or configured
        if chosen:
            context.opts["renames"] = chosen

    def _containers(self, context: AutogenContext) -> tuple[UpgradeOps, DowngradeOps]:
        """Return the containers for this engine's tokens: the script's first, then new ones for further engines."""
        up, down = context.opts.get("upgrade_token", "upgrades"), context.opts.get("downgrade_token", "downgrades")
        script = self.generated_revisions[0]
        if self._runs:
            script.upgrade_ops_list.append(UpgradeOps())
            script.downgrade_ops_list.append(DowngradeOps())
        self._runs += 1
        upgrade_ops, downgrade_ops = script.upgrade_ops_list[-1], script.downgrade_ops_list[-1]
        upgrade_ops.upgrade_token, downgrade_ops.downgrade_token = up, down
        return upgrade_ops, downgrade_ops

    def generate_scripts(self) -> Iterator[Any]:
        """Write each script and yield it."""
        for migration_script in self.generated_revisions:
            yield self._write(migration_script)

    def _write(self, script: MigrationScript) -> Any:
        args = dict(self.template_args)
        last = list(self._contexts.values())[-1:] or [AutogenContext(None, autogenerate=False)]
        args |= script_template_args(script, last[0], self._contexts)
        return self.script_directory.generate_revision(
            script.rev_id,
            script.message,
            head=script.head,
            splice=script.splice,
            branch_labels=script.branch_label,
            version_path=script.version_path,
            depends_on=script.depends_on,
            **args,
        )
