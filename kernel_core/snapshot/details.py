"""What the inspector of SQLAlchemy does not read of tables, by (schema, table, name); the default schema is None."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field

Place = tuple[str | None, str, str]
"""Schema, table, and the name of its column, index or constraint."""

_PLAIN = re.compile(r"[^\W\d][\w$]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Details:
    """Words that follow a column or a constraint, and lines that describe an index or the table itself.

    ``indexes`` has what follows the name of an index that is more than a list of columns, by (schema, table) and its
    name. ``also_tables`` are tables of the default schema that the inspector leaves out.
    """

    columns: dict[Place, str] = field(default_factory=dict)
    types: dict[Place, str] = field(default_factory=dict)
    indexes: dict[tuple[str | None, str], dict[str, str]] = field(default_factory=dict)
    constraints: dict[Place, str] = field(default_factory=dict)
    lines: dict[tuple[str | None, str], list[str]] = field(default_factory=dict)
    also_tables: Collection[str] = ()

    def indexes_of(self, schema: str | None, table: str) -> dict[str, str]:
        """Return the described indexes of one table by name, in a new dict."""
        return dict(self.indexes.get((schema, table), {}))

    def add_index(self, place: Place, text: str) -> None:
        """Note what follows the name of an index."""
        schema, table, name = place
        self.indexes.setdefault((schema, table), {})[name] = text


def shown(name: str) -> str:
    """Return a name as a line has it: in quotes where a space would end it."""
    return name if _PLAIN.fullmatch(name) or not re.search(r'[\s"]', name) else '"' + name.replace('"', '""') + '"'
