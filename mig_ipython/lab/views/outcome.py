"""The result of a check: passed or not, what was looked at, the hint, and a record for the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...views.html import Html, tag, with_code
from ...views.view import View
from ..findings import Finding
from ..sealed import Json
from .style import SIGNS, box, check_list, sign

RECORD_TYPE = "application/vnd.mig-lab+json"
"""The type of a check's record in the output of a cell."""

RAISED = "The cell raised the error above. What it had done until then was checked."


@dataclass(frozen=True, eq=False, repr=False)
class Checked(View):
    """The result of ``%%mig_lab N.M`` or ``%mig_lab check N.M``.

    ``note`` says from which state the exercise began; ``findings`` are empty where there is no answer yet. False where
    the exercise is not solved.
    """

    exercise: str
    title: str
    passed: bool
    findings: tuple[Finding, ...] = ()
    hint: str = ""
    note: str = ""
    raised: bool = False
    record: Mapping[str, Json] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return self.passed

    @property
    def kind(self) -> str:
        """``yes`` where it is solved, ``no`` where a check failed, "" where there is no answer yet."""
        return "yes" if self.passed else "no" if self.findings else ""

    @property
    def lead(self) -> str:
        """The result in one line, without its sign."""
        state = "is solved" if self.passed else "is not solved yet"
        return f"Exercise {self.exercise} {state}: {self.title}"

    @property
    def next_step(self) -> str:
        """What to do next where it is not solved."""
        if self.passed:
            return ""
        if not self.findings:
            return "Write your answer in this cell, and run it."
        number = self.exercise
        return f"More help: `%mig_lab hint {number}`. After work in other cells: `%mig_lab check {number}`"

    def text(self) -> str:
        lines = [f"{SIGNS[self.kind]} {self.lead}"]
        lines += [f"  {self.note}"] if self.note else []
        lines += [f"  {SIGNS['no']} {RAISED}"] if self.raised else []
        lines += [f"  {SIGNS[one.kind]} {one.sentence}" for one in self.findings]
        lines += [f"  Hint: {self.hint}"] if self.hint else []
        lines += [f"  {self.next_step}"] if self.next_step else []
        return "\n".join(lines)

    def html(self) -> Html:
        raised = [("no", RAISED)] if self.raised else []
        checks = [(one.kind, with_code(one.sentence)) for one in self.findings]
        return box(
            tag("p", sign(self.kind), with_code(self.lead), class_="mig-lead"),
            tag("p", with_code(self.note), class_="mig-where") if self.note else "",
            check_list([*raised, *checks]),
            tag("p", tag("b", "Hint: "), with_code(self.hint), class_="mig-lab-hint") if self.hint else "",
            tag("p", with_code(self.next_step), class_="mig-where") if self.next_step else "",
            kind=self.kind,
            label="Check",
        )

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        bundle = super()._repr_mimebundle_(include, exclude)
        return {**bundle, RECORD_TYPE: dict(self.record)} if self.record else bundle
