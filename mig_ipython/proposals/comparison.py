"""Compare models with a database the way the environment says, and keep what is needed to write the result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kernel_core.autogenerate import Proposed, propose, template_args
from kernel_core.operations.containers import UpgradeOps
from kernel_core.runtime.environment import EnvironmentContext
from kernel_core.runtime.migration import MigrationContext
from kernel_core.script import ScriptDirectory
from kernel_core.util.exc import CommandError

from ..dialects import comparing_on
from ..models import NO_MODELS, Models, fingerprint
from ..reimport import fresh_modules
from ..running.existing import unwritten
from ..running.work import at_work, refuse_difference
from ..targets import Target, heads_of, labels, refuse_others, target_of
from .several import Part, are_alike, joined, proposal_of
from .wanted import Wanted

if TYPE_CHECKING:
    from ..session import Session

EVERYTHING = Wanted()


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs, and what it was made from.

    ``opts`` are those that ``env.py`` configured; ``database_heads`` and ``heads`` where database and files were;
    ``fingerprint`` identifies the models as they were, ``wanted`` for what was left out. ``asked`` are the models of
    the notebook that were named or found; ``notes`` say what was included all the same, and which files were edited
    since the kernel imported them. ``parts`` are the targets where they differ, each with its own operations.
    """

    operations: UpgradeOps
    models: Models
    dialect: Any
    opts: dict[str, Any]
    database_heads: tuple[str, ...]
    heads: tuple[str, ...]
    fingerprint: str
    proposed: Proposed
    wanted: Wanted = EVERYTHING
    asked: Models | None = None
    parts: tuple[Part, ...] = ()
    notes: tuple[str, ...] = ()

    def between(self, where: str) -> str:
        """Return what was compared: the models and the database ``where``, and that something was left out."""
        return f"{self.models} and {where}{f' ({self.wanted})' if str(self.wanted) else ''}"

    @property
    def rev_id(self) -> str | None:
        """The revision id that a hook of ``env.py`` has chosen, if any."""
        return self.proposed.scripts[0].rev_id if self.proposed.scripts else None

    def template_args(self, operations: UpgradeOps) -> dict[str, Any]:
        """Return what fills the template of a version file for these operations; raises IrreversibleOperation.

        Raises CommandError where several targets cannot have one revision (see `several.proposal_of`).
        """
        if self.parts:
            return template_args(proposal_of(self.parts, operations))
        return template_args(self.proposed.only(operations))


def compare(
    session: Session, models: Models | None, *, only_at_head: bool = True, wanted: Wanted | None = None
) -> Comparison:
    """Return what differs between ``models`` and the connected database.

    With an environment its ``env.py`` decides about filters and options, and brings its own models where it has some;
    without one the two are compared directly. Raises CommandError where the database does not stand at the heads and
    ``only_at_head``, and where nobody has models. ``wanted`` is by default what ``%config Mig`` says.
    """
    wanted = session.wanted() if wanted is None else wanted
    with comparing_on(session.connection.engine), fresh_modules(session.import_folders) as fresh:
        now = models if fresh is None else fresh.models(models, session.namespace)
        if session.has_environment:
            found = _by_environment(session, now, only_at_head, wanted)
        else:
            found = _directly(session, now, wanted)
        if fresh is not None:
            fresh.refuse_kernels(found.models.metadata)
        notes = fresh.note(found.models.metadata, found.dialect) if fresh is not None else ()
        return replace(found, asked=models, notes=(*found.notes, *notes))


def _directly(session: Session, models: Models | None, wanted: Wanted) -> Comparison:
    """Compare without an environment, as the defaults of `MigrationContext` say."""
    if models is None:
        raise CommandError(NO_MODELS)
    with session.connection.open() as live:
        context = MigrationContext.configure(connection=live, opts={"target_metadata": models.metadata})
        return _produced(context, models, (), (), wanted)


def _by_environment(session: Session, models: Models | None, only_at_head: bool, wanted: Wanted) -> Comparison:
    """Let ``env.py`` configure the context, and compare inside it; no revision is run."""
    scripts = session.scripts()
    results: list[tuple[Target, Comparison]] = []
    without: list[Target] = []

    def look(revision: tuple[str, ...], context: MigrationContext) -> tuple[()]:
        target = target_of(session, context, revision)
        if not session.environment.has_computed_targets:
            refuse_difference(session, target.url)
        if only_at_head:
            _check_at_head(scripts, target.heads)
        theirs = context.opts.get("target_metadata")
        if session.environment.databases and not theirs:
            without.append(target)
            return ()
        used = _used(session, models, theirs)
        made = _produced(context, used, target.heads, tuple(scripts.get_heads()), wanted)
        if not made.heads and not made.database_heads and context.connection is not None:
            note = unwritten(session, context.connection, used.several)
            made = replace(made, notes=(*made.notes, note) if note else made.notes)
        results.append((target, made))
        return ()

    with at_work(session, models) as config:
        environment = EnvironmentContext(config, scripts, fn=look, as_sql=False, dont_mutate=True)
        with environment:
            scripts.run_env()
    _refuse_nothing(session, results, without)
    refuse_others(session, [target.url for target, _ in results] + [target.url for target in without])
    return _joined(results, without)


