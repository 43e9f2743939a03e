"""What ``sqlalchemy.inspect()`` does with our own classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import inspection

F = TypeVar("F", bound=Callable[..., object])


def inspects(cls: type) -> Callable[[F], F]:
    """Return a decorator for the function that ``sqlalchemy.inspect()`` calls with an object of ``cls``."""

    def register(function: F) -> F:
        inspection._registrars[cls] = function
        return function

    return register
