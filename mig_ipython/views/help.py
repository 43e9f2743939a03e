"""The table of all commands: a task, and the command for it."""

from __future__ import annotations

from dataclasses import dataclass

from .html import Html, join, page, tag
from .html import table as html_table
from .text import table as text_table
from .view import View


@dataclass(frozen=True, slots=True)
class Wish:
    """A row of the table: a task, and the commands for it, each as it is typed."""

    want: str
    typed: tuple[str, ...]


@dataclass(frozen=True, eq=False, repr=False)
class Help(View):
    """All commands by task."""

    wishes: tuple[Wish, ...]

    def text(self) -> str:
        rows = [(wish.want, ", ".join(wish.typed)) for wish in self.wishes]
        return f"{text_table(HEADINGS, rows)}\n\n{ONE}"

    def html(self) -> Html:
        rows = [(wish.want, join(map(_command, wish.typed), ", ")) for wish in self.wishes]
        return page(html_table(HEADINGS, rows), tag("p", ONE), label="Commands")


def _command(typed: str) -> Html:
    """Return a command that a narrow page breaks between its words, not within an option: after ``--``."""
    words = (tag("span", word, style="white-space:nowrap") if "-" in word else word for word in typed.split(" "))
    return tag("code", join(words, " "))


HEADINGS = ("you want to", "type")
ONE = "%mig_upgrade? (any command and a question mark) shows options and examples; Tab completes what is typed."
