"""What a detector is: a name, and a function that recognises one mistake by the states before and after an answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from kernel_core.util.exc import CommandError

from ..looks import LookError, Spec
from ..state import State
from ..state.history import Revision


@dataclass(frozen=True, slots=True)
class Context:
    """What is known besides the states: the fields of the wrong answer, and the error of the cell ("" without one)."""

    spec: Mapping[str, object] = field(default_factory=dict)
    error: str = ""

    @property
    def fields(self) -> Spec:
        """The fields, to be read with their types."""
        return Spec(str(self.spec.get("when", "detector")), self.spec)

    def tables(self, state: State) -> list[str]:
        """Return the table that the wrong answer is about, or else every table of a state."""
        return [self.fields.text("table")] if "table" in self.spec else list(state.schema["tables"])


Detect = Callable[[State, State, Context], "str | None"]


@dataclass(frozen=True, slots=True)
class Detector:
    """A named detector; calling it returns a sentence about the mistake, or None.

        detectors["two_heads"](before, after, Context())       # "The history has 2 heads: 1f2e, 3c4d."

    ``fields`` are those of the wrong answer that it reads; those in ``required`` must be given. What cannot be known of
    a state, because a run on a scratch copy fails or the state has no rows, counts as no mistake: None.
    """

    name: str
    description: str
    detect: Detect
    fields: Mapping[str, str] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    example: str = ""

    def __call__(self, before: State, after: State, context: Context) -> str | None:
        self.check(context.spec)
        try:
            return self.detect(before, after, context)
        except LookError:
            raise
        except CommandError:
            return None

    def check(self, spec: Mapping[str, object]) -> None:
        """Raise LookError for a field that is unknown or missing."""
        Spec(self.name, spec).check(self.fields, self.required)


detectors: dict[str, Detector] = {}
"""Every detector by its name."""


def detector(
    name: str, fields: Mapping[str, str] | None = None, required: tuple[str, ...] = (), example: str = ""
) -> Callable[[Detect], Detect]:
    """Register a function as the detector ``name``; its docstring describes it."""

    def register(detect: Detect) -> Detect:
        described = " ".join((detect.__doc__ or "").split())
        detectors[name] = Detector(name, described, detect, fields or {}, required, example or f'when = "{name}"')
        return detect

    return register


TABLE = {"table": "Only this table; by default all."}
"""The field of most detectors."""

COLUMN = {"table": "The table.", "column": "The column."}
"""The fields of detectors of one column."""


def new_revisions(before: State, after: State) -> list[Revision]:
    """Return the revisions that were not there before."""
    known = {each["id"] for each in before.revisions}
    return [each for each in after.revisions if each["id"] not in known]


def changed_revisions(before: State, after: State) -> list[Revision]:
    """Return the revisions that are new, or do something else than before."""
    known = {each["id"]: each["hash"] for each in before.revisions}
    return [each for each in after.revisions if known.get(each["id"]) != each["hash"]]


def operations(revision: Revision, *kinds: str) -> Iterator[dict[str, object]]:
    """Yield the operations of ``upgrade()``, of some kinds or all."""
    for each in revision["upgrade"]["operations"]:
        if not kinds or each["operation"] in kinds:
            yield each


def added_column(operation: Mapping[str, object]) -> Mapping[str, object]:
    """Return the column that an ``add_column`` adds."""
    column = operation.get("column")
    return column if isinstance(column, Mapping) else {}


def sql_of(operation: Mapping[str, object]) -> str:
    """Return the SQL of an ``execute``, "" for another operation."""
    sql = operation.get("sqltext", "")
    return str(sql.get("sql", sql) if isinstance(sql, Mapping) else sql)
