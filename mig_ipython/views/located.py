"""Where a database may be in the history: the candidates with their deviations."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kernel_core.adoption import Candidate, Located
from kernel_core.adoption.candidate import as_words
from kernel_core.util.counts import counted

from .html import Html, details, join, page, plain_list, tag, with_code
from .view import View


@dataclass(frozen=True, eq=False, repr=False)
class LocatedView(View):
    """The result of ``%mig_locate``: ``databases`` has a `Located` for each database of the environment.

    ``where`` is the name of the database, where there is one.
    """

    databases: tuple[Located, ...]
    where: str = ""

    @property
    def best(self) -> Candidate:
        """The nearest candidate in the first database."""
        return self.databases[0].best

    @property
    def is_certain(self) -> bool:
        """Whether every database fits exactly one place in the history."""
        return all(each.is_certain for each in self.databases)

    def text(self) -> str:
        return "\n".join(line for each in self._named() for line in (*each.sentences(), *_next(each)))

    def html(self) -> Html:
        return page(join(map(_html, self._named())), label="Candidates")

    def _named(self) -> tuple[Located, ...]:
        """Return the results with the name of the database instead of its URL."""
        if len(self.databases) > 1 or not self.where:
            return self.databases
        return (replace(self.databases[0], target=self.where),)


def _html(found: Located) -> Html:
    lines = found.sentences(most=0)
    shown = found.fitting or found.candidates[:5]
    parts = [tag("p", with_code(lines[0]), class_="mig-lead")]
    if "The version table says" in "".join(lines[1:2]):
        parts.append(tag("p", lines[1], class_="mig-warn"))
    for place, each in enumerate(shown):
        parts.append(_candidate(each, shown=place == 0))
    if found.scratch is not None:
        parts += [tag("p", with_code(line)) for line in found.scratch.sentences()]
    if found.marked is not None:
        parts.append(tag("p", f"Marked as being at {as_words(found.marked)}; before: {as_words(found.stamped)}."))
    parts += [tag("p", with_code(line)) for line in _next(found)]
    return join(parts)


def _candidate(candidate: Candidate, *, shown: bool) -> Html:
    if candidate.deviations is None:
        return tag("p", f"{candidate.name}: not compared in full, at a distance of about {candidate.distance}")
    unknown = [
        f"not followed: {each.revision}, line {each.line}: {each.reason}"
        if each.line
        else f"not followed: {each.revision}: {each.reason}"
        for each in candidate.incomplete
    ]
    items = [*candidate.deviations, *unknown]
    number = len(candidate.deviations)
    head = f"{candidate.name}: {counted(number, 'deviation') if number else 'no deviation'}"
    return details(head, plain_list(items), shown=shown) if items else tag("p", head)


def _next(found: Located) -> tuple[str, ...]:
    """Return the commands that come next, where there are any."""
    if found.marked is not None:
        return ()
    run_them = ("Run what could not be followed on a scratch database: %mig_locate --by-running",)
    return (*_stamping(found), *(run_them if found.may_be_run else ()))


def _stamping(found: Located) -> tuple[str, ...]:
    if not found.fitting:
        return ()
    run_again = "--by-running " if found.scratch is not None and found.scratch.revisions else ""
    if frozenset(found.stamped) in map(frozenset, found.fitting_heads):
        return ()
    if found.is_certain and found.best.heads:
        return (f"Mark the database: %mig_locate {run_again}--stamp",)
    if len(found.fitting_heads) > 1:
        return (f"Choose one: %mig_locate {run_again}--stamp REVISION",)
    return ()
