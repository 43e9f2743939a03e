"""The results of `locate`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from ..schema import Incomplete

Heads = tuple[str, ...]
"""The rows that a version table would have: one revision, several on branches, () for base."""


def as_words(heads: Sequence[str]) -> str:
    """Return the rows of a version table in words: ``base``, ``1f2e``, ``1f2e and 3a4b``."""
    return " and ".join(heads) or "base"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A place in the history, and how far the database is from its schema.

    ``same`` are all places that have this schema, first of them ``heads``: the schema does not tell them apart. Where
    ``deviations`` is None, only ``distance`` was estimated; otherwise each is a sentence. ``distance`` counts a table
    that one side lacks as often as it has columns. ``incomplete`` are the parts of revisions whose effect is not known.
    """

    heads: Heads
    distance: int
    deviations: tuple[str, ...] | None = None
    incomplete: tuple[Incomplete, ...] = ()
    same: tuple[Heads, ...] = ()

    @property
    def fits(self) -> bool:
        """Whether the database was compared with this schema and no difference was found."""
        return self.deviations == ()

    @property
    def is_certain(self) -> bool:
        """Whether the database has exactly this schema, no other place has it, and every operation is known."""
        return self.fits and not self.incomplete and len(self.same) == 1

    @property
    def name(self) -> str:
        """The place in words, with those that have the same schema: ``1f2e or 3a4b``."""
        return " or ".join(map(as_words, self.same or (self.heads,)))

    def facts(self) -> dict[str, object]:
        """Return the candidate as plain data; ``deviations`` is null where they were only estimated."""
        return {
            "heads": list(self.heads),
            "same": [list(heads) for heads in self.same],
            "distance": self.distance,
            "deviations": None if self.deviations is None else list(self.deviations),
            "incomplete": [{"revision": e.revision, "line": e.line, "reason": e.reason} for e in self.incomplete],
        }


@dataclass(frozen=True, slots=True)
class ScratchUse:
    """The revisions that were run because they could not be followed, on the database ``where``, "" if none was.

    ``problems`` say why a revision was not run.
    """

    where: str = ""
    revisions: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    def sentences(self) -> tuple[str, ...]:
        """Return what was run and what was not, one sentence each."""
        lines = [f"Not run: {problem}" for problem in self.problems]
        if self.revisions:
            shown = ", ".join(self.revisions[:5]) + (", …" if len(self.revisions) > 5 else "")
            lines.insert(0, f"Run on {self.where}, because the version files do not show their whole effect: {shown}.")
        return tuple(lines) or ("Nothing was run: the files show the effect of every revision.",)


@dataclass(frozen=True, slots=True)
class Located:
    """Where a database may be: the candidates, nearest first, of ``places`` that the history has.

    ``stamped`` are the rows of the version table. ``is_partial`` says that the history has more combinations of heads
    than were tried. ``marked`` are the rows that were written on request, None where nothing was. ``scratch`` is what
    was run on a scratch database, None if that was not asked for.
    """

    target: str
    stamped: Heads
    candidates: tuple[Candidate, ...]
    places: int
    is_partial: bool = False
    marked: Heads | None = None
    scratch: ScratchUse | None = None

    @property
    def best(self) -> Candidate:
        """The nearest candidate."""
        return self.candidates[0]

    @property
    def fitting(self) -> tuple[Candidate, ...]:
        """The candidates without any deviation."""
        return tuple(each for each in self.candidates if each.fits)

    @property
    def fitting_heads(self) -> tuple[Heads, ...]:
        """All places whose schema the database has, as far as it can be compared."""
        return tuple(heads for each in self.fitting for heads in each.same)

    @property
    def is_certain(self) -> bool:
        """Whether exactly one place fits, every operation up to it is known, and none was left untried."""
        return len(self.fitting_heads) == 1 and self.best.is_certain and not self.is_partial

    @property
    def may_be_run(self) -> bool:
        """Whether running revisions on a scratch database, which was not requested, would decide more."""
        return self.scratch is None and any(each.incomplete for each in self.fitting or self.candidates[:1])

    def candidate_at(self, heads: Sequence[str]) -> Candidate | None:
        """Return the candidate with these rows; None if it is not among them."""
        wanted = frozenset(heads)
        return next((each for each in self.candidates if wanted in map(frozenset, each.same)), None)

    @property
    def verdict(self) -> str:
        """One sentence: where the database is, or what is nearest."""
        best = self.best
        known = [heads for each in self.fitting if not each.incomplete for heads in each.same]
        unknown = [heads for each in self.fitting if each.incomplete for heads in each.same]
        names, others = (" or ".join(map(as_words, places)) for places in (known, unknown))
        if not known and not unknown:
            may = ", which the code that could not be followed may explain" if best.incomplete else ""
            return (
                f"The schema is that of no revision. Nearest: {best.name}, {_counted(len(best.deviations or ()))}{may}."
            )
        if not known:
            return f"The schema fits {others} in all that is known of it; some code could not be followed."
        doubt = f"; {others} cannot be excluded, because some code could not be followed" if unknown else ""
        doubt += "; not every combination of heads was tried" if self.is_partial else ""
        if len(known) > 1:
            return f"The schema fits several places, which it cannot tell apart: {names}{doubt}."
        return f"The schema is that of {names}, without any deviation{doubt}."

    def sentences(self, most: int = 5) -> tuple[str, ...]:
        """Return the verdict, whether the version table disagrees, and the nearest candidates with their deviations."""
        lines = [f"{self.target}: {self.verdict}"]
        if self.stamped and frozenset(self.stamped) not in map(frozenset, self.fitting_heads):
            lines.append(f"The version table says {as_words(self.stamped)}, which the schema does not confirm.")
        for each in self.candidates[: most if not self.fitting else max(1, len(self.fitting))]:
            lines += _described(each)
        lines += self.scratch.sentences() if self.scratch is not None else ()
        if self.marked is not None:
            lines.append(f"Marked as being at {as_words(self.marked)}; before: {as_words(self.stamped)}.")
        return tuple(lines)

    def facts(self) -> dict[str, object]:
        """Return the result as plain data."""
        return {
            "database": self.target,
            "verdict": self.verdict,
            "is_certain": self.is_certain,
            "stamped": list(self.stamped),
            "fits": [list(heads) for heads in self.fitting_heads],
            "candidates": [each.facts() for each in self.candidates],
            "marked": None if self.marked is None else list(self.marked),
            "by_running": None if self.scratch is None else asdict(self.scratch),
        }


def _described(candidate: Candidate) -> list[str]:
    if candidate.deviations is None:
        return [f"{candidate.name}: not compared in full, at a distance of about {candidate.distance}"]
    count = len(candidate.deviations)
    head = f"{candidate.name}: {_counted(count)}"
    lines = [head, *(f"    {sentence}" for sentence in candidate.deviations)]
    for each in candidate.incomplete:
        where = f"{each.revision}, line {each.line}" if each.line else each.revision
        lines.append(f"    not followed: {where}: {each.reason}")
    return lines


def _counted(count: int) -> str:
    return f"{count or 'no'} deviation{'' if count < 2 else 's'}"
