"""What a look is: a name, the fields of its spec, and a function that observes one thing of a state."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, cast

from kernel_core.util.exc import CommandError

from ..state import NotRecorded, State

MODIFIERS = {
    "at": 'Look at a scratch copy that was moved there first: "base", "head", "-1", "+1", an id, a part of a message, '
    'or "start": where the database was when the exercise began.',
    "database": "Look at another database file of the folder.",
    "sql": "Look at a scratch copy on which this SQL file of the folder was run first.",
    "of": '"models": the tables of models.py instead of those of the database.',
}
"""The fields that every look has."""

OF_LESSON = frozenset({"look", "when", "says", "hint", "name", "also", "is"})
"""The fields of a check or a wrong answer that are not about what is looked at."""


class LookError(CommandError):
    """A spec has a field that is missing, unknown, or of another type."""


class Observed(NamedTuple):
    """What was observed: a value as JSON has it, and a sentence that says what was looked at and what is there."""

    value: object
    sentence: str


class Spec:
    """The fields of a check or of a wrong answer, read with their types; all methods raise LookError."""

    def __init__(self, name: str, fields: Mapping[str, object]) -> None:
        self.name, self.fields = name, fields

    def check(self, known: Mapping[str, str], required: Collection[str], also: Collection[str] = ()) -> None:
        """Check that each field is a ``known`` one, one of ``also`` or one of a lesson, and that none is missing."""
        for name in self.fields:
            if name not in known and name not in also and name not in OF_LESSON:
                raise LookError(f"`{self.name}` has no field {name}. It has {', '.join(known) or 'none'}.")
        for name in required:
            if name not in self.fields:
                raise LookError(f"`{self.name}` needs the field {name}: {known[name]}")

    def text(self, field: str, default: str | None = None) -> str:
        """Return a text; it must be given unless there is a default."""
        value = self.fields.get(field, default)
        if not isinstance(value, str):
            raise LookError(f'`{self.name}` needs {field} = "...", a text; it has {value!r}.')
        return value

    def texts(self, field: str, default: tuple[str, ...] | None = None) -> list[str]:
        """Return a list of texts; a single text is a list of one."""
        value = self.fields.get(field, default)
        if isinstance(value, str):
            return [value]
        if not isinstance(value, list | tuple) or not all(isinstance(each, str) for each in value):
            raise LookError(f'`{self.name}` needs {field} = ["..."], a list of texts; it has {value!r}.')
        return list(value)

    def flag(self, field: str, default: bool) -> bool:
        """Return true or false."""
        value = self.fields.get(field, default)
        if not isinstance(value, bool):
            raise LookError(f"`{self.name}` needs {field} = true or false; it has {value!r}.")
        return value

    def parts(self, known: tuple[str, ...], default: tuple[str, ...] = ()) -> list[str]:
        """Return the parts that are asked for, each one of ``known``."""
        found = self.texts("parts", default)
        for each in found:
            if each not in known:
                raise LookError(f"`{self.name}` has no part {each}. It has {', '.join(known)}.")
        return found


Observe = Callable[[State, Spec], Observed]


@dataclass(frozen=True, slots=True)
class Look:
    """A named look; calling it returns what is observed, and records it in ``state.facts``.

        looks["column"](state, {"table": "airlines", "column": "name"})

    ``fields`` describes the fields of its spec; those in ``required`` must be given. ``example`` is TOML. A state from
    JSON gives what was recorded where rows are needed; NotRecorded is raised where nothing was.
    """

    name: str
    description: str
    observe: Observe
    fields: Mapping[str, str] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    example: str = ""

    def __call__(self, state: State, spec: Mapping[str, object]) -> Observed:
        fields = {name: value for name, value in spec.items() if name not in OF_LESSON}
        self.check(fields)
        key = key_of(self.name, fields)
        if not state.is_live:
            return self._recorded(state, fields, key)
        found = self._observed(state, fields)
        state.facts[key] = [found.value, found.sentence]
        return found

    def _recorded(self, state: State, fields: Mapping[str, object], key: str) -> Observed:
        """Return what a state from JSON shows; where that needs rows or files, what was recorded."""
        try:
            return self.observe(*_chosen(state, Spec(self.name, fields))[:1], Spec(self.name, fields))
        except LookError:
            raise
        except CommandError:
            if key not in state.facts:
                raise NotRecorded("This was not looked at when the snapshot was made.") from None
        value, sentence = state.facts[key]
        return Observed(value, str(sentence))

    def check(self, spec: Mapping[str, object]) -> None:
        """Raise LookError for a field that is unknown or missing."""
        Spec(self.name, spec).check(self.fields, self.required, also=MODIFIERS)

    def _observed(self, state: State, fields: Mapping[str, object]) -> Observed:
        try:
            chosen, where = _chosen(state, Spec(self.name, fields))
            found = self.observe(chosen, Spec(self.name, fields))
        except (LookError, NotRecorded):
            raise
        except CommandError as error:
            return Observed({"failed": True}, f"This could not be looked at: {error}")
        return Observed(found.value, f"{where}{found.sentence}")


looks: dict[str, Look] = {}
"""Every look by its name."""


def look(
    name: str, fields: Mapping[str, str] | None = None, required: tuple[str, ...] = (), example: str = ""
) -> Callable[[Observe], Observe]:
    """Register a function as the look ``name``; its docstring describes it."""

    def register(observe: Observe) -> Observe:
        described = " ".join((observe.__doc__ or "").split())
        looks[name] = Look(name, described, observe, fields or {}, required, example or f'look = "{name}"')
        return observe

    return register


def key_of(name: str, fields: Mapping[str, object]) -> str:
    """Return the text by which a state records what a look has found."""
    return f"{name} {json.dumps(fields, sort_keys=True, ensure_ascii=False, separators=(',', ':'), default=str)}"


def _chosen(state: State, spec: Spec) -> tuple[State, str]:
    """Return the state that a spec looks at, and the beginning of a sentence about it."""
    where = ""
    if "database" in spec.fields:
        state, where = state.of_file(spec.text("database")), f"In {spec.text('database')}: "
    if "sql" in spec.fields:
        state, where = state.after_sql(spec.text("sql")), f"On a scratch copy, after {spec.text('sql')}: "
    if "at" in spec.fields:
        state, where = state.at(spec.text("at")), f"On a scratch copy of your database, at {spec.text('at')}: "
    if "of" in spec.fields:
        if spec.text("of") != "models":
            raise LookError(f'`{spec.name}` needs of = "models", or no field `of` for the database.')
        where = "In models.py: "
    return state, where


def listed(names: object, none: str = "none") -> str:
    """Return names as a text: ``a, b, c``."""
    found = [str(each) for each in cast("list[object]", names)]
    return ", ".join(found) or none
