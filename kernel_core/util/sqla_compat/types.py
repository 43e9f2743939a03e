"""What types say of themselves."""

from __future__ import annotations

from typing import Any

from sqlalchemy.types import TypeEngine


def same_affinity(before: TypeEngine[Any], after: TypeEngine[Any]) -> bool:
    """Tell whether two types are of one kind (two strings, two integers), so that values need no cast between them."""
    return before._type_affinity is after._type_affinity


def type_repr(type_: Any) -> str:
    """Return the type's ``repr``, with the ``create_type=False`` that SQLAlchemy 2.0 leaves out of it."""
    text = repr(type_)
    if getattr(type_, "create_type", True) or "create_type" in text:
        return text
    return f"{text.removesuffix(')')}, create_type=False)"


def type_variants(type_: Any) -> dict[str, Any]:
    """Return dialect name -> type of what ``with_variant`` was told."""
    return dict(getattr(type_, "_variant_mapping", None) or {})


def without_variants(type_: Any) -> Any:
    """Return the type that ``with_variant`` was called on."""
    if not type_variants(type_):
        return type_
    plain = type_.copy()
    plain._variant_mapping = type(type_._variant_mapping)()
    return plain
