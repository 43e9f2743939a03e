"""The tables that a ``%%mig_models`` cell declares, and the difference from its last run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from kernel_core.util.counts import counted

from .html import Html, join, page, plain_list, tag, with_code
from .view import View


@dataclass(frozen=True, eq=False, repr=False)
class Declared(View):
    """The tables of a ``%%mig_models`` cell.

    ``tables`` are those of the cell, ``total`` is the number in all cells. ``changes`` are (sign, table, change) since
    its last run. ``ghosts`` are tables whose class no cell declares any more; ``left_over`` are names still bound to
    classes that are no longer declared; ``stale`` are classes of other cells that relate to a replaced class.
    """

    name: str
    total: int
    tables: tuple[str, ...]
    changes: tuple[tuple[str, str, str], ...]
    ghosts: tuple[str, ...] = ()
    left_over: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()

    def summary(self) -> str:
        """Return a summary in one line."""
        here = f"`{self.name}`: {counted(len(self.tables), 'table')} declared here, {self.total} in all"
        return here if self.changes else f"{here}; as before"

    def told(self) -> tuple[tuple[str, str, str], ...]:
        """Return the changes for display: a table that is added or removed is one line, not one for each column."""
        whole = {(sign, table) for sign, table, what in self.changes if what == f"table {table}"}
        columns = Counter((sign, table) for sign, table, what in self.changes if what.startswith("column "))
        return tuple(
            (
                sign,
                table,
                f"{_WHOLE[sign]}, {counted(columns[sign, table], 'column')}" if (sign, table) in whole else what,
            )
            for sign, table, what in self.changes
            if (sign, table) not in whole or what == f"table {table}"
        )

    def warnings(self) -> tuple[str, ...]:
        """Return warnings, one line each."""
        told = [
            f"{key} is a ghost: no cell declares it any more, but it is still compared. "
            "Restart the kernel to remove it."
            for key in self.ghosts
        ]
        told += [f"{name} is still bound to a class that this cell no longer declares." for name in self.left_over]
        told += [f"{name} has relationships to a replaced class: run its cell again." for name in self.stale]
        return tuple(told)

    def text(self) -> str:
        lines = [f"  {sign} {table}: {what}" for sign, table, what in self.told()]
        return "\n".join((self.summary(), *lines, *(f"! {line}" for line in self.warnings())))

    def html(self) -> Html:
        lines = (
            join((tag("span", sign, class_="mig-sign"), tag("b", table), ": ", what))
            for sign, table, what in self.told()
        )
        return page(
            tag("p", with_code(self.summary()), class_="mig-lead"),
            plain_list(lines) if self.changes else "",
            *(tag("p", line, class_="mig-warn") for line in self.warnings()),
            label="Models",
        )


_WHOLE = {"+": "new table", "-": "table gone"}
