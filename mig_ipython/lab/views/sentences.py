"""Short results: a lesson that begins, a hint, a solution, a reset."""

from __future__ import annotations

from dataclasses import dataclass

from ...views.html import Html, tag, with_code
from ...views.source import code
from ...views.view import View
from .style import box


@dataclass(frozen=True, eq=False, repr=False)
class Sentences(View):
    """Sentences in which code is between backticks, with a source below them; the first one is the heading."""

    sentences: tuple[str, ...]
    source: str = ""
    label: str = "Workshop"

    def text(self) -> str:
        return "\n".join([*self.sentences, *(["", self.source] if self.source else [])])

    def html(self) -> Html:
        first, *rest = self.sentences
        return box(
            tag("p", with_code(first), class_="mig-lead"),
            *(tag("p", with_code(line)) for line in rest),
            code(self.source, "python") if self.source else "",
            label=self.label,
        )
