"""Whether a dialect does something of its own: then autogenerate asks it, and else takes the quick way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeGuard

from .impl import DefaultImpl

_OURS = DefaultImpl.__module__.removesuffix(".ddl.impl")


def is_overridden(impl: DefaultImpl | None, method: str) -> TypeGuard[DefaultImpl]:
    """Tell whether a dialect does something of its own in one of `DefaultImpl`'s methods."""
    own = getattr(type(impl), method, None)
    return own is not None and own is not getattr(DefaultImpl, method)


def is_third_party(impl: DefaultImpl | None, name: str) -> bool:
    """Tell whether a third party's dialect does so, or has an attribute of its own: it wants to be asked each time."""
    owner = next((cls for cls in type(impl).__mro__ if name in vars(cls)), None)
    return owner is not None and not owner.__module__.startswith(f"{_OURS}.")


def same_by_hook(impl: DefaultImpl | None, hook: str, model: Any, reflected: Callable[[], Any]) -> bool | None:
    """Return what a dialect's own ``compare_indexes`` and its like say of two objects; None where it says nothing.

    ``reflected`` makes the object of the database, and is called only for such a dialect; it may give None. What the
    dialect skips stays as it is, and so counts as the same.
    """
    existing = reflected() if is_overridden(impl, hook) else None
    return None if existing is None else not getattr(impl, hook)(model, existing).is_different
