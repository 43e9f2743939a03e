"""The connections of a notebook."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kernel_core.util.counts import counted

from .html import Html, page, table, tag
from .text import table as text_table
from .view import View

_HEADINGS = ("name", "database", "URL")


@dataclass(frozen=True, eq=False, repr=False)
class Connections(View):
    """The open connections, in the order of their opening; ``rows`` are what is shown of them."""

    connections: tuple[Any, ...]
    rows: tuple[tuple[str, ...], ...]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.connections)

    def __len__(self) -> int:
        return len(self.connections)

    def __getitem__(self, index: int) -> Any:
        return self.connections[index]

    def text(self) -> str:
        number = counted(len(self.rows), "connection")
        return f"{number}\n{text_table(_HEADINGS, self.rows)}" if self.rows else f"{number}. %mig_connect opens one."

    def html(self) -> Html:
        number = counted(len(self.rows), "connection")
        return page(tag("p", number), table(_HEADINGS, self.rows) if self.rows else "")
