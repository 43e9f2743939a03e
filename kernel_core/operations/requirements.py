"""Catalog objects that one operation provides and another requires, by which a list of operations is ordered."""

from __future__ import annotations

from sqlalchemy import Enum, Sequence
from sqlalchemy.types import ARRAY

from ..util.sql import sequences_in
from ..util.sqla_compat import AnyColumn, AnyType, default_argument, sql_text

Requirement = tuple[str, ...]
"""A catalog object that one operation provides and another requires.

``("table", schema, name)``, ``("column", schema, table, name)``, ``("constraint", schema, table, name)``,
``("index", schema, name)``, ``("unique", schema, table, *columns)`` (what a foreign key refers to),
``("schema", name)``, ``("sequence", schema, name)``, ``("type", schema, name)``,
``("value", schema, enum type, value)``.
``("freed", *object)`` says that nothing depends on the object any more, ``("gone", *object)`` that its name is free."""


def key(schema: str | None, *names: str) -> Requirement:
    """Return the end of a `Requirement`, which names the object: the schema ("" for the default one) and the names."""
    return (schema or "", *(str(name) for name in names))


def requirements_of_type(type_: AnyType | None) -> frozenset[Requirement]:
    """Return the enum type, and each of its values, that a column of that type requires.

    >>> sorted(requirements_of_type(Enum("sad", "ok", name="mood")))
    [('type', '', 'mood'), ('value', '', 'mood', 'ok'), ('value', '', 'mood', 'sad')]
    """
    while isinstance(type_, ARRAY):
        type_ = type_.item_type
    if not isinstance(type_, Enum) or type_.name is None or not type_.native_enum:
        return frozenset()
    named = key(type_.schema, str(type_.name))
    return frozenset({("type", *named), *(("value", *named, str(label)) for label in type_.enums)})


def requirements_of_column(column: AnyColumn) -> frozenset[Requirement]:
    """Return the enum type and the sequences that a column requires."""
    return requirements_of_type(column.type) | _sequences(column)


def requirements_of_schema(schema: str | None) -> frozenset[Requirement]:
    """Return the schema that a table requires; nothing for the default schema."""
    return frozenset({("schema", schema)}) if schema else frozenset()


def _sequences(column: AnyColumn) -> frozenset[Requirement]:
    default = default_argument(column.server_default)
    sequences = [each for each in (column.default, default) if isinstance(each, Sequence)]
    found = {("sequence", *key(each.schema, str(each.name))) for each in sequences}
    words = sql_text(default) if default is not None and not isinstance(default, (str, bool, Sequence)) else ""
    return frozenset(found | {("sequence", *key(each.schema, each.name)) for each in sequences_in(words)})
