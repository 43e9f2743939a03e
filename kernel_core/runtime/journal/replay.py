"""Running an unfinished revision again: statements that were executed before are left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from ...util.exc import UnfinishedRevision
from ...util.secrets import shown_sql
from ...util.sql import SQLDialect
from .claims import claim_of, is_repeatable
from .statements import fingerprint
from .table import Unfinished

Probe = Callable[[str], bool | None]
"""Returns whether a statement was executed, None if that cannot be known."""


class Decision(NamedTuple):
    """Whether a statement was executed before the stop; ``number`` is that of its row if it has one."""

    is_done: bool
    number: int = 0


class StoppedAt(Exception):
    """Ends a revision that is only read, at the first statement that was not executed."""


@dataclass(frozen=True, slots=True)
class Resume:
    """How a run finishes an unfinished revision.

    ``was_executed`` is what a person says of a statement for which the catalog does not tell; ``accepts_edits`` runs a
    file that was edited since.
    """

    was_executed: bool | None = None
    accepts_edits: bool = False


class Replay:
    """Decides for each statement of an unfinished revision whether it was executed before.

    A statement is compared with its values, so that none is executed twice and none is left out. Its text may depend on
    the catalog, which has changed since; then what it does is compared: the same column was added. ``stops`` ends the
    revision at the first statement that was not executed; the last one counts as executed if it may have been.
    """

    def __init__(
        self,
        unfinished: Unfinished,
        dialect: SQLDialect,
        probe: Probe,
        answer: bool | None = None,
        *,
        stops: bool = False,
    ) -> None:
        self.unfinished, self._dialect = unfinished, dialect
        self._claims = {claim_of(text, dialect): digest for digest, text in unfinished.statements}
        self._probe, self._answer, self._stops = probe, answer, stops
        self._left = Counter(unfinished.done)
        self._begun = unfinished.begun
        self.executed: list[str] = []
        """The statements that were left out so far."""
        self.uncertain = ""
        """The last of them, if whether it was executed is not known."""

    @property
    def number(self) -> int:
        """The number of the last row."""
        return self.unfinished.last_row

    @property
    def left(self) -> int:
        """How many statements were executed before, and are not in the revision any more."""
        return sum(self._left.values())

    @property
    def has_all(self) -> bool:
        """Whether the revision was read to the last statement that was executed, or may have been."""
        return not self.left and not self._begun

    @property
    def missing(self) -> tuple[str, ...]:
        """The statements that were executed before, and are not in the revision any more; "" for an unknown text."""
        texts = dict(self.unfinished.statements)
        return tuple(texts.get(digest, "") for digest in self._left.elements())

    def take(self, sql: str) -> bool:
        """Return whether this statement, which the revision does not run again, was executed before."""
        digest = fingerprint(sql, ())
        is_left = self._left[digest] > 0
        self._left[digest] -= is_left
        return is_left

    def decide(self, digest: str, sql: str) -> Decision:
        """Return whether the statement was executed; raises UnfinishedRevision where that cannot be known."""
        digest = self._as_noted(digest, sql)
        if self._left[digest]:
            self._left[digest] -= 1
            self.executed.append(sql)
            return Decision(is_done=True)
        if digest == self._begun:
            self._begun = ""
            if self._was_executed(sql):
                self.executed.append(sql)
                return Decision(is_done=True)
            if not self._stops:
                return Decision(is_done=False, number=self.number)
            if is_repeatable(sql, self._dialect):
                self.uncertain = sql
                self.executed.append(sql)
                return Decision(is_done=True)
        if self._stops:
            raise StoppedAt
        return Decision(is_done=False)

    def _as_noted(self, digest: str, sql: str) -> str:
        """Return the hash under which the statement was noted, also if its text was another one then."""
        if self._left[digest] or digest == self._begun:
            return digest
        claim = claim_of(sql, self._dialect)
        if claim is None or claim.effect == "repeatable":
            return digest
        noted = self._claims.get(claim, "")
        return noted if self._left[noted] or noted == self._begun else digest

    def _was_executed(self, sql: str) -> bool:
        known = self._probe(sql)
        if known is None:
            known = self._answer
        if known is None:
            raise UnfinishedRevision(
                f"Whether this statement of revision {self.unfinished.revision} was executed cannot be read from the "
                f"database: {shown_sql(sql)}. Nothing was run. Look, and say so: mig resume --executed, "
                "or mig resume --not-executed.",
                self.unfinished.revision,
            )
        return known
