"""The USING expression of changes of type for which PostgreSQL has no assignment cast.

ALTER COLUMN TYPE converts the values by an assignment cast; where there is none the statement fails without USING
(https://www.postgresql.org/docs/current/sql-altertable.html, https://www.postgresql.org/docs/current/sql-createcast.html).
"""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import Computed, Identity
from sqlalchemy.types import ARRAY, Enum, TypeDecorator

from ...operations.kinds.column import Conversion
from ...util.sql import tokens, without_parameters
from ...util.sqla_compat import AnyType, default_sql
from ..type_comparison import ddl_text, parse_type_text

_FAMILIES = {
    "text": ("char", "character", "varchar", "character varying", "text", "bpchar", "citext", "name"),
    "number": (
        *("smallint", "integer", "bigint", "int2", "int4", "int8"),
        *("numeric", "decimal", "real", "float", "float4", "float8", "double precision"),
    ),
    "boolean": ("boolean", "bool"),
    "moment": ("date", "timestamp", "timestamp without time zone", "timestamp with time zone", "timestamptz"),
    "time": ("time", "time without time zone", "time with time zone", "timetz"),
    "interval": ("interval",),
    "json": ("json", "jsonb"),
    "uuid": ("uuid",),
    "bytes": ("bytea",),
}
_FAMILY = {word: family for family, words in _FAMILIES.items() for word in words}
_ASSIGNED = {("moment", "time"), ("time", "interval"), ("interval", "time")}
"""Pairs of different families with an assignment cast; every type is assigned to text."""
_OF_TYPES = frozenset("().,[]")
"""The signs in the name of a type: ``"app"."Mood"[]``, ``numeric(10,2)``."""
_OWN_WORDS = {
    ("number", "boolean"): "{name} <> 0",
    ("boolean", "number"): "({name}::integer)::{type}",
    ("number", "moment"): "to_timestamp({name})::{type}",
    ("moment", "number"): "extract(epoch from {name})::{type}",
    ("text", "bytes"): "convert_to({name}, 'UTF8')",
}


def conversion(dialect: Dialect, column_name: str, before: AnyType, after: AnyType) -> Conversion | None:
    """Return the conversion of a column's values; None where PostgreSQL does it implicitly, or the types are not known.

    >>> from sqlalchemy import Text, UUID
    >>> from sqlalchemy.dialects import postgresql
    >>> conversion(postgresql.dialect(), "v", Text(), UUID()).options
    {'postgresql_using': 'v::UUID'}
    """
    old, new = _family(dialect, before), _family(dialect, after)
    spelled, was = ddl_text(dialect, after), ddl_text(dialect, before)
    if old is None or new is None or spelled is None or was is None or _is_assigned(old, new, was, spelled):
        return None
    name = dialect.identifier_preparer.quote(column_name)
    using = _using(name, old, new, spelled)
    return Conversion(
        {"postgresql_using": using},
        f"PostgreSQL does not convert {was} to {spelled} implicitly: check postgresql_using. A value that does not "
        "fit makes the statement fail.",
    )


def kept_default(default: object) -> object:
    """Return the default to set again after the change of type: a literal without the cast to the old type."""
    if not is_value_default(default):
        return False
    found = tokens(default_sql(default), "postgresql")
    if len(found) < 3 or found[0].kind != "text" or found[1].text != "::":
        return default
    is_type = all(token.kind in ("word", "name", "number") or token.text in _OF_TYPES for token in found[2:])
    return text(without_parameters(found[0].text)) if is_type else default


def is_value_default(default: object) -> bool:
    """Return whether a server default is a value or an expression: not None, an Identity or Computed."""
    return default is not None and default is not False and not isinstance(default, (Computed, Identity))


def _family(dialect: Dialect, type_: AnyType) -> str | None:
    """Return the family of a type: ``array:`` and that of its items, ``enum``; None for a type that is not known."""
    spelled = type_.dialect_impl(dialect)
    while isinstance(spelled, TypeDecorator):
        spelled = spelled.impl_instance.dialect_impl(dialect)
    if isinstance(spelled, ARRAY):
        item = _family(dialect, spelled.item_type)
        return None if item is None else f"array:{item}"
    if isinstance(spelled, Enum) and getattr(spelled, "native_enum", True):
        return "enum"
    words = ddl_text(dialect, type_)
    return None if words is None else _FAMILY.get(parse_type_text(words).base)


def _is_assigned(old: str, new: str, was: str, spelled: str) -> bool:
    if new == "text" or (old, new) in _ASSIGNED:
        return True
    if old == new and "enum" in old:
        return parse_type_text(was).base == parse_type_text(spelled).base
    if old.startswith("array:") and new.startswith("array:"):
        one, two = old.removeprefix("array:"), new.removeprefix("array:")
        return _is_assigned(one, two, was.partition("[")[0], spelled.partition("[")[0])
    return old == new


def _using(name: str, old: str, new: str, spelled: str) -> str:
    if new.startswith("array:") and not old.startswith("array:"):
        return f"ARRAY[{name}]" if old == new.removeprefix("array:") else f"ARRAY[{name}]::{spelled}"
    if old.startswith("array:") and not new.startswith("array:"):
        return f"{name}[1]::{spelled}"
    own = _OWN_WORDS.get((old, new))
    if own:
        return own.format(name=name, type=spelled)
    if old in ("text", "array:text"):
        return f"{name}::{spelled}"
    return f"{name}::text{'[]' if old.startswith('array:') else ''}::{spelled}"
