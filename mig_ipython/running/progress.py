"""How a run goes on, while it does: which revision, how many statements, for how long.

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

from kernel_core.runtime.run import OnStep, RunEvent
from kernel_core.util.secrets import redact

from ..views.html import Html, page, tag
from ..views.text import count, short
from ..views.view import View
from .carrying import connection_at_work

if TYPE_CHECKING:
    from ..session import Session

PAUSE = 0.1
"""Seconds between two updates at least."""


class Progress(View):
    """The state of a run: `on_step` is for the engine; each statement on its connection is counted.

    ``tell(progress)`` is called after each revision, and while statements run at most ten times a second.
    """

    def __init__(self, tell: Callable[[Progress], object]) -> None:
        self.done = self.total = self.statements = 0
        self.now: RunEvent | None = None
        self.ended = False
        self._tell = tell
        self._begin = self._told = time.perf_counter()
        self._watched: sa.Connection | None = None

    @property
    def elapsed(self) -> float:
        """Seconds since it began."""
        return time.perf_counter() - self._begin

    def on_step(self, event: RunEvent) -> None:
        """Take in what the engine tells of a revision."""
        if self._watched is None:
            self._watched = connection_at_work()
            if self._watched is not None:
                sa.event.listen(self._watched, "after_cursor_execute", self._statement)
        self.now, self.total = event, event.total
        self.done = event.index if event.kind == "done" else event.index - 1
        self._told = time.perf_counter()
        self._tell(self)

    def end(self) -> None:
        """Watch the connection no more, and tell the last time."""
        if self._watched is not None:
            sa.event.remove(self._watched, "after_cursor_execute", self._statement)
        self.ended = True
        self._tell(self)

    def _statement(self, *_: Any) -> None:
        self.statements += 1
        if time.perf_counter() - self._told > PAUSE:
            self._told = time.perf_counter()
            self._tell(self)

    def text(self) -> str:
        ran = f"{self.done} of {count(self.total, 'revision')}, {count(self.statements, 'statement')}"
        if self.ended or self.now is None:
            return f"Ran {ran}."
        verb = {"start": "running", "done": "done", "failed": "failed"}[self.now.kind]
        return f"{ran}, {self.elapsed:.1f} s: {verb} {self.now.revision} {short(self.now.doc)}".rstrip()

    def html(self) -> Html:
        bar = Html() if self.ended else tag("progress", value=self.done, max=self.total or 1, aria_label="Progress")
        return page(tag("p", bar, " ", self.text(), class_="mig-where"))


@contextmanager
def shown(session: Session) -> Iterator[OnStep | None]:
    """Show how the run inside goes on, where somebody looks; give what the engine shall tell."""
    tell = _updating() if session.has_front_end else _printing if session.has_terminal else None
    if tell is None or not session.settings.progress:
        yield None
        return
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
