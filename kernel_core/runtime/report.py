"""What a run did: its steps, the heads before and after, and the events while it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeVar

Direction = Literal["upgrade", "downgrade", "stamp"]
_Function = TypeVar("_Function", bound=Callable[..., object])


class AppliedStep(NamedTuple):
    """One revision that was applied, undone or stamped; ``seconds`` is 0.0 where only SQL text was written."""

    revision: str
    direction: Direction
    doc: str
    seconds: float


@dataclass(frozen=True, slots=True)
class RunReport:
    """What a run did: ``steps`` in order, the heads of the database ``before`` and ``after``, ``sql`` in offline mode.

    ``target`` is the database's URL with its secrets masked, or the dialect's name in offline mode. ``parts`` are the
    reports of the single runs if ``env.py`` migrated several databases or schemas, else ().
    """

    steps: tuple[AppliedStep, ...] = ()
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    sql: str | None = None
    target: str = ""
    parts: tuple[RunReport, ...] = ()

    def __add__(self, other: RunReport) -> RunReport:
        """Return one report of both runs, for an ``env.py`` that migrates several databases."""
        return RunReport(
            steps=self.steps + other.steps,
            before=tuple(sorted({*self.before, *other.before})),
            after=tuple(sorted({*self.after, *other.after})),
            sql=self.sql if other.sql is None else (self.sql or "") + other.sql,
            target=", ".join(dict.fromkeys(filter(None, (self.target, other.target)))),
            parts=(*(self.parts or (self,)), *(other.parts or (other,))),
        )


@dataclass(frozen=True, slots=True)
class RunEvent:
    """The argument of the listener ``config.attributes["on_step"]``: a revision begins, is done, or has failed.

    ``index`` counts from 1 to ``total``; ``seconds`` is what the revision took, 0.0 at its start and where only
    SQL text is written. Where the statements of several revisions were sent together, it is an equal share; these are
    reported together, and ``more_follow`` is True for all but the last of their events.
    """

    kind: Literal["start", "done", "failed"]
    revision: str
    direction: Direction
    doc: str
    index: int
    total: int
    seconds: float = 0.0
    more_follow: bool = False


OnStep = Callable[[RunEvent], object]


def only_shows(listener: _Function) -> _Function:
    """Mark a listener that reads no database: a revision may be reported as done before it is committed.

    Many small revisions are then committed together, which saves commits and round trips. To all other listeners a
    revision is reported once it is committed.
    """
    vars(listener)["only_shows"] = True
    return listener


def shows_later(listener: _Function) -> _Function:
    """Mark a listener that reads no database, and to which revisions may be reported late, once they are committed.

    Then the statements of many revisions may be sent to PostgreSQL in one round trip, as without a listener.
    """
    vars(listener)["may_be_late"] = True
    return only_shows(listener)


def may_be_late(listener: OnStep | None) -> bool:
    """Return whether `shows_later` marks a listener, or there is none."""
    return listener is None or bool(getattr(listener, "may_be_late", False))
