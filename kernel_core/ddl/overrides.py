"""Whether a dialect overrides a hook of `DefaultImpl`: autogenerate calls it then, and else uses its fast path."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeGuard

from .impl import DefaultImpl

_PROJECT = DefaultImpl.__module__.removesuffix(".ddl.impl")


def is_overridden(impl: DefaultImpl | None, method: str) -> TypeGuard[DefaultImpl]:
    """Return whether a dialect overrides one of `DefaultImpl`'s methods."""
    own = getattr(type(impl), method, None)
    return own is not None and own is not getattr(DefaultImpl, method)


def is_third_party(impl: DefaultImpl | None, name: str) -> bool:
    """Return whether a class of a third party defines the dialect's method or attribute."""
    owner = next((cls for cls in type(impl).__mro__ if name in vars(cls)), None)
    return owner is not None and not owner.__module__.startswith(f"{_PROJECT}.")


def same_by_hook(impl: DefaultImpl | None, hook: str, model: object, reflected: Callable[[], object]) -> bool | None:
    """Return whether a dialect's hook, such as ``compare_indexes``, finds two objects equal; None without such a hook.

    ``reflected`` returns the database's object, or None; it is used only for a dialect with the hook. Objects that the
    hook skips count as equal, because they stay unchanged.
    """
    existing = reflected() if is_overridden(impl, hook) else None
    return None if existing is None else not getattr(impl, hook)(model, existing).is_different
