"""Of several drops and additions, the pairs that are clear."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

D = TypeVar("D")
A = TypeVar("A")

MARGIN = 0.08
"""By how much a pair must be better than every other pair with one of its two."""


def clear_pairs(scores: Mapping[tuple[D, A], float]) -> list[tuple[D, A]]:
    """Return the pairs of which each is by far the best for both of its members, the best first.

    A pair that was taken may make another one clear. Where two are about as good, neither is returned: a rename that
    is missed costs a click, a wrong one costs the data.

    >>> clear_pairs({("a", "x"): 0.9, ("a", "y"): 0.88, ("b", "z"): 0.8})
    [('b', 'z')]
    """
    left, taken = dict(scores), []
    while left:
        best = max(left, key=lambda pair: left[pair])
        rivals = [pair for pair in left if pair != best and _meet(pair, best) and left[best] - left[pair] < MARGIN]
        if not rivals:
            taken.append(best)
        decided = [best, *rivals]
        left = {pair: score for pair, score in left.items() if not any(_meet(pair, other) for other in decided)}
    return taken


def _meet(one: tuple[D, A], two: tuple[D, A]) -> bool:
    return one[0] == two[0] or one[1] == two[1]
