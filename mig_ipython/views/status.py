"""The status: database, environment, current revision, heads, pending revisions, and the next command."""

from __future__ import annotations

from dataclasses import dataclass

from kernel_core.util.counts import listed

from .html import Html, page, table, tag, with_code
from .revisions import Broken, TargetState
from .view import View


@dataclass(frozen=True, eq=False, repr=False)
class Status(View):
    """The status; each fact is an attribute, ``next`` the command that makes sense now.

    ``half_done`` are revisions of which only a part is committed, ``running`` those that another process runs now.
    ``drift`` is the number of differences between models and database, None where it was not asked; ``notes`` are
    sentences about what blocks the next step, ``warnings`` the differences that no operation can remove, ``targets``
    where each of several version tables is.
    """

    database: str = ""
    environment: str = ""
    models: str = ""
    current: tuple[str, ...] = ()
    heads: tuple[str, ...] = ()
    pending: int | None = None
    drift: int | None = None
    next: str = ""
    broken: tuple[Broken, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    targets: tuple[TargetState, ...] = ()
    half_done: tuple[str, ...] = ()
    running: tuple[str, ...] = ()

    def facts(self) -> list[tuple[str, str]]:
        """Return the facts as (name, text)."""
        facts = [("database", self.database or "not connected"), ("environment", self.environment or "none")]
        nothing = "not known" if self.pending is None else "base (nothing applied)"
        if self.environment:
            facts.append(("current", ", ".join(self.current) or nothing))
            facts.append(
                (
                    "heads",
                    listed(self.heads) or ("none that can be read" if self.broken else "none (no revision written)"),
                )
            )
        facts += [("unfinished", f"⚠ {one}") for one in self.half_done]
        facts += [("running now", f"⚠ {one}") for one in self.running]
        if self.pending is not None:
            facts.append(("pending", str(self.pending)))
        facts += [("target", str(target)) for target in self.targets]
        if self.models:
            facts.append(("models", self.models))
        if self.drift is not None:
            facts.append(("drift", self._drift()))
        facts += [("broken", str(one)) for one in self.broken]
        facts += [("note", note) for note in (*self.warnings, *self.notes)]
        facts.append(("next", self.next))
        return facts

    def _drift(self) -> str:
        if self.drift:
            return f"{self.drift} not in a revision yet"
        return "none that an operation removes" if self.warnings else "none: the database matches the models"

    def text(self) -> str:
        return "\n".join(f"{name:<12} {said}" for name, said in self.facts())

    def html(self) -> Html:
        rows = [(tag("b", name), _shown(name, said)) for name, said in self.facts()]
        return page(table(("", ""), rows), label="Status")


def _shown(name: str, said: str) -> Html:
    """Return the text of a fact; a command is formatted as code."""
    return tag("code", said) if name == "next" and said.startswith("%") else with_code(said)
