"""What a check can look at: each look returns a value that is compared, and a sentence that describes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias, cast

from ..sealed import Json
from ..state import State


@dataclass(frozen=True, slots=True)
class Observed:
    """The value of a look, and a sentence that says what is there."""

    value: Json
    sentence: str


Spec: TypeAlias = Mapping[str, Json]


def column(state: State, spec: Spec) -> Observed:
    """Return the type of ``column`` of ``table``; None where there is none."""
    columns = cast("dict[str, Json]", state.tables.get(str(spec["table"])) or {})
    found = columns.get(str(spec["column"]))
    what = f"Column {spec['column']} of {spec['table']}"
    return Observed(found, f"{what} has the type {found}." if found is not None else f"{what} does not exist.")


def rows(state: State, spec: Spec) -> Observed:
    """Return the number of rows of ``table``; None where there is no such table."""
    found = state.rows.get(str(spec["table"]))
    return Observed(found, f"Table {spec['table']} has {found or 'no'} rows.")


def revision_count(state: State, spec: Spec) -> Observed:
    """Return the number of revisions on disk."""
    return Observed(len(state.revisions), f"The history has {len(state.revisions)} revisions.")


looks: dict[str, Callable[[State, Spec], Observed]] = {"column": column, "rows": rows, "revision_count": revision_count}
