"""Types: their ``repr``, their variants, their affinity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import TypeCompiler
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.types import TypeEngine, UserDefinedType

from ..exc import UnsupportedOperation
from .dialect_classes import is_of_postgresql
from .expressions import by_dialect

AnyType = TypeEngine[Any]
"""A type of SQLAlchemy, whatever the Python type of its values."""
_OF_DOMAINS = ("schema", "collation", "collation_schema", "default", "constraint_name", "not_null", "check")


class TypeByDialect(UserDefinedType[Any]):
    """A type of which only the SQL is known: ``texts`` has it by names of dialects; ``name`` is that of its class."""

    cache_ok = True

    def __init__(self, name: str, texts: Mapping[str, str]) -> None:
        self.name, self.texts = name, dict(texts)

    @property
    def _static_cache_key(self) -> Any:
        return (type(self), self.name, tuple(self.texts.items()))

    def __repr__(self) -> str:
        return f"TypeByDialect({self.name!r}, {self.texts!r})"

    def get_col_spec(self, **kw: object) -> str:
        """Return the SQL of the first dialect, for those who ask without one."""
        return next(iter(self.texts.values()))


@compiles(TypeByDialect)
def _type_by_dialect(type_: TypeByDialect, compiler: TypeCompiler, **kw: object) -> str:
    found = by_dialect(type_.texts, compiler.dialect.name)
    if found is None:
        raise UnsupportedOperation(
            f"The type {type_.name} is known for {', '.join(type_.texts)} only, not for {compiler.dialect.name}."
        )
    return found


def same_affinity(before: AnyType, after: AnyType) -> bool:
    """Return whether two types have one affinity (two strings, two integers), so that values need no cast."""
    return before._type_affinity is after._type_affinity


def type_repr(type_: AnyType) -> str:
    """Return the type's ``repr`` with what SQLAlchemy omits: create_type=False, and the options of a DOMAIN."""
    text = repr(type_)
    stated: dict[str, object] = {} if getattr(type_, "create_type", True) else {"create_type": False}
    if is_of_postgresql(type_, "DOMAIN"):
        stated |= {name: getattr(type_, name) for name in _OF_DOMAINS if getattr(type_, name, None) is not None}
    own = text.replace(repr(getattr(type_, "data_type", None)), "")  # a DOMAIN over a type with a collation
    for name, value in stated.items():
        if f"{name}=" not in own:
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
