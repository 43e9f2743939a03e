"""How a run goes on, while it does: which revision, which statement, each for how long.

In a notebook with a front end one output is updated in place; in a terminal each revision is a line; unattended nothing
is shown but the report.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from kernel_core.runtime.report import OnStep, RunEvent
from kernel_core.util.secrets import redact

from ..views.clock import CLOCK_CSS, clock, seconds
from ..views.html import Html, page, tag
from ..views.text import count, short
from ..views.view import View
from .work import connection_at_work

if TYPE_CHECKING:
    from ..session import Session

UPDATES_AT_ONCE, UPDATES_A_SECOND = 20, 10
"""How often a page is told of statements: some at once, and then so many in each second."""

WORTH_TELLING = 1.0
"""Seconds; what a shorter run took is not kept in its output, which is then the same each time."""


class Progress(View):
    """The state of a run: `on_step` is for the engine; each statement on its connection is counted.

    ``tell(progress)`` is called before and after each revision, and for statements as often as a page can follow.
    ``statement`` is the one that runs now; "" where none does, or where they are too many to tell of each.
    """

    def __init__(self, tell: Callable[[Progress], object]) -> None:
        self.done = self.total = self.statements = 0
        self.now: RunEvent | None = None
        self.statement = ""
        self.ended = False
        self._tell = tell
        self._begin = self._refilled = self._statement_begin = time.perf_counter()
        self._updates = float(UPDATES_AT_ONCE)
        self._watched: sa.Connection | None = None

    @property
    def elapsed(self) -> float:
        """Seconds since it began."""
        return time.perf_counter() - self._begin

    @property
    def statement_elapsed(self) -> float:
        """Seconds since the statement that runs now began."""
        return time.perf_counter() - self._statement_begin

    def on_step(self, event: RunEvent) -> None:
        """Take in what the engine tells of a revision."""
        if self._watched is None:
            self._watched = connection_at_work()
            if self._watched is not None:
                sa.event.listen(self._watched, "before_cursor_execute", self._begins)
                sa.event.listen(self._watched, "after_cursor_execute", self._ends)
        self.now, self.total = event, event.total
        self.done = event.index if event.kind == "done" else event.index - 1
        self.statement = ""
        self._tell(self)

    def end(self) -> None:
        """Watch the connection no more, and tell the last time."""
        if self._watched is not None:
            sa.event.remove(self._watched, "before_cursor_execute", self._begins)
            sa.event.remove(self._watched, "after_cursor_execute", self._ends)
        self.ended = True
        self._tell(self)

    def _begins(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        """Tell of a statement before it runs, because nothing can be told meanwhile; keep an update for its end."""
        now = self._statement_begin = time.perf_counter()
        refill = (now - self._refilled) * UPDATES_A_SECOND
        self._updates, self._refilled = min(UPDATES_AT_ONCE, self._updates + refill), now
        if self._updates >= 2 and self.now is not None and self.now.kind == "start":
            self._updates -= 2
            self.statement = short(" ".join(statement.split()), 80)
            self._tell(self)

    def _ends(self, *_: Any) -> None:
        self.statements += 1
        if self.statement:
            self.statement = ""
            self._tell(self)

    def text(self) -> str:
        if self.ended or self.now is None:
            took = f" in {seconds(self.elapsed)}" if self.elapsed >= WORTH_TELLING else ""
            return f"Ran {self._ran()}{took}."
        at = f"\n{self._which()} ({seconds(self.statement_elapsed)})" if self.statement else ""
        return f"{self._ran()}, {seconds(self.elapsed)}: {self._doing()}{at}"

    def html(self) -> Html:
        if self.ended or self.now is None:
            return page(tag("p", self.text(), class_="mig-where"))
        bar = tag("progress", value=self.done, max=self.total or 1, aria_label="Progress")
        lead = tag("p", bar, " ", *self.parts(), class_="mig-where")
        return page(tag("style", Html(CLOCK_CSS)), lead)

    def parts(self) -> tuple[object, ...]:
        """Return what a page shows while it runs, with clocks that go on by themselves."""
        at = (self._which(), " (", clock(self.statement_elapsed), ")") if self.statement else ("\N{NO-BREAK SPACE}",)
        return (f"{self._ran()}, ", clock(self.elapsed), f": {self._doing()}", tag("br"), *at)

    def _ran(self) -> str:
        return f"{self.done} of {count(self.total, 'revision')}, {count(self.statements, 'statement')}"

    def _doing(self) -> str:
        assert self.now is not None
        verb = {"start": "running", "done": "done", "failed": "failed"}[self.now.kind]
        return f"{verb} {self.now.revision} {short(self.now.doc)}".rstrip()

    def _which(self) -> str:
        return f"Statement {self.statements + 1:,}: {self.statement}"


@contextmanager
def shown(session: Session) -> Iterator[OnStep | None]:
    """Show how the run inside goes on, where somebody looks; give what the engine shall tell."""
    tell = _updating() if session.has_front_end else _printing if session.has_terminal else None
    if tell is None or not session.settings.progress:
        yield None
        return
    with watched(tell) as on_step:
        yield on_step


@contextmanager
def watched(tell: Callable[[Progress], object]) -> Iterator[OnStep]:
    """Give what the engine shall tell while the run inside goes on; ``tell(progress)`` is called on the way."""
    progress = Progress(tell)
    try:
        yield progress.on_step
    finally:
        progress.end()


def _updating() -> Callable[[Progress], object]:
    """Return what shows a progress in one output, made with the first step."""
    from IPython.display import display

    handles: list[Any] = []

    def tell(progress: Progress) -> None:
        if not handles and not progress.ended:
            handles.append(display(progress, display_id=True))  # type: ignore[no-untyped-call]
        elif handles:
            handles[0].update(progress)

    return tell


def _printing(progress: Progress) -> None:
    """Print a line for a revision that is done or failed."""
    if not progress.ended and progress.now is not None and progress.now.kind != "start":
        print(redact(progress.text()), file=sys.stdout)  # noqa: T201 - a terminal's progress
