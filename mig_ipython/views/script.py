"""One revision in detail: its header, its operations as sentences, its SQL and its source."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .graph import RevisionGraph
from .html import Html, details, page, plain_list, tag
from .operations import Line, source_html, sql_text
from .revisions import Entry
from .source import code
from .text import shown_path
from .view import View


@dataclass(frozen=True, eq=False, repr=False)
class Revision(View):
    """The result of ``%mig_show``: one revision.

    ``lines`` are its operations as sentences; ``note`` is the reason if its SQL is not known. ``graph`` is set for a
    merge: the merge with its down revisions.
    """

    entry: Entry
    source: str
    longdoc: str = ""
    lines: tuple[Line, ...] = ()
    sql: str = ""
    where: str = ""
    note: str = ""
    graph: RevisionGraph | None = None

    @property
    def revision(self) -> str:
        """The id."""
        return self.entry.revision

    @property
    def path(self) -> str:
        """The version file."""
        return self.entry.path

    @property
    def shown_source(self) -> str:
        """The source without the date on which it was made, so that an output is the same on every day."""
        return _DATE.sub("", self.source, count=1).rstrip()

    def place(self) -> str:
        """Return its down revisions, and its file relative to the working folder."""
        return f"follows {', '.join(self.entry.down) or 'base'}; {shown_path(self.path)}"

    def lead(self) -> str:
        """Return id, marks and message in one line."""
        marks = f" ({', '.join(self.entry.marks)})" if self.entry.marks else ""
        return f"{self.entry.revision}{marks}: {self.entry.doc or 'no message'}"

    def _told(self) -> list[str]:
        return [f"{line.sign} {line.sentence}" for line in self.lines]

    def text(self) -> str:
        parts = [self.lead(), self.place()]
        parts += [self.note] if self.note else []
        parts += ["\n".join(f"  {line}" for line in self._told())] if self.lines else []
        parts += [self.sql.rstrip()] if self.sql else []
        parts += [self.graph.text()] if self.graph is not None else []
        parts.append(self.shown_source)
        return "\n\n".join(parts)

    def html(self) -> Html:
        return page(
            tag("p", self.lead(), class_="mig-lead"),
            tag("p", self.place(), class_="mig-where"),
            tag("p", self.note) if self.note else "",
            plain_list(self._told()) if self.lines else "",
            self.graph.html() if self.graph is not None else "",
            source_html("SQL", self.sql or sql_text(self.lines)),
            details("Source", code(self.shown_source, "python"), shown=not self.sql),
            label=f"Revision {self.entry.revision}",
        )


_DATE = re.compile(r"^Create Date:.*\n", re.MULTILINE)
