"""Compare models with a database under the options of the environment, and keep what the version file needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.engine import Dialect

from kernel_core.autogenerate import Proposed, propose
from kernel_core.operations.containers import UpgradeOps
from kernel_core.runtime.environment import EnvironmentContext
from kernel_core.runtime.migration import MigrationContext
from kernel_core.script import ScriptDirectory
from kernel_core.util.counts import listed
from kernel_core.util.exc import CommandError
from kernel_core.util.missing_files import without_new_files

from ..running.existing_tables import tables_without_revision
from ..workspace.dialects import comparing_on
from ..workspace.env_run import env_config, refuse_other_database, refuse_unrelated
from ..workspace.models import NO_MODELS, Models, fingerprint
from ..workspace.reloading.importer import reimported_modules
from ..workspace.targets import Target, heads_of, labels, target_of
from ..workspace.workspace import Workspace
from .multiple_targets import Part, are_alike, joined, proposal_of
from .scope import Scope

EVERYTHING = Scope()


@dataclass(frozen=True, slots=True)
class Comparison:
    """The operations that bring the database to the models, and what they were made from.

    ``opts`` are the options that ``env.py`` configured, ``database_heads`` and ``heads`` the revisions of the database
    and of the files; ``fingerprint`` identifies the state of the models ("" unless asked for), ``proposed`` has all
    operations, ``scope`` selects some of them. ``requested`` are the models of the notebook that were named or found.
    ``notes`` list operations that were included or left out, and edited files, ``warnings`` the differences that no
    operation can remove. ``parts`` are the targets where they differ, each with its own operations.
    """

    operations: UpgradeOps
    models: Models
    dialect: Dialect
    opts: dict[str, Any]
    database_heads: tuple[str, ...]
    heads: tuple[str, ...]
    fingerprint: str
    proposed: Proposed
    scope: Scope = EVERYTHING
    requested: Models | None = None
    parts: tuple[Part, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def between(self, where: str) -> str:
        """Return what was compared: the models, the database ``where``, and the scope."""
        return f"{self.models} and {where}{f' ({self.scope})' if str(self.scope) else ''}"

    @property
    def rev_id(self) -> str | None:
        """The revision id that a hook of ``env.py`` has chosen, if any."""
        return self.proposed.scripts[0].rev_id if self.proposed.scripts else None

    def of(self, operations: UpgradeOps) -> Proposed:
        """Return the proposal of a version file for these operations; raises IrreversibleOperation.

        Raises CommandError where several targets cannot have one revision (see `multiple_targets.proposal_of`).
        """
        return proposal_of(self.parts, operations) if self.parts else self.proposed.only(operations)


def compare(
    workspace: Workspace,
    models: Models | None,
    *,
    only_at_head: bool = True,
    scope: Scope | None = None,
    fingerprinted: bool = False,
) -> Comparison:
    """Return what differs between ``models`` and the connected database.

    With an environment its ``env.py`` decides about filters and options, and about the models where it has its own;
    without one the two are compared directly. Raises CommandError without models, and where ``only_at_head``
    and the database is not at the heads. ``scope`` is by default that of ``%config Mig``. Only what is written later
    needs to be ``fingerprinted``, which takes a third as long as the comparison.

    Nothing is kept for the next call: ``env.py`` runs each time, so that what it reads (variables, files, arguments)
    counts, and catalog and models are compared again.
    """
    scope = Scope.of(workspace.settings) if scope is None else scope
    with comparing_on(workspace.connection.engine), reimported_modules(workspace.import_folders) as project:
        now = models if project is None else project.models(models, workspace.namespace)
        if workspace.has_environment:
            found = _by_environment(workspace, now, only_at_head, scope, fingerprinted)
        else:
            found = _directly(workspace, now, scope, fingerprinted)
        if project is not None:
            project.refuse_stale(found.models.metadata)
        notes = project.notes(found.models.metadata, found.dialect) if project is not None else ()
        return replace(found, requested=models, notes=(*found.notes, *notes))


def _directly(workspace: Workspace, models: Models | None, scope: Scope, fingerprinted: bool) -> Comparison:
    """Compare without an environment, with the defaults of `MigrationContext`."""
    if models is None:
        raise CommandError(NO_MODELS)
    with without_new_files(), workspace.connection.open() as live:
        context = MigrationContext.configure(connection=live, opts={"target_metadata": models.metadata})
        return _produced(context, models, (), (), scope, fingerprinted)


def _by_environment(
    workspace: Workspace, models: Models | None, only_at_head: bool, scope: Scope, fingerprinted: bool
) -> Comparison:
    """Let ``env.py`` configure the context, and compare inside it; no revision is run."""
    scripts = workspace.scripts()
    results: list[tuple[Target, Comparison]] = []
    without: list[Target] = []

    def visit(revision: tuple[str, ...], context: MigrationContext) -> tuple[()]:
        target = target_of(workspace, context, revision)
        if not workspace.environment.has_computed_targets:
            refuse_other_database(workspace, target.url)
        if only_at_head:
            _check_at_head(scripts, target.heads)
        theirs = context.opts.get("target_metadata")
        if workspace.environment.databases and not theirs:
            without.append(target)
            return ()
        used = _used(workspace, models, theirs)
        made = _produced(context, used, target.heads, tuple(scripts.get_heads()), scope, fingerprinted)
        if not made.heads and not made.database_heads and context.connection is not None:
            note = tables_without_revision(workspace, context.connection, used.several)
            made = replace(made, notes=(*made.notes, note) if note else made.notes)
        results.append((target, made))
        return ()

    with env_config(workspace, models, generates=True, creates=False) as config:
        environment = EnvironmentContext(config, scripts, fn=visit, as_sql=False, dont_mutate=True)
        with environment:
            scripts.run_env()
    _refuse_nothing(workspace, results, without)
    refuse_unrelated(workspace, [target.url for target, _ in results] + [target.url for target in without])
    return _joined(results, without)


def _produced(
    context: MigrationContext,
    used: Models,
    here: tuple[str, ...],
    heads: tuple[str, ...],
    scope: Scope,
    fingerprinted: bool,
) -> Comparison:
    """Compare with the options of the context, its hook included."""
    proposed = propose(context, used.metadata, revision=here, renames=scope.renames, plugins=scope.plugins)
    operations, notes = scope.select(proposed.operations)
    notes = (*notes, *scope.unmatched(used.several, proposed.operations))
    return Comparison(
        operations=operations,
        models=used,
        dialect=context.dialect,
        opts=dict(context.opts),
        database_heads=here,
        heads=heads,
        fingerprint=fingerprint(used.metadata, context.dialect) if fingerprinted else "",
        proposed=proposed,
        scope=scope,
        notes=notes,
        warnings=proposed.warnings,
    )


def _refuse_nothing(workspace: Workspace, results: Sequence[object], without: Sequence[Target]) -> None:
    """Raise CommandError where nothing was compared: ``env.py`` has no models, or ran no migrations."""
    place = f"{workspace.environment.shown}/env.py"
    if without and not results:
        names = ", ".join(f"{target.engine!r}: Base.metadata" for target in without)
        raise CommandError(f"{place} has no models for any database. Name them there: target_metadata = {{{names}}}")
    if not results:
        raise CommandError(
            f"{place} ran no migrations, so nothing was compared. It must call context.run_migrations()."
        )


def _joined(results: Sequence[tuple[Target, Comparison]], without: Sequence[Target]) -> Comparison:
    """Combine the comparisons of all targets; notes name the targets."""
    first = results[0][1]
    if len(results) == 1 and not without:
        return first
    names = labels([target for target, _ in results] + list(without))
    parts = tuple(
        Part(name, one.operations, one.dialect, one.proposed) for name, (_, one) in zip(names, results, strict=False)
    )
    notes = tuple(dict.fromkeys(note for _, one in results for note in one.notes))
    notes += tuple(f"{name} was not compared: env.py has no models for it." for name in names[len(results) :])
    found = replace(
        first,
        warnings=_of_targets({name: one.warnings for name, (_, one) in zip(names, results, strict=False)}),
        database_heads=heads_of([*(target for target, _ in results), *without]),
        fingerprint=" ".join(one.fingerprint for _, one in results),
    )
    if len(parts) > 1 and are_alike(parts):
        return replace(found, notes=(*notes, f"The same in {len(parts)} targets: {', '.join(names[: len(parts)])}."))
    several = tuple(dict.fromkeys(one.models for _, one in results))
    metadata = tuple(each for models in several for each in models.several)
    models = first.models if len(several) == 1 else replace(first.models, metadata=metadata)
    return replace(found, notes=notes, operations=joined(parts), parts=parts, models=models)


def _of_targets(warnings: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return the warnings of all targets; one that not all of them have begins with the names of those that have it."""
    holders: dict[str, list[str]] = {}
    for name, messages in warnings.items():
        for message in dict.fromkeys(messages):
            holders.setdefault(message, []).append(name)
    return tuple(
        message if len(names) == len(warnings) else f"{', '.join(names)}: {message}"
        for message, names in holders.items()
    )


