"""The progress of a run: the revision and the statement that run now, each with its duration.

In a notebook with a front end one output is updated in place; a terminal prints a line for each revision; an unattended
run shows only the report.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import sqlalchemy as sa

from kernel_core.ddl.queue import SentTogether, sent_together
from kernel_core.runtime.report import OnStep, RunEvent, shows_later
from kernel_core.util.counts import counted
from kernel_core.util.messaging import printable

from ..views.clock import CLOCK_CSS, clock, seconds
from ..views.html import Html, page, tag
from ..views.text import short
from ..views.view import View
from ..workspace.env_run import env_connection

UPDATES_AT_ONCE, UPDATES_A_SECOND = 20, 10
"""How many updates for statements a page gets at once, and then in each second."""

SHOWN_DURATION = 1.0
"""Seconds; the duration of a shorter run is not kept in its output, which is then the same each time."""


class Progress(View):
    """The state of a run: the engine calls `on_step`, and each statement on its connection is counted.

    ``show(progress)`` is called before and after each revision, and for statements at a limited rate.
    ``statement`` is the one that runs now; "" where none does, or where the limit is reached. ``together`` are those
    that PostgreSQL was sent with it, of this and of later revisions, which are reported once they are committed.
    """

    def __init__(self, show: Callable[[Progress], object], *, only_last: bool = True) -> None:
        self.done = self.total = self.statements = 0
        self.now: RunEvent | None = None
        self.statement = ""
        self.together: SentTogether | None = None
        self.ended = False
        self._show, self._only_last = show, only_last
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

    @shows_later
    def on_step(self, event: RunEvent) -> None:
        """Take an event of the engine: a revision starts, is done, or failed."""
        if self._watched is None:
            self._watched = env_connection()
            if self._watched is not None:
                for name, listener in self._listeners.items():
                    sa.event.listen(self._watched, name, listener)
        self.now, self.total = event, event.total
        self.done = event.index if event.kind == "done" else event.index - 1
        self.statement = ""
        if not event.more_follow or not self._only_last:
            self._show(self)

    def end(self) -> None:
        """Stop counting statements, and show the result."""
        if self._watched is not None:
            for name, listener in self._listeners.items():
                sa.event.remove(self._watched, name, listener)
        self.ended = True
        self._show(self)

    @property
    def _listeners(self) -> dict[str, Callable[..., object]]:
        return {
            "before_cursor_execute": self._begins,
            "after_cursor_execute": self._ends,
            "rollback": self._has_ended,
        }

    def _begins(
        self, _connection: object, _cursor: object, statement: str, _: object, context: Any, *__: object
    ) -> None:
        """Show a statement before it runs, because nothing can be shown meanwhile; reserve an update for its end."""
        now = self._statement_begin = time.perf_counter()
        refill = (now - self._refilled) * UPDATES_A_SECOND
        self._updates, self._refilled = min(UPDATES_AT_ONCE, self._updates + refill), now
        self.statement, self.together = "", sent_together(context)
        if self._updates >= 2 and self.now is not None and self.now.kind == "start":
            self._updates -= 2
            first = statement if self.together is None else self.together.first
            self.statement = short(" ".join(first.split()), 80)
            self._show(self)

    def _ends(
        self, _connection: object, _cursor: object, _statement: str, _: object, context: Any, *__: object
    ) -> None:
        together = sent_together(context)
        self.statements += 1 if together is None else together.count
        self._has_ended()

    def _has_ended(self, *_: object) -> None:
        """Show that no statement runs any more."""
        self.together = None
        if self.statement:
            self.statement = ""
            self._show(self)

    def text(self) -> str:
        if self.ended or self.now is None:
            took = f" in {seconds(self.elapsed)}" if self.elapsed >= SHOWN_DURATION else ""
            return f"Ran {self._done()}{took}."
        at = f"\n{self._current_statement()} ({seconds(self.statement_elapsed)})" if self.statement else ""
        return f"{self._done()}, {seconds(self.elapsed)}: {self._current_revision()}{at}"

    def html(self) -> Html:
        if self.ended or self.now is None:
            return page(tag("p", self.text(), class_="mig-where"))
        bar = tag("progress", value=self.done, max=self.total, aria_label="Progress")
        lead = tag("p", bar, " ", *self.parts(), class_="mig-where")
        return page(tag("style", Html(CLOCK_CSS)), lead)

    def parts(self) -> tuple[object, ...]:
        """Return the parts that a page shows during the run, with clocks that advance in the browser."""
        at = (
            (self._current_statement(), " (", clock(self.statement_elapsed), ")")
            if self.statement
            else ("\N{NO-BREAK SPACE}",)
        )
        return (f"{self._done()}, ", clock(self.elapsed), f": {self._current_revision()}", tag("br"), *at)

    def _done(self) -> str:
        return f"{self.done} of {counted(self.total, 'revision')}, {counted(self.statements, 'statement')}"

    def _current_revision(self) -> str:
        assert self.now is not None
        verb = {"start": "running", "done": "done", "failed": "failed"}[self.now.kind]
        more = self.together.revisions - 1 if self.together is not None else 0
        others = f" and the next {more:,}" if more else ""
        return f"{verb} {self.now.revision} {short(self.now.doc)}".rstrip() + others

    def _current_statement(self) -> str:
        number, last = self.statements + 1, self.statements + (self.together.count if self.together else 1)
        numbers = f"Statements {number:,} to {last:,}" if last > number else f"Statement {number:,}"
        return f"{numbers}: {self.statement}"


@contextmanager
def shown_progress(*, in_place: bool, line_by_line: bool) -> Iterator[OnStep | None]:
    """Show the progress of the run inside the block; yield the listener for the engine, None where nothing is shown.

    ``in_place`` updates one output of a notebook, ``line_by_line`` prints into a terminal.
    """
    show = _updating() if in_place else _print if line_by_line else None
    if show is None:
        yield None
        return
    with watched(show, only_last=in_place) as on_step:
        yield on_step


@contextmanager
def watched(show: Callable[[Progress], object], *, only_last: bool = True) -> Iterator[OnStep]:
    """Yield the listener for the engine; ``show(progress)`` is called while the run inside the block goes on.

    Of revisions that are reported together, with ``only_last`` only the last is shown.
    """
    progress = Progress(show, only_last=only_last)
    try:
        yield progress.on_step
    finally:
        progress.end()


class _DisplayHandle(Protocol):
    """An output of IPython that can be updated."""

    def update(self, obj: object) -> None:
        """Display ``obj`` in place of what was displayed before."""


def _updating() -> Callable[[Progress], object]:
    """Return a function that shows the progress in one output, which is created with the first step."""
    from IPython.display import display

    handles: list[_DisplayHandle] = []

    def show(progress: Progress) -> None:
        if not handles and not progress.ended:
            handles.append(display(progress, display_id=True))  # type: ignore[no-untyped-call]
        elif handles:
            handles[0].update(progress)

    return show


def _print(progress: Progress) -> None:
    """Print a line for a revision that is done or has failed."""
    if not progress.ended and progress.now is not None and progress.now.kind != "start":
        print(printable(progress.text()), file=sys.stdout)  # noqa: T201 - the progress in a terminal
