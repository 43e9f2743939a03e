"""Whether the heads of a merge commute, with the conflicting operations and what was compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kernel_core.commuting import Commutation

from .html import Html, details, page, plain_list, table, tag
from .text import shown_path
from .view import View

_SIGNS = {"commute": "✓", "conflict": "✗", "equal when run": "≈", "not known": "?"}


@dataclass(frozen=True, eq=False, repr=False)
class MergeCheck(View):
    """The result of ``%mig_merge --check``: a `Commutation` for each pair of heads; true if all commute."""

    found: tuple[Commutation, ...]
    where: str = ""

    def __bool__(self) -> bool:
        return all(each.verdict == "commute" for each in self.found)

    def __iter__(self) -> Iterator[Commutation]:
        return iter(self.found)

    def __len__(self) -> int:
        return len(self.found)

    def text(self) -> str:
        lines = [f"{_SIGNS[each.verdict]} " + "\n".join(each.lines()) for each in self.found]
        return "\n\n".join([*lines, *([self.where] if self.where else [])])

    def html(self) -> Html:
        parts = [part for each in self.found for part in _parts(each)]
        return page(*parts, tag("p", self.where, class_="mig-where") if self.where else "", label="Check of a merge")


def _parts(found: Commutation) -> Iterator[Html]:
    yield tag("p", f"{_SIGNS[found.verdict]} {found.sentence}", class_="mig-lead")
    if found.pair is not None:
        caption = "First conflicting operations" if found.verdict == "conflict" else "Operations to check"
        rows = [(each.revision, each.text, f"{shown_path(each.path)}:{each.line}") for each in found.pair]
        yield table(("Revision", "Operation", "Place"), rows, caption)
    for title, lines in (
        ("Not known from the files", [str(each) for each in found.unknown]),
        ("Notes", list(found.notes)),
        ("Compared", list(found.compared)),
        ("Not compared", list(found.not_compared)),
    ):
        if lines:
            yield details(title, plain_list(lines), shown=title != "Compared")