def _used(workspace: Workspace, models: Models | None, theirs: Any) -> Models:
    """Return the models to compare: those of ``env.py`` if it has its own; raises CommandError if there are none."""
    if theirs is None or (isinstance(theirs, (list, tuple)) and not theirs):
        if models is None:
            raise CommandError(NO_MODELS)
        return models
    if models is not None and models.is_of(theirs):
        return models
    place = f"{workspace.environment.shown}/env.py"
    metadata = tuple(theirs) if isinstance(theirs, (list, tuple)) else theirs
    own = Models("target_metadata", metadata, of=place)
    if models is not None and models.chosen:
        raise CommandError(
            f"env.py compares {own}, not {models}. Name no target, "
            "or let env.py take config.attributes['target_metadata']."
        )
    return own


def _check_at_head(scripts: ScriptDirectory, here: Sequence[str]) -> None:
    scripts.map.current_nodes(here)
    heads = set(scripts.get_heads(consider_depends_on=True))
    if set(here) != heads:
        current = ", ".join(here) or "base"
        newest = "newest revisions are" if len(heads) > 1 else "newest revision is"
        raise CommandError(
            f"The database is at {current}, the {newest} {listed(sorted(heads)) or 'none'}: autogenerate would find "
            f"pending operations again. Run %mig_upgrade{' heads' if len(heads) > 1 else ''} first."
        )
