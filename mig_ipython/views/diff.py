"""The differences between the models and the database, read-only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from .html import Html, page, tag, with_code
from .operations import Line, lines_html, lines_text, python_text, source_html, sql_text, summary
from .view import View


@dataclass(frozen=True, eq=False, repr=False)
class Diff(View):
    """The operations that would bring the database to the models; false when there are none.

    ``operations`` are the operation objects, ``lines`` the same in words; ``notes`` are sentences about the database,
    ``warnings`` the differences that no operation can remove.
    """

    operations: Sequence[Any]
    lines: tuple[Line, ...]
    where: str = ""
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.operations)

    def __len__(self) -> int:
        return len(self.operations)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.operations)

    def __getitem__(self, index: int) -> Any:
        return self.operations[index]

    def text(self) -> str:
        notes = "".join(f"\n! {note}" for note in (*self.warnings, *self.notes))
        if not self:
            return f"{self._none}{notes}"
        return f"{summary(self.lines, self.where)}\n{lines_text(self.lines)}{notes}"

    def html(self) -> Html:
        notes = [tag("p", note, class_="mig-warn") for note in (*self.warnings, *self.notes)]
        if not self:
            return page(tag("p", with_code(self._none)), *notes)
        return page(
            tag("p", with_code(summary(self.lines, self.where)), class_="mig-lead"),
            lines_html(self.lines),
            *notes,
            source_html("SQL", sql_text(self.lines)),
            source_html("Python", python_text("upgrade", self.lines)),
            label="Difference",
        )

    @property
    def _none(self) -> str:
        if self.warnings:
            return f"No operation removes what differs between {self.where}."
        return f"No difference between {self.where}."
