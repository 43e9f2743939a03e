"""A squashed revision: what it replaces, what was compared, and its version file."""

from __future__ import annotations

from dataclasses import dataclass

from kernel_core.squash import Squashed

from .html import Html, details, page, plain_list, tag
from .source import code
from .text import shown_path
from .view import View


@dataclass(frozen=True, eq=False, repr=False)
class SquashedRevision(View):
    """The result of ``%mig_squash``: a revision in place of a range; ``path`` is "" if it was not written."""

    made: Squashed
    path: str = ""

    @property
    def revision(self) -> str:
        """The id: that of the last revision of the range."""
        return self.made.revision

    @property
    def replaces(self) -> tuple[str, ...]:
        """The ids of the revisions that it replaces."""
        return self.made.range.replaces

    @property
    def source(self) -> str:
        """The text of the version file."""
        return self.made.text

    def __fspath__(self) -> str:
        return self.path

    def note(self) -> str:
        """Return where it was written, or that it was not."""
        return f"Written to {shown_path(self.path)}" if self.path else "Not written (--show)."

    def text(self) -> str:
        return "\n".join([*self.made.lines(), self.note(), "", self.made.text.rstrip()])

    def html(self) -> Html:
        lead, *more = self.made.lines()
        return page(
            tag("p", lead, class_="mig-lead"),
            plain_list(more),
            tag("p", self.note(), class_="mig-where"),
            details("Version file", code(self.made.text, "python"), shown=not self.path),
            label=f"Squashed revision {self.revision}",
        )
