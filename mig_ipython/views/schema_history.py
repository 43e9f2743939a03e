"""The schema over a history: each revision with what it changed, and its diagram when it is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from kernel_core.schema import RevisionSchema
from kernel_core.util.counts import counted

from .html import Html, beneath_panel, details, page, plain_list, tag
from .schema import SchemaView
from .view import View

LISTED = 50
"""The most revisions whose changes are written besides the panel: each must be computed."""


@dataclass(eq=False, repr=False)
class SchemaHistory(View):
    """The revisions of a history, oldest first, as (id, message); ``history[3]`` is the schema after the fourth.

    ``load`` computes the schema of a revision. ``is_folded`` is whether a panel above shows it.
    """

    revisions: tuple[tuple[str, str], ...]
    load: Callable[[str], RevisionSchema]
    where: str = ""
    is_folded: bool = False
    _known: dict[str, SchemaView] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.revisions)

    def __getitem__(self, place: int) -> SchemaView:
        revision = self.revisions[place][0]
        if revision not in self._known:
            self._known[revision] = SchemaView(self.load(revision))
        return self._known[revision]

    def __iter__(self) -> Iterator[SchemaView]:
        return (self[place] for place in range(len(self)))

    def title(self, place: int) -> str:
        """Return the line for a revision: ``3 of 12: 1f2e Add orders``."""
        revision, doc = self.revisions[place]
        return f"{place + 1} of {len(self)}: {revision}{f' {doc}' if doc else ''}"

    def lead(self) -> str:
        """Return the line above: how many revisions there are."""
        return f"Schema over {counted(len(self), 'revision')}"

    def _listed(self) -> range:
        return range(max(0, len(self) - LISTED), len(self))

    def _omitted(self) -> str:
        left = len(self) - len(self._listed())
        return f"The first {counted(left, 'revision')} are not listed here; history[0] is the first." if left else ""

    def text(self) -> str:
        lines = [self.lead(), *([self.where] if self.where else []), *([self._omitted()] if self._omitted() else [])]
        for place in self._listed():
            lines += ["", self.title(place), *(f"  {line}" for line in _lines(self[place]))]
        return "\n".join(lines)

    def html(self) -> Html:
        parts = [tag("p", self._omitted(), class_="mig-where")] if self._omitted() else []
        parts += [
            details(self.title(place), plain_list(_lines(self[place])), shown=place == len(self) - 1)
            for place in self._listed()
        ]
        parts += [self[len(self) - 1].picture()] if len(self) else []
        if self.is_folded:
            return beneath_panel(self.lead(), *parts, what="Schema")
        return page(tag("p", self.lead(), class_="mig-lead"), *parts, label="Schema over the history")


def _lines(view: SchemaView) -> list[str]:
    """Return what a revision changed, and what is not known of it, as lines."""
    here = f"revision {view.schema.found.revision},"
    own = [f"! {sentence}" for sentence in view.schema.missing() if here in sentence]
    changed = [f"{each.sign} {each.sentence}" for each in view.changes]
    return [*own, *(changed or [view.schema.no_changes()])]
