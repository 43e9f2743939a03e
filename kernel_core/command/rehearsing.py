"""The command that runs an upgrade or downgrade on a clone of the database and says what it does."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from ..runtime.report import OnStep, RunReport
from ..util.exc import CommandError
from .environment import Config, Names
from .migrating import downgrade, upgrade

if TYPE_CHECKING:  # heads and history don't import SQLAlchemy
    from sqlalchemy import Connection, Engine

    from ..rehearse import Rehearsal

_MOVES = {"upgrade": upgrade, "downgrade": downgrade}
_BACK: dict[str, Literal["upgrade", "downgrade"]] = {"upgrade": "downgrade", "downgrade": "upgrade"}


def rehearse(
    config: Config,
    revision: Names = "",
    *,
    direction: Literal["upgrade", "downgrade"] = "upgrade",
    sample: int | None = None,
    schema_only: bool = False,
    mask: bool = False,
    and_back: bool = True,
    database: Connection | Engine | None = None,
    on_progress: Callable[[str], object] | None = None,
) -> tuple[Rehearsal, ...]:
    """Upgrade (or downgrade) a clone of the database to ``revision``, and back; return one result for each database.

    The database itself is only read, to be copied. ``sample`` takes so many rows of each table, with the rows that they
    refer to; ``schema_only`` takes none. ``mask`` hides the values of text also where a blocker shows them.
    ``database`` is the only one that may be rehearsed, and replaces the configuration's ``attributes["connection"]``.
    Operations that fail are left out, so that all blockers are found, not only the first::

        (found,) = command.rehearse(config, "head")
        found.is_clean, [blocker.text for blocker in found.blockers]

    Raises CommandError where a clone cannot be made, or a revision would leave it; nothing was run then.
    """
    from ..rehearse import CloneOptions, RehearsalSession, Runs, source_of  # noqa: PLC0415 - heads and history don't need it

    target = revision or ("head" if direction == "upgrade" else "-1")

    def there(on_step: OnStep) -> RunReport:
        report = _MOVES[direction](_listening(given, on_step), target)
        if not report.target:
            raise CommandError("No database was migrated, so there was nothing to rehearse. See the warning of env.py.")
        return report

    def back(heads: tuple[str, ...], on_step: OnStep) -> RunReport:
        return _MOVES[_BACK[direction]](_listening(given, on_step), _place(heads))

    options = CloneOptions(sample, schema_only, on_progress or (lambda _: None))
    runs = Runs(there, back if and_back else None, direction)
    only = None if database is None else source_of(database)
    session = RehearsalSession(runs, options, mask, only)
    with session.open() as redirect:
        given = copy.copy(config)
        given.attributes = dict(config.attributes)
        live = database if database is not None else given.attributes.get("connection")
        if live is not None:
            given.attributes["connection"] = redirect.connection_for(live)
        several: dict[str, Any] = given.attributes.get("connections") or {}
        if several:
            given.attributes["connections"] = {name: redirect.connection_for(each) for name, each in several.items()}
        return session.rehearse()


def _listening(config: Config, on_step: OnStep) -> Config:
    """Return the configuration with another listener; its own hears of the steps too."""
    own: Any = config.attributes.get("on_step")

    def both(event: Any) -> None:
        on_step(event)
        if own is not None:
            own(event)

    listening = copy.copy(config)
    listening.attributes = {**config.attributes, "on_step": both}
    return listening


def _place(heads: tuple[str, ...]) -> Names:
    """Return the target that leads back to heads."""
    if len(heads) > 1:
        raise CommandError(f"not run: the database began at several revisions ({', '.join(heads)})")
    return heads[0] if heads else "base"
