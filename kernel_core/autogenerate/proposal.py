"""Propose a revision for a database, and write what was proposed as version files.

    proposed = propose(context)                  # inside env.py, or with any MigrationContext
    proposed.operations.leaves()                 # what would change, in order
    write(proposed.only(some_operations), scripts)

The ``revision`` and ``check`` commands and the notebook all use these functions.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from sqlalchemy.schema import MetaData

from ..operations.containers import DowngradeOps, MigrationScript, OpContainer, UpgradeOps
from ..operations.renames import RenameCandidate
from ..runtime.migration import MigrationContext
from ..script import Script, ScriptDirectory
from .compare import populate_upgrade_ops
from .context import AutogenContext
from .renames import chosen_renames, settle_renames
from .render import render_body

Directive = Callable[[MigrationContext, tuple[str, ...], list[MigrationScript]], object]
"""A ``process_revision_directives`` hook: (migration_context, revision, directives); it changes the list in place."""


@dataclass(frozen=True, slots=True)
class Proposed:
    """The version files that autogenerate proposes, after all hooks; nothing is written yet.

    ``scripts`` is usually one MigrationScript, none where a hook asked for no file. ``contexts`` has the context that
    each upgrade and downgrade token was compared with, ``template_args`` those of ``context.configure()``, ``warnings``
    the differences that no operation can remove.
    """

    scripts: tuple[MigrationScript, ...]
    contexts: Mapping[str, AutogenContext] = field(default_factory=lambda: MappingProxyType({}))
    template_args: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    warnings: tuple[str, ...] = ()

    @property
    def operations(self) -> UpgradeOps:
        """What the first script does in the database that was compared last."""
        containers = self.scripts[0].upgrade_ops_list if self.scripts else []
        return containers[-1] if containers else UpgradeOps()

    @property
    def renames(self) -> tuple[RenameCandidate, ...]:
        """The drops and additions among the operations that look like renames."""
        return self.operations.renames

    @property
    def context(self) -> AutogenContext:
        """The context that was compared last; one without a database where nothing was compared."""
        return list(self.contexts.values())[-1] if self.contexts else AutogenContext(None, autogenerate=False)

    @property
    def tokens(self) -> tuple[str, str]:
        """The names that the template has for the upgrades and downgrades of the database compared last."""
        return _tokens(self.context)

    def only(self, operations: UpgradeOps) -> Proposed:
        """Return a proposal of these operations instead, for one database, with a downgrade that reverses them.

        Raises IrreversibleOperation where an operation cannot be reversed.
        """
        operations = operations.changed(names=operations.names or self.operations.names).named()
        up, down = self.tokens
        upgrade = UpgradeOps(operations.ops, up)
        downgrade = operations.reverse_into(DowngradeOps(downgrade_token=down))
        return replace(self, scripts=(_like(self.scripts[:1], [upgrade], [downgrade]),))

    def placed(
        self,
        rev_id: str,
        message: str | None,
        *,
        head: str | None = None,
        splice: bool = False,
        branch_label: str | None = None,
        depends_on: str | None = None,
        version_path: str | None = None,
    ) -> Proposed:
        """Return the proposal with an id, a message and a place in the history for its first file."""
        script = copy.copy(self.scripts[0])
        script.rev_id, script.message, script.head, script.splice = rev_id, message, head or "head", splice
        script.branch_label, script.depends_on, script.version_path = branch_label, depends_on, version_path
        return replace(self, scripts=(script, *self.scripts[1:]))


def combined(proposals: Sequence[Proposed]) -> Proposed:
    """Return one proposal for several databases, each of which has its own tokens in the template."""
    scripts = [proposed.scripts[0] for proposed in proposals if proposed.scripts]
    upgrades = [ops for script in scripts for ops in script.upgrade_ops_list]
    downgrades = [ops for script in scripts for ops in script.downgrade_ops_list]
    return Proposed(
        (_like(scripts, upgrades, downgrades),),
        {token: context for proposed in proposals for token, context in proposed.contexts.items()},
        {name: value for proposed in proposals for name, value in proposed.template_args.items()},
        tuple(warning for proposed in proposals for warning in proposed.warnings),
    )


def propose(
    migration_context: MigrationContext,
    metadata: MetaData | Sequence[MetaData] | None = None,
    *,
    revision: tuple[str, ...] = (),
    renames: str | None = None,
    plugins: Iterable[str] | None = None,
    hook: Directive | None = None,
    before: Proposed | None = None,
    compare: bool = True,
) -> Proposed:
    """Compare the database of a context with ``metadata`` and return the proposed revision, after all hooks.

    ``metadata`` is by default the ``target_metadata`` of the context; ``revision`` is where the database is, for the
    hooks. ``renames`` overrides what the environment says (see `renames.chosen_renames`); ``plugins`` are the
    comparisons where ``env.py`` chooses none with ``autogenerate_plugins``. ``hook`` runs before the
    ``process_revision_directives`` of the context. ``before`` is a proposal to continue: an empty one with the
    arguments of the revision, or that of the databases compared earlier. Without ``compare`` no operation is proposed.
    """
    options = {**migration_context.opts, "renames": chosen_renames(migration_context, renames)}
    if options.get("autogenerate_plugins") is None and plugins is not None:
        options["autogenerate_plugins"] = list(plugins)
    context = AutogenContext(migration_context, metadata, opts=options, autogenerate=compare)
    upgrade = compared(context, renames) if compare else UpgradeOps()
    downgrade = upgrade.reverse_into(DowngradeOps())
    upgrade.upgrade_token, downgrade.downgrade_token = _tokens(context)
    earlier = before or Proposed((MigrationScript(None, [], [], imports=set()),))
    scripts = list(earlier.scripts)
    for script in scripts[:1]:
        script.upgrade_ops_list = [*(script.upgrade_ops_list if earlier.contexts else ()), upgrade]
        script.downgrade_ops_list = [*(script.downgrade_ops_list if earlier.contexts else ()), downgrade]
    for each in (hook, options.get("process_revision_directives")):
        if each is not None:
            each(migration_context, revision, scripts)
    return Proposed(
        tuple(scripts),
        {**earlier.contexts, **dict.fromkeys(_tokens(context), context)},
        {**earlier.template_args, **(options.get("template_args") or {})},
        (*earlier.warnings, *context.warnings),
    )


def compared(context: AutogenContext, renames: str | None = None, *, read_rows: bool = True) -> UpgradeOps:
    """Return the operations that make the database of a context match its metadata.

    Unnamed constraints have the names that the database will give them, under which a downgrade can drop them.
    """
    found = UpgradeOps()
    tables = populate_upgrade_ops(context, found)
    choice = chosen_renames(context.migration_context, renames)
    found = settle_renames(context, found, tables, choice, read_rows=read_rows)
    names = None if context.impl is None else context.impl.generated_names(context.connection)
    return found.changed(names=names).named()


def script_template_args(
    migration_script: MigrationScript,
    autogen_context: AutogenContext,
    contexts: Mapping[str, AutogenContext] = MappingProxyType({}),
) -> dict[str, str]:
    """Return the source for ``script.py.mako``: ``upgrades`` and ``downgrades`` (by their tokens), and ``imports``.

    With several databases ``contexts`` has the context of each token; the others are rendered in ``autogen_context``.
    """
    imports = migration_script.imports

    def body(token: str, operations: OpContainer) -> str:
        context = contexts.get(token, autogen_context)
        context.imports = imports
        return render_body(context, operations)

    bodies = {ops.upgrade_token: body(ops.upgrade_token, ops) for ops in migration_script.upgrade_ops_list}
    bodies |= {ops.downgrade_token: body(ops.downgrade_token, ops) for ops in migration_script.downgrade_ops_list}
    return {**bodies, "imports": "\n".join(sorted(imports))}


def template_args(proposed: Proposed) -> dict[str, Any]:
    """Return what fills the template of the first proposed file."""
    return {
        **proposed.template_args,
        **script_template_args(proposed.scripts[0], proposed.context, proposed.contexts),
    }


def write(proposed: Proposed, directory: ScriptDirectory, operations: UpgradeOps | None = None) -> Iterator[Script]:
    """Write the proposed version files and yield each; with ``operations`` a file of these instead.

    A file without a message gets one from its operations, such as ``add_age_to_users``.
    """
    chosen = proposed if operations is None else proposed.only(operations)
    for script in chosen.scripts:
        yield directory.generate_revision(
            script.rev_id,
            (script.slug() or None) if script.message is None else script.message,
            head=script.head,
            splice=bool(script.splice),
            branch_labels=script.branch_label,
            version_path=script.version_path,
            depends_on=script.depends_on,
            **template_args(replace(chosen, scripts=(script,))),
        )


def _like(
    scripts: Sequence[MigrationScript], upgrades: list[UpgradeOps], downgrades: list[DowngradeOps]
) -> MigrationScript:
    """Return a script of other operations, with the arguments of the first and the imports of all of several."""
    script = copy.copy(scripts[0]) if scripts else MigrationScript(None, [], [])
    script.imports = {line for each in scripts for line in each.imports}
    script.upgrade_ops_list, script.downgrade_ops_list = upgrades, downgrades
    return script


def _tokens(context: AutogenContext) -> tuple[str, str]:
    """Return the names of the template's places for the upgrades and the downgrades of a database."""
    opts = context.opts
    return str(opts.get("upgrade_token") or "upgrades"), str(opts.get("downgrade_token") or "downgrades")
