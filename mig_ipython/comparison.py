"""Compare models with a database the way the environment says, and keep what is needed to write the result."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy.schema import CreateIndex, CreateTable

from kernel_core.autogenerate import AutogenContext, produce_migrations
from kernel_core.autogenerate.api import script_template_args
from kernel_core.operations.containers import DowngradeOps, MigrationScript, UpgradeOps
from kernel_core.runtime.environment import EnvironmentContext
from kernel_core.runtime.migration import MigrationContext
from kernel_core.script import ScriptDirectory
from kernel_core.util.exc import CommandError

from .models import Models
from .running import refuse_difference

if TYPE_CHECKING:
    from .session import Session


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs, and what it was made from.

    ``opts`` are those that ``env.py`` configured; ``database_heads`` and ``heads`` where database and files stood;
    ``fingerprint`` stands for the models as they were.
    """

    operations: UpgradeOps
    models: Models
    dialect: Any
    opts: dict[str, Any]
    database_heads: tuple[str, ...]
    heads: tuple[str, ...]
    fingerprint: str

    def template_args(self, operations: UpgradeOps) -> dict[str, Any]:
        """Return what fills the template of a version file for these operations; raises IrreversibleOperation."""
        context = MigrationContext.configure(dialect=self.dialect, opts=dict(self.opts))
        script = MigrationScript(None, operations, operations.reverse_into(DowngradeOps()))
        autogen = AutogenContext(context, autogenerate=False)
        return dict(script_template_args(script, autogen))


def compare(session: Session, models: Models, *, only_at_head: bool = True) -> Comparison:
    """Return what differs between ``models`` and the connected database.

    With an environment its ``env.py`` decides about filters and options; without one the two are compared directly.
    Raises CommandError where the database does not stand at the heads and ``only_at_head``.
    """
    if session.has_environment:
        return _by_environment(session, models, only_at_head)
    with session.connection.engine.connect() as live:
        context = MigrationContext.configure(connection=live, opts={"target_metadata": models.metadata})
        found = produce_migrations(context, models.metadata)
        return _comparison(found, models, context, (), ())


def _by_environment(session: Session, models: Models, only_at_head: bool) -> Comparison:
    """Let ``env.py`` configure the context, and compare inside it; no revision is run."""
    scripts = session.scripts()
    results: list[Comparison] = []

    def look(revision: Any, context: MigrationContext) -> list[Any]:
        if context.connection is not None:
            refuse_difference(session, context.connection.engine.url)
        here, heads = tuple(context.get_current_heads()), tuple(scripts.get_heads())
        if only_at_head:
            _check_at_head(scripts, here)
        target = context.opts.get("target_metadata")
        metadata = models.metadata if target is None else target
        found = produce_migrations(context, metadata)
        hook = context.opts.get("process_revision_directives")
        directives = [found]
        if hook is not None:
            hook(context, here, directives)
        results.append(_comparison(directives[0] if directives else None, models, context, here, heads))
        return []

    with session.at_work(models) as config:
        environment = EnvironmentContext(config, scripts, fn=look, as_sql=False, dont_mutate=True)
        with environment:
            scripts.run_env()
    if not results:
        raise CommandError(
            f"{session.environment.shown}/env.py ran no migrations, so nothing was compared. "
            "It must call context.run_migrations()."
        )
    return results[-1]


def _comparison(
    script: MigrationScript | None, models: Models, context: Any, here: tuple[str, ...], heads: tuple[str, ...]
) -> Comparison:
    operations = script.upgrade_ops if script is not None else None
    return Comparison(
        operations=operations if operations is not None else UpgradeOps([]),
        models=models,
        dialect=context.dialect,
        opts=dict(context.opts),
        database_heads=here,
        heads=heads,
        fingerprint=fingerprint(models, context.dialect),
    )


def _check_at_head(scripts: ScriptDirectory, here: Sequence[str]) -> None:
    heads = set(scripts.get_heads(consider_depends_on=True))
    if set(here) != heads:
        stands = ", ".join(here) or "base"
        raise CommandError(
            f"The database stands at {stands}, the newest revision is {', '.join(sorted(heads)) or 'none'}: "
            "what is pending would be found a second time. Run %mig_upgrade first."
        )


def fingerprint(models: Models, dialect: Any) -> str:
    """Return a short text that changes when the models do."""
    several = models.metadata if isinstance(models.metadata, tuple) else (models.metadata,)
    digest = hashlib.sha256()
    for metadata in several:
        for key in sorted(metadata.tables):
            table = metadata.tables[key]
            parts = [str(CreateTable(table).compile(dialect=dialect)), repr(table.comment)]
            parts += sorted(str(CreateIndex(index).compile(dialect=dialect)) for index in table.indexes)
            digest.update("\n".join(parts).encode())
    return digest.hexdigest()[:16]
