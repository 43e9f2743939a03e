"""Which rows of a table of cases the quick run tries; the others are marked ``sweep`` and run in full."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import pytest


def sampled(rows: Iterable[Any], quick: int | Collection[Any]) -> list[Any]:
    """Return the rows for ``parametrize``: the first ``quick`` ones, or those named, in the quick run.

    @pytest.mark.parametrize("what", sampled(CASES, 3))
    """
    return [
        row
        if (place < quick if isinstance(quick, int) else row in quick)
        else pytest.param(*(row if isinstance(row, tuple) else (row,)), marks=pytest.mark.sweep)
        for place, row in enumerate(rows)
    ]
