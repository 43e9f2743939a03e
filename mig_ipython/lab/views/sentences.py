"""Short results: a lesson that begins, a hint, a solution, a reset."""

from __future__ import annotations

from dataclasses import dataclass

from ...views.html import Html, page, tag, with_code
from ...views.source import code
from ...views.view import View


@dataclass(frozen=True, eq=False, repr=False)
class Sentences(View):
    """Sentences in which code is between backticks, with a source below them; the first one is the heading."""

    sentences: tuple[str, ...]
    source: str = ""
    label: str = "Workshop"

    def text(self) -> str:
        lines = [line.replace("`", "") for line in self.sentences]
        return "\n".join([*lines, *(["", self.source] if self.source else [])])

    def html(self) -> Html:
        first, *rest = self.sentences
        return page(
            tag("p", with_code(first), class_="mig-lead"),
            *(tag("p", with_code(line)) for line in rest),
            code(self.source, "python") if self.source else "",
            label=self.label,
        )
