"""What a dialect finds out about types, once for all types that are alike."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from sqlalchemy.types import SchemaType

from .types import AnyType


class TypeMemos:
    """What a dialect found out about types: known once for all that cannot be told apart, not for each object again.

    Those are types of SQLAlchemy's own of the same class, whose attributes are the same plain values.
    """

    def __init__(self) -> None:
        self._alike: dict[object, object] = {}
        self._single: WeakKeyDictionary[AnyType, object] = WeakKeyDictionary()

    def __contains__(self, type_: AnyType) -> bool:
        values = values_of_type(type_)
        return type_ in self._single if values is None else values in self._alike

    def __getitem__(self, type_: AnyType) -> object:
        values = values_of_type(type_)
        return self._single[type_] if values is None else self._alike[values]

    def __setitem__(self, type_: AnyType, found: object) -> None:
        values = values_of_type(type_)
        if values is None:
            self._single[type_] = found
        else:
            self._alike[values] = found


_OWN_WRITTEN: set[type] = set()
"""The classes of SQLAlchemy's own that were asked for, with those that create schema objects."""
_IMMUTABLE = frozenset({str, int, float, bool, type(None)})
_WITHOUT_EFFECT = frozenset({"dispatch", "_variant_mapping"}) | {
    "_expression_adaptations",
    "_generic_type_affinity",
    "_static_cache_key",
    "_type_affinity",
}
"""Attributes that say nothing of a type: the listeners and no variants of a Boolean that belongs to a table, and what
SQLAlchemy keeps of a type once a query used its column."""


def key_of_type(type_: AnyType) -> object:
    """Return a key that types have in common which are written as the same code; None where that is not known.

    Those are types of SQLAlchemy's own of the same class, whose attributes are the same immutable values.
    """
    class_, values = type(type_), type_.__dict__
    if class_ not in _OWN_WRITTEN:
        if not class_.__module__.startswith("sqlalchemy."):
            return None
        _OWN_WRITTEN.add(class_)
    if not values:
        return class_
    kinds = tuple(map(type, values.values()))
    if not _IMMUTABLE.issuperset(kinds):
        if values.get("_variant_mapping"):
            return None
        values = {name: value for name, value in values.items() if name not in _WITHOUT_EFFECT}
        kinds = tuple(map(type, values.values()))
        if not _IMMUTABLE.issuperset(kinds):
            return None
    return (class_, kinds, *values, *values.values())  # the kinds, as 1 == True, and repr() shows which


_PLAIN = frozenset({bool, int, str, type(None)})
_OWN: set[type] = set()
"""The classes of SQLAlchemy's own that were asked for, without those that create schema objects."""


def values_of_type(type_: AnyType) -> tuple[object, ...] | None:
    """Return all that a type is, or None where it is more than plain values, or not SQLAlchemy's own."""
    class_, values = type(type_), vars(type_)
    if class_ not in _OWN:
        if not class_.__module__.startswith("sqlalchemy.") or issubclass(class_, SchemaType):
            return None
        _OWN.add(class_)
    if not values:
        return (class_,)
    kinds = tuple(map(type, values.values()))
    return (class_, kinds, *values.items()) if _PLAIN.issuperset(kinds) else None
