"""Confirm a plan that loses data before it runs; the widget for it is `widgets.confirm`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations
from typing import Protocol

from kernel_core.util.exc import CommandError
from kernel_core.util.secrets import redact

from ..errors import user_errors
from ..views.html import Html, beneath_panel, page, tag
from ..views.plan import Plan, steps_html
from ..views.rehearsal import RehearsalReport
from ..views.report import RunReport
from ..views.view import View

_SPACING = re.compile(r"[\s,;]+")

_IGNORED: Mapping[str, Callable[[str], str]] = {
    "upper and lower case": str.casefold,
    "quotes": lambda text: re.sub("[\"'`\u2018\u2019\u201c\u201d]", "", text),
    "spaces or commas": lambda text: _SPACING.sub(", ", text).strip(", "),
    "the order": lambda text: ", ".join(sorted(text.split(", "))),
}
"""What may be all that differs in a typed text, and what removes it; applied in this order."""


def mismatch(typed: str, wanted: str) -> str:
    """Return what is wrong with a text that is typed to confirm, as the end of a sentence.

    It is "" for the right text, and for what may become it: nothing, and the beginning of the text or of a name.

    >>> mismatch("pets,users", "users, pets")
    'only spaces or commas and the order are different'
    """
    text = typed.strip()
    if wanted.startswith(text) and (not text or text == wanted or not wanted[len(text) :].startswith(", ")):
        return ""
    if _SPACING.sub("", text) == _SPACING.sub("", wanted):
        return "only spaces or commas are different"
    for number in range(1, len(_IGNORED) + 1):
        for names in combinations(_IGNORED, number):
            if _without(text, names) == _without(wanted, names):
                verb = "is" if names == ("the order",) else "are"
                return f"only {_listed(names)} {verb} different"
    given, asked = re.split(r"\s*[,;]\s*", text.rstrip(" ,;")), wanted.split(", ")
    missing = [name for name in asked if name not in given]
    others = [name for name in given if name not in asked]
    if len(others) == len(given) > 0:
        return "this is another text" if not any(name.startswith(text) for name in asked) else ""
    if others[:1] == given[-1:] and any(name.startswith(given[-1]) for name in missing):
        return ""
    lacks = f"{_listed(missing)} {'is' if len(missing) == 1 else 'are'} missing" if missing else ""
    more = "a name is not asked for" if others else "" if missing else "a name is repeated"
    return ", and ".join(part for part in (lacks, more) if part)


def _listed(names: Sequence[str]) -> str:
    """Return names as in a sentence: ``a, b and c``."""
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)


def _without(text: str, differences: Iterable[str]) -> str:
    """Return a text without what is named in ``differences``."""
    for name in differences:
        text = _IGNORED[name](text)
    return text


def refuse_unconfirmed(typed: str, wanted: str) -> None:
    """Raise CommandError, which says what is wrong, where ``typed`` is not the text that is asked for."""
    if typed.strip() == wanted or not wanted:
        return
    reason = mismatch(typed, wanted)
    raise CommandError(f"{f'Not confirmed: {reason}. ' if reason else ''}Type {wanted} to confirm; nothing was run.")


MOVED = "The current revision has changed since this question was asked."


class Changes(Protocol):
    """What has changed since the question was asked, in a sentence; "" where nothing has."""

    def moved(self) -> str:
        """Return that the database or its current revision is another."""

    def found(self) -> str:
        """Return what `moved` does, or that another plan would run; raises the errors of planning."""

    def have_run(self) -> None:
        """Take what the plan may have changed itself, when it was run without success or rehearsed, as it is now."""


class Confirmation(View):
    """A plan that runs once the name of the table is typed whose data it loses.

        c = %mig_upgrade
        c.confirm("pets")

    ``word`` must be typed, ``report`` is the result, None before; ``folded``: its panel is displayed above it.
    ``changes`` finds what has changed since: nothing runs then. ``on_clone`` rehearses the plan; its result is then
    ``rehearsal``.
    """

    def __init__(
        self,
        plan: Plan,
        again: str,
        act: Callable[[], RunReport],
        changes: Changes | None = None,
        on_clone: Callable[[], RehearsalReport] | None = None,
    ) -> None:
        self.plan, self.again, self._act, self._changes = plan, again, act, changes
        self.report: RunReport | None = None
        self.rehearsal: RehearsalReport | None = None
        self._on_clone, self._is_running = on_clone, False
        self._observers: list[Callable[[], object]] = []
        self.folded = False

    @property
    def word(self) -> str:
        """The names of the tables that lose data, the number of tables where they are many; else the verb.

        It is "" where the plan is certain to lose nothing: then nothing needs to be typed.
        """
        if self.plan.keeps_data:
            return ""
        names = list(dict.fromkeys(loss.table for loss in self.plan.losses))
        if not names:
            return self.plan.verb
        return redact(", ".join(names) if len(names) <= 3 else f"{len(names)} tables")

    def moved(self) -> str:
        """Return that the database or its current revision is another than when the question was asked; else ""."""
        if self._changes is None or self._is_running or self.report is not None:
            return ""
        return self._changes.moved()

    @property
    def can_rehearse(self) -> bool:
        """Whether it can be rehearsed, before it has run."""
        return self._on_clone is not None and self.report is None

    def rehearse(self) -> RehearsalReport:
        """Run the plan on a clone of the database, and return what that did; then the question shows its counts.

        Raises MigError where no clone can be made, and where another plan would run by now.
        """
        with user_errors():
            if self._on_clone is None or self.report is not None:
                raise CommandError("There is nothing to rehearse: it has run, or cannot be rehearsed.")
            self._refuse_changed("rehearsed")
            try:
                self.rehearsal = self._on_clone()
            finally:
                self._have_run()
        for observer in self._observers:
            observer()
        return self.rehearsal

    def rehearsed(self) -> tuple[str, ...]:
        """Return what the rehearsal counted: its result, and the rows of the tables that lose data; () without one."""
        if self.rehearsal is None:
            return ()
        result = f"{'✓' if self.rehearsal else '✗'} rehearsed on a clone: {self.rehearsal.outcome()}"
        losing = self.rehearsal.counted(loss.table for loss in self.plan.losses)
        return (result, *(f"rehearsed: {line}" for line in losing))

    def observe(self, observer: Callable[[], object]) -> None:
        """Call ``observer()`` after it was rehearsed, and after it was confirmed and has run."""
        self._observers.append(observer)

    def confirm(self, typed: str = "") -> RunReport:
        """Run the plan, once, and return the report.

        Raises MigError, and runs nothing, where ``typed`` is not the `word`, the notebook uses another database or
        environment, or another plan would run by now: a file was edited, or more would be lost.
        """
        with user_errors():
            if self.report is not None:
                return self.report
            if self._is_running:
                raise CommandError("The plan is running already.")
            refuse_unconfirmed(typed, self.word)
            self._refuse_changed("run")
            self._is_running = True
            try:
                self.report = self._act()
            except BaseException:
                self._have_run()
                raise
            finally:
                self._is_running = False
        for observer in self._observers:
            observer()
        return self.report

    def _have_run(self) -> None:
        if self._changes is not None:
            self._changes.have_run()

    def _refuse_changed(self, done: str) -> None:
        """Raise CommandError where what was shown is not what would run now."""
        changed = self._changes.found() if self._changes is not None else ""
        if changed:
            raise CommandError(f"{changed} Run the cell again. Nothing was {done}.")

    def text(self) -> str:
        if self.report is not None:
            return self.report.text()
        counted = "".join(f"\n{line}" for line in self.rehearsed())
        return f"{self.plan.text()}{counted}\nNothing was done. To do it: {self.again}"

    def html(self) -> Html:
        if self.report is not None:
            return self.report.html()
        body = (
            *(tag("p", f"loses data: {loss}", class_="mig-warn") for loss in self.plan.losses),
            *(tag("p", line, class_="mig-warn") for line in self.plan.obstacles()),
            steps_html(self.plan.steps),
            *(tag("p", line) for line in self.rehearsed()),
            tag("p", "It loses no data.") if self.plan.keeps_data else "",
            tag("p", self.plan.advice()) if self.plan.advice() else "",
            tag("p", "Nothing was done. To do it: ", tag("code", self.again)),
        )
        if self.folded:
            return beneath_panel(self.plan.intent(), *body, what="Confirmation")
        return page(tag("p", self.plan.intent(), class_="mig-lead"), *body, label="Confirmation")

    def refusal(self) -> CommandError:
        """Return the error for an unattended run: the plan, what it loses, and the command that runs it."""
        lost = f"It loses data: {self.plan.losing()}. " if self.plan.losses else ""
        lost = "It loses no data. " if self.plan.keeps_data else lost
        failing = "".join(f"It {line}. " for line in self.plan.obstacles()[:3])
        return CommandError(
            f"{self.plan.intent()}: {self.plan.names()}.\n{lost}{failing}"
            f"Nothing was done; to do it: {self.again}{f'. {self.plan.advice()}' if self.plan.advice() else ''}"
        )
