"""The result of a check: passed or not, what was looked at, the hint, and a record for the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...views.html import Html, page, plain_list, tag, with_code
from ...views.view import View
from ..findings import Finding
from ..sealed import Json

RECORD_TYPE = "application/vnd.mig-lab+json"
"""The type of a check's record in the output of a cell."""


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
    def lead(self) -> str:
        """The result in one line."""
        if self.passed:
            return f"✓ Exercise {self.exercise} is solved: {self.title}"
        sign = "✗" if self.findings else "○"
        return f"{sign} Exercise {self.exercise} is not solved yet: {self.title}"

    @property
    def next_step(self) -> str:
        """What to do next where it is not solved."""
        if self.passed:
            return ""
        if not self.findings:
            return "Write your answer in this cell, and run it."
        return f"More help: `%mig_lab hint {self.exercise}`"

    def text(self) -> str:
        lines = [self.lead, *(f"  {line.replace('`', '')}" for line in self._lines())]
        lines += [f"  Hint: {self.hint}"] if self.hint else []
        lines += [f"  {self.next_step.replace('`', '')}"] if self.next_step else []
        return "\n".join(lines)

    def html(self) -> Html:
        checks = plain_list(map(with_code, self._lines())) if self.findings else ""
        note = tag("p", with_code(self.note), class_="mig-where") if self.note else ""
        hint = tag("p", tag("b", "Hint: "), with_code(self.hint)) if self.hint else ""
        after = tag("p", with_code(self.next_step), class_="mig-where") if self.next_step else ""
        return page(tag("p", self.lead, class_="mig-lead"), note, checks, hint, after, label="Check")

    def _lines(self) -> list[str]:
        raised = ["✗ The cell raised the error above. The state after it was checked."] if self.raised else []
        signs = [f"{'✓' if one.passed else '✗'} {one.sentence}" for one in self.findings]
        return [*raised, *signs]

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        bundle = super()._repr_mimebundle_(include, exclude)
        return {**bundle, RECORD_TYPE: dict(self.record)} if self.record else bundle
