"""Types: their ``repr``, their variants, their affinity."""

from __future__ import annotations

from typing import Any

from sqlalchemy.dialects.postgresql import DOMAIN
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.types import TypeEngine

AnyType = TypeEngine[Any]
"""A type of SQLAlchemy, whatever the Python type of its values."""
_OF_DOMAINS = ("collation", "default", "constraint_name", "not_null", "check")


def same_affinity(before: AnyType, after: AnyType) -> bool:
    """Return whether two types have one affinity (two strings, two integers), so that values need no cast."""
    return before._type_affinity is after._type_affinity


def type_repr(type_: AnyType) -> str:
    """Return the type's ``repr`` with what SQLAlchemy omits: create_type=False, and the options of a DOMAIN."""
    text = repr(type_)
    stated: dict[str, object] = {} if getattr(type_, "create_type", True) else {"create_type": False}
    if isinstance(type_, DOMAIN):
        stated |= {name: getattr(type_, name) for name in _OF_DOMAINS if getattr(type_, name, None) is not None}
    for name, value in stated.items():
        if f"{name}=" not in text:
            words = str(value) if isinstance(value, ClauseElement) else value
            text = f"{text.removesuffix(')')}, {name}={words!r})"
    return text


def type_variants(type_: AnyType) -> dict[str, AnyType]:
    """Return dialect name -> type for each ``with_variant``."""
    return dict(getattr(type_, "_variant_mapping", None) or {})


def without_variants(type_: AnyType) -> AnyType:
    """Return the type without its variants."""
    if not type_variants(type_):
        return type_
    plain = type_.copy()
    plain._variant_mapping = type(type_._variant_mapping)()
    return plain
