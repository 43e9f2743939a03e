"""What a comparison of two heads found."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from typing import Literal, TypeAlias

Verdict: TypeAlias = Literal["commute", "conflict", "equal when run", "not known"]
"""``commute``: every operation is known, and both orders are equal. ``equal when run``: some code is not known, and
both orders were run on a scratch database and did not differ in what was compared there."""


@dataclass(frozen=True, slots=True)
class Place:
    """An operation, or code that is not one: its revision, its file, its line (0 if not known), and what it is."""

    revision: str
    path: str
    line: int
    text: str

    def __str__(self) -> str:
        where = os.path.relpath(self.path) if self.path else ""
        return f"{where}:{self.line}: {self.text}" if self.line else f"{where or self.revision}: {self.text}"


@dataclass(frozen=True, slots=True)
class Commutation:
    """The verdict about two heads, and the evidence for it.

    ``pair`` are the first two operations whose order matters, one of each head; ``reason`` is what differs. ``unknown``
    is the code whose effect is not known. ``compared`` and ``not_compared`` describe the coverage; ``notes`` are
    differences that are not conflicts, such as the order of columns.
    """

    heads: tuple[str, str]
    verdict: Verdict
    reason: str = ""
    pair: tuple[Place, Place] | None = None
    unknown: tuple[Place, ...] = ()
    compared: tuple[str, ...] = ()
    not_compared: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """The verdict as a sentence."""
        one, other = self.heads
        return {
            "commute": f"{one} and {other} commute: both orders give the same result.",
            "conflict": f"{one} and {other} do not commute: {self.reason}.",
            "equal when run": f"{one} and {other}: both orders were run and did not differ in what was compared.",
            "not known": f"Whether {one} and {other} commute is not known: {self.reason}.",
        }[self.verdict]

    def lines(self) -> tuple[str, ...]:
        """Return the sentence, the conflicting operations, what is not known, and what was compared."""
        found = [self.sentence]
        if self.pair is not None:
            title = "first conflicting operations" if self.verdict == "conflict" else "operations to check"
            found += [f"  {title}:", *(f"    {each}" for each in self.pair)]
        for title, entries in (
            ("not known from the files", self.unknown),
            ("note", self.notes),
            ("compared", self.compared),
            ("not compared", self.not_compared),
        ):
            found += [f"  {title}:", *(f"    {each}" for each in entries)] if entries else []
        return tuple(found)

    def facts(self) -> dict[str, object]:
        """Return the fields as plain data, for JSON."""
        return {"sentence": self.sentence, **asdict(self)}
