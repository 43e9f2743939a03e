"""Classes of SQLAlchemy's dialects: a dialect is only imported once it is in use.

The PostgreSQL one takes 25 ms. While the module of a class is not imported, no object can be of that class.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TypeGuard

if TYPE_CHECKING:
    from sqlalchemy.dialects.postgresql import ExcludeConstraint


def is_of_postgresql(item: object, *names: str) -> bool:
    """Return whether an object is of a class of ``sqlalchemy.dialects.postgresql``.

    >>> is_of_postgresql("a text", "ENUM", "DOMAIN")
    False
    """
    module = sys.modules.get("sqlalchemy.dialects.postgresql")
    return module is not None and isinstance(item, tuple(getattr(module, name) for name in names))


def is_exclude_constraint(item: object) -> TypeGuard[ExcludeConstraint]:
    """Return whether an object is an ExcludeConstraint of PostgreSQL."""
    return is_of_postgresql(item, "ExcludeConstraint")


def new_exclude_constraint(*elements: Any, **options: Any) -> ExcludeConstraint:
    """Return a new ExcludeConstraint."""
    from sqlalchemy.dialects.postgresql import ExcludeConstraint  # noqa: PLC0415 - only PostgreSQL has them

    return ExcludeConstraint(*elements, **options)
