"""What ``sqlalchemy.inspect()`` does with our own classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import inspection


def inspects(cls: type) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    """Return a decorator for the function that ``sqlalchemy.inspect()`` calls with an object of ``cls``."""

    def register(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        inspection._registrars[cls] = function
        return function

    return register
