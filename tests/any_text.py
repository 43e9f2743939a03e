"""Texts of any characters, for tests of properties."""

from __future__ import annotations

from hypothesis import strategies as st

ANY_CHARACTER = st.characters(exclude_categories=["Cs"])
"""The characters of ``st.text()``, which encodes each of the million first: seconds of each worker in a new tree."""


def any_text(*, min_size: int = 0, max_size: int | None = None) -> st.SearchStrategy[str]:
    """Return the strategy ``st.text()`` of the same sizes."""
    return st.text(ANY_CHARACTER, min_size=min_size, max_size=max_size)
