"""A running clock in the page, made of CSS only, because the kernel is busy during the run that is timed."""

from __future__ import annotations

from .html import Html, tag

CLOCK_CSS = (
    '@property --mig-seconds{syntax:"<integer>";inherits:false;initial-value:0}'
    "@keyframes mig-clock{to{--mig-seconds:86400}}"
    "@supports (transition-behavior:allow-discrete){"
    ".mig-clock>span{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}"
    ".mig-clock::after{animation:mig-clock 86400s linear var(--mig-since,0s) forwards;"
    'counter-reset:mig-clock var(--mig-seconds);content:counter(mig-clock) " s"}}'
)
"""Counts whole seconds without a script and without the kernel, for a day.

A browser that cannot animate a number shows the time in the text. CSS has no test for that ability, so the rules are
inside ``@supports (transition-behavior: ...)``, which newer browsers only pass.
"""


def seconds(passed: float) -> str:
    """Format a duration.

    >>> seconds(0.04), seconds(75.26)
    ('0.0 s', '75.3 s')
    """
    return f"{passed:.1f} s"


def clock(passed: float) -> Html:
    """Return a clock that began ``passed`` seconds ago; `CLOCK_CSS` must be in the same page."""
    return tag("span", tag("span", seconds(passed)), class_="mig-clock", style=f"--mig-since:-{passed:.1f}s")
