"""What the operations on constraints share."""

from __future__ import annotations

from typing import Any

from sqlalchemy.schema import Constraint

from ...fields import Field
from ...operation import without_empty

NAME = Field("constraint_name", "identifier", label="name", optional=True)


def name_of(constraint: Constraint) -> str | None:
    """Return the constraint's name; None where it has none, or waits for a convention to give it one."""
    return constraint.name if isinstance(constraint.name, str) else None


def timing(constraint: Constraint) -> dict[str, Any]:
    """Return when the constraint is checked, as far as it says: ``deferrable``, ``initially``."""
    return without_empty({"deferrable": constraint.deferrable, "initially": constraint.initially})
