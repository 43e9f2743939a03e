"""A change of a column's type: whether it keeps every value, and how values are converted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.types import Integer

from ....util.sqla_compat import AnyType
from ...json_form.codec import encode, register_value

_WIDER: Mapping[str, tuple[str, ...]] = {
    "SMALLINT": ("INTEGER", "BIGINT", "NUMERIC", "FLOAT", "DOUBLE", "VARCHAR", "TEXT"),
    "INTEGER": ("BIGINT", "NUMERIC", "VARCHAR", "TEXT"),
    "BIGINT": ("NUMERIC", "VARCHAR", "TEXT"),
    "FLOAT": ("DOUBLE",),
    "VARCHAR": ("TEXT",),
    "CHAR": ("VARCHAR", "TEXT"),
    "DATE": ("DATETIME", "TIMESTAMP"),
}

_BITS = {"TINYINT": 7, "BOOLEAN": 7, "SMALLINT": 15, "SMALLINTEGER": 15, "MEDIUMINT": 23, "INTEGER": 31, "BIGINT": 63}
_BITS |= {"BIGINTEGER": 63}
_BYTES = {"TINYTEXT": 2**8, "TINYBLOB": 2**8, "TEXT": 2**16, "BLOB": 2**16, "MEDIUMTEXT": 2**24, "MEDIUMBLOB": 2**24}
_BYTES |= {"LONGTEXT": 2**32, "LONGBLOB": 2**32}
_BYTES_OF_CHARACTER = 4


@dataclass(frozen=True, slots=True)
class Conversion:
    """How old values are converted to a new type, where the database does not do it implicitly.

    ``options`` are arguments of ``alter_column`` (``postgresql_using``), ``remark`` is what the reader should check.
    """

    options: Mapping[str, object]
    remark: str


register_value(
    "conversion",
    Conversion,
    lambda conversion: {"options": encode(dict(conversion.options)), "remark": conversion.remark},
    lambda json: Conversion(json.need("options", dict), json.need("remark", str)),
)


def is_lossless(before: AnyType | None, after: AnyType) -> bool:
    """Return whether every value of the old type fits the new one; False where that is not known."""
    if before is None or (getattr(after, "unsigned", False) and not getattr(before, "unsigned", False)):
        return False
    if isinstance(before, Integer) and isinstance(after, Integer):
        (old_low, old_high), (new_low, new_high) = integer_range(before), integer_range(after)
        return new_low <= old_low and old_high <= new_high
    if _is_smaller_text(before, after):
        return False
    old, new = _generic(before), _generic(after)
    if new[0] == "TEXT" and new[1] is None and old[0] in ("VARCHAR", "CHAR", "TEXT", "INTEGER", "SMALLINT", "BIGINT"):
        return True
    if old[0] == new[0] or (old[0] == "CHAR" and new[0] == "VARCHAR"):
        old_size, new_size = old[1], new[1]
        return new_size is None or (
            old_size is not None and all(a <= b for a, b in zip(old_size, new_size, strict=True))
        )
    return new[0] in _WIDER.get(old[0], ()) and (new[1] is None or isinstance(before, Integer) is False)


def integer_range(type_: AnyType) -> tuple[int, int]:
    """Return the smallest and the largest integer of a type."""
    bits = _BITS.get(_name(type_).replace("_", ""), 31)
    if getattr(type_, "unsigned", False):
        return 0, 2 ** (bits + 1) - 1
    return -(2**bits), 2**bits - 1


def byte_limit(type_: AnyType) -> int | None:
    """Return how many bytes a text or blob of MariaDB and MySQL can have; None for a type that other databases have."""
    name = _name(type_)
    return _BYTES[name] - 1 if name in _BYTES and name not in ("TEXT", "BLOB") else None


def _is_smaller_text(before: AnyType, after: AnyType) -> bool:
    """Return whether a text of MariaDB and MySQL may be too long, in bytes, for another one of their types."""
    if byte_limit(before) is None and byte_limit(after) is None:
        return False
    length = getattr(before, "length", None)
    old = _BYTES.get(_name(before)) or (length * _BYTES_OF_CHARACTER + 1 if isinstance(length, int) else None)
    new = _BYTES.get(_name(after))
    return old is not None and new is not None and old > new


def _name(type_: AnyType) -> str:
    return type(type_).__visit_name__.upper()


def _generic(type_: AnyType) -> tuple[str, tuple[int, ...] | None]:
    """Return a type's family and its size: the length, or integer digits and scale."""
    name = type_.as_generic(allow_nulltype=True).__visit_name__.upper() if type_ is not None else ""
    family = {"STRING": "VARCHAR", "UNICODE": "VARCHAR", "UNICODE_TEXT": "TEXT", "SMALL_INTEGER": "SMALLINT"}
    family |= {"BIG_INTEGER": "BIGINT", "DECIMAL": "NUMERIC", "REAL": "FLOAT", "DOUBLE_PRECISION": "DOUBLE"}
    length = getattr(type_, "length", None)
    precision, scale = getattr(type_, "precision", None), getattr(type_, "scale", None)
    size: tuple[int, ...] | None = None
    if isinstance(length, int):
        size = (length,)
    elif isinstance(precision, int):
        size = (precision - (scale or 0), scale or 0)
    return family.get(name, name), size
