"""The plan of a run: its revisions, their operations, data loss and blockers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from kernel_core.util.counts import counted

from .html import Html, join, page, plain_list, tag
from .operations import Line
from .text import short
from .view import View

LONGEST = 50
"""Of more steps than this only the number is shown."""

_VERBS = {"upgrade": ("upgrade by", "▲ up"), "downgrade": ("undo", "▼ down")}


@dataclass(frozen=True)
class Loss:
    """An operation that loses data: the table, the operation in words, what is lost, and how many rows there are now.

    ``rows`` is None where nobody can count them, and one more than a million where there are more.
    """

    table: str
    sentence: str
    text: str
    rows: int | None

    def __str__(self) -> str:
        return f"{self.sentence}: {self.text} ({_counted(self.rows)})"


@dataclass(frozen=True)
class Blocker:
    """An operation that fails because of existing rows, or may fail where they cannot be counted.

    ``rows`` is how many stop it, None where that is not known; ``always`` means that it fails whatever they are.
    """

    table: str
    sentence: str
    text: str
    rows: int | None = None
    always: bool = False

    @property
    def is_certain(self) -> bool:
        """Whether it fails on the current data of the database."""
        return self.always or bool(self.rows)

    def __str__(self) -> str:
        counted = "" if self.always else f" ({_counted(self.rows)})"
        return f"{'will fail' if self.is_certain else 'may fail'}: {self.sentence}: {self.text}{counted}"


def _counted(rows: int | None) -> str:
    if rows is None:
        return "not counted"
    most = 1_000_000
    return f"more than {counted(most, 'row')}" if rows > most else counted(rows, "row")


@dataclass(frozen=True)
class PlannedStep:
    """One revision of a plan; ``ask`` returns its operations as sentences, None if only a run can tell.

    ``source`` is the text of its version file.
    """

    revision: str
    doc: str
    ask: Callable[[], tuple[Line, ...] | None]
    source: str = field(default="", repr=False)

    @cached_property
    def lines(self) -> tuple[Line, ...] | None:
        """The operations as sentences; None if the file cannot be described without running it."""
        return self.ask()

    def told(self) -> tuple[str, ...]:
        """Return its operations, one line each."""
        if self.lines is None:
            return ("runs Python code: its effect is known only after it has run",)
        return tuple(f"{line.sign} {line.sentence}" for line in self.lines)


@dataclass(frozen=True, eq=False, repr=False)
class Plan(View):
    """The steps of an upgrade or downgrade, in order; false when there is nothing to do.

    ``losses`` is what would lose data that the database has now, ``blockers`` what would make it fail; ``sql`` is the
    whole script, made when it is asked for. ``keeps_data``: it is certain that nothing is lost. ``notes`` say
    that it cannot be rolled back, and what cannot be downgraded afterwards. ``by_target`` are the revisions of each
    target, with its number (`env_target`), where the environment computes its targets.
    """

    verb: str
    target: str
    steps: tuple[PlannedStep, ...]
    losses: tuple[Loss, ...]
    where: str
    dialect: str
    ask_sql: Callable[[], str] = field(repr=False)
    blockers: tuple[Blocker, ...] = ()
    keeps_data: bool = False
    notes: tuple[str, ...] = ()
    by_target: tuple[tuple[int, frozenset[str]], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.steps)

    def __len__(self) -> int:
        return len(self.steps)

    def has(self, revision: str, target: int) -> bool:
        """Return whether a revision is one of the steps, in this target where the plan distinguishes targets."""
        if self.by_target:
            return revision in dict(self.by_target).get(target, ())
        return any(step.revision == revision for step in self.steps)

    @cached_property
    def sql(self) -> str:
        """The SQL of all steps; each revision's function is run in offline mode to write it."""
        return self.ask_sql()

    def summary(self) -> str:
        """Return the plan in one line."""
        if not self.steps:
            return f"{self.where}: nothing to do"
        return f"{self.intent()}; it loses data: {self.losing()}" if self.losses else self.intent()

    def intent(self) -> str:
        """Return the action and its target in a few words."""
        return f"{self.where}: this would {_VERBS[self.verb][0]} {counted(len(self.steps), 'revision')}"

    def losing(self) -> str:
        """Return a summary of the data loss; "" if there is none."""
        more = f"; and {len(self.losses) - 3} more" if len(self.losses) > 3 else ""
        return f"{'; '.join(map(str, self.losses[:3]))}{more}"

    def names(self) -> str:
        """Return the revisions in one line, the first few with their messages."""
        shown = [f"{step.revision} ({short(step.doc, 40)})" for step in self.steps[:5]]
        return ", ".join(shown) + (f" and {len(self.steps) - 5} more" if len(self.steps) > 5 else "")

    def obstacles(self) -> tuple[str, ...]:
        """Return the blockers (the first ten) and the notes, one line each."""
        told = tuple(map(str, self.blockers[:10]))
        more = (f"and {len(self.blockers) - 10} more",) if len(self.blockers) > 10 else ()
        return (*told, *more, *self.notes)

    def advice(self) -> str:
        """Return the command that tries it on a clone, where existing rows are lost or may make it fail; else ""."""
        if not (self.losses or self.blockers):
            return ""
        target = f" {self.target}" if self.target != "head" else ""
        return f"To try it on a clone first: %mig_rehearse{target}{' --downgrade' if self.verb == 'downgrade' else ''}"

    def text(self) -> str:
        failing = (f"  ! {line}" for line in self.obstacles())
        advice = (self.advice(),) if self.advice() else ()
        return "\n".join((self.summary(), *failing, *steps_text(self.steps, _VERBS[self.verb][1]), *advice))

    def html(self) -> Html:
        warned = (tag("p", f"loses data: {loss}", class_="mig-warn") for loss in self.losses)
        return page(
            tag("p", self.intent() if self.steps else self.summary(), class_="mig-lead"),
            *warned,
            *(tag("p", line, class_="mig-warn") for line in self.obstacles()),
            steps_html(self.steps),
            *((tag("p", self.advice()),) if self.advice() else ()),
            label="Plan",
        )


def steps_text(steps: Sequence[PlannedStep], sign: str) -> list[str]:
    """Return the steps as lines, each with its operations beneath."""
    if len(steps) > LONGEST:
        return [f"  {sign} {step.revision} {short(step.doc)}".rstrip() for step in steps]
    lines = []
    for step in steps:
        lines.append(f"  {sign} {step.revision} {short(step.doc)}".rstrip())
        lines += [f"      {told}" for told in step.told()]
    return lines


def steps_html(steps: Sequence[PlannedStep]) -> Html:
    """Return the steps as a list, each with its operations."""
    return tag(
        "ol", join(tag("li", tag("code", step.revision), " ", step.doc, _told(step, len(steps))) for step in steps)
    )


def _told(step: PlannedStep, several: int) -> Html:
    if several > LONGEST:
        return Html()
    return plain_list(step.told())