def _produced(
    context: MigrationContext, used: Models, here: tuple[str, ...], heads: tuple[str, ...], wanted: Wanted
) -> Comparison:
    """Compare as the context is configured, its hook included."""
    proposed = propose(context, used.metadata, revision=here, renames=wanted.renames, plugins=wanted.plugins)
    operations, notes = wanted.among(proposed.operations)
    return Comparison(
        operations=operations,
        models=used,
        dialect=context.dialect,
        opts=dict(context.opts),
        database_heads=here,
        heads=heads,
        fingerprint=fingerprint(used.metadata, context.dialect),
        proposed=proposed,
        wanted=wanted,
        notes=notes,
    )


def _refuse_nothing(session: Session, results: Sequence[object], without: Sequence[Target]) -> None:
    """Raise CommandError where nothing was compared: ``env.py`` has no models, or ran no migrations."""
    place = f"{session.environment.shown}/env.py"
    if without and not results:
        names = ", ".join(f"{target.engine!r}: Base.metadata" for target in without)
        raise CommandError(f"{place} has no models for any database. Name them there: target_metadata = {{{names}}}")
    if not results:
        raise CommandError(
            f"{place} ran no migrations, so nothing was compared. It must call context.run_migrations()."
        )


def _joined(results: Sequence[tuple[Target, Comparison]], without: Sequence[Target]) -> Comparison:
    """Combine the comparisons of all targets; the result says what was compared where."""
    first = results[0][1]
    if len(results) == 1 and not without:
        return first
    names = labels([target for target, _ in results] + list(without))
    parts = tuple(
        Part(name, one.operations, one.dialect, one.opts, one.proposed)
        for name, (_, one) in zip(names, results, strict=False)
    )
    notes = tuple(dict.fromkeys(note for _, one in results for note in one.notes))
    notes += tuple(f"{name} was not compared: env.py has no models for it." for name in names[len(results) :])
    found = replace(
        first,
        database_heads=heads_of([*(target for target, _ in results), *without]),
        fingerprint=" ".join(one.fingerprint for _, one in results),
    )
    if len(parts) > 1 and are_alike(parts):
        return replace(found, notes=(*notes, f"The same in {len(parts)} targets: {', '.join(names[: len(parts)])}."))
    several = tuple(dict.fromkeys(one.models for _, one in results))
    metadata = tuple(each for models in several for each in models.several)
    models = first.models if len(several) == 1 else replace(first.models, metadata=metadata)
    return replace(found, notes=notes, operations=joined(parts), parts=parts, models=models)


def _used(session: Session, models: Models | None, theirs: Any) -> Models:
    """Return the models to compare: those of ``env.py`` where it has its own; raises CommandError where nobody has."""
    if theirs is None or (isinstance(theirs, (list, tuple)) and not theirs):
        if models is None:
            raise CommandError(NO_MODELS)
        return models
    if models is not None and models.is_of(theirs):
        return models
    place = f"{session.environment.shown}/env.py"
    metadata = tuple(theirs) if isinstance(theirs, (list, tuple)) else theirs
    own = Models("target_metadata", metadata, of=place)
    if models is not None and models.chosen:
        raise CommandError(
            f"{own} is what is compared here, not {models}. Name no target, "
            "or let env.py take config.attributes['target_metadata']."
        )
    return own


def _check_at_head(scripts: ScriptDirectory, here: Sequence[str]) -> None:
    scripts.map.standing(here)
    heads = set(scripts.get_heads(consider_depends_on=True))
    if set(here) != heads:
        stands = ", ".join(here) or "base"
        newest = "newest revisions are" if len(heads) > 1 else "newest revision is"
        raise CommandError(
            f"The database stands at {stands}, the {newest} {', '.join(sorted(heads)) or 'none'}: what is pending "
            f"would be found a second time. Run %mig_upgrade{' heads' if len(heads) > 1 else ''} first."
        )
