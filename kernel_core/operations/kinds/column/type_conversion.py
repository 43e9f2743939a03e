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
    if before is None:
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
