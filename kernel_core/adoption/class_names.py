"""Valid Python names of classes and attributes, for tables and columns of any name."""

from __future__ import annotations

import keyword
import re
from collections.abc import Collection

_OF_DECLARATIVE = frozenset({"metadata", "registry", "type_annotation_map"})


def class_name(table: str, taken: Collection[str]) -> str:
    """Return a class name for a table.

    >>> class_name("order_items", ())
    'OrderItems'
    """
    words = [word for word in re.split(r"[\W_]+", table) if word]
    joined = "".join(word[0].upper() + word[1:] for word in words)
    return _free(joined if joined[:1].isalpha() else f"T{joined}", taken)


def attribute_name(column: str, taken: Collection[str]) -> str:
    """Return an attribute name for a column.

    >>> attribute_name("Full Name", ()), attribute_name("class", ()), attribute_name("2nd", ())
    ('Full_Name', 'class_', 'c_2nd')
    """
    name = re.sub(r"\W", "_", column)
    name = name.lstrip("_") or "c"
    if not name[0].isalpha():
        name = f"c_{name}"
    if keyword.iskeyword(name) or name in _OF_DECLARATIVE:
        name += "_"
    return _free(name, taken)


def _free(name: str, taken: Collection[str]) -> str:
    number, found = 2, name
    while found in taken:
        found, number = f"{name}_{number}", number + 1
    return found
