"""Constraints in the catalog of PostgreSQL, as operations that would add them, so that their rows can be counted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from ....operations.operation import MigrateOperation
from ....util.sql import in_quotes
from ..statements import operations_in

_ATTRIBUTES = re.compile(r"( NOT DEFERRABLE| DEFERRABLE)?( INITIALLY (DEFERRED|IMMEDIATE))?( NOT VALID)?$")

_SELECT = """
SELECT n.nspname, k.conname, k.contype::text, k.conrelid::regclass::text, pg_get_constraintdef(k.oid), k.convalidated
FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace
WHERE k.conrelid <> 0 AND {}
ORDER BY k.oid
"""


@dataclass(frozen=True, slots=True)
class Constraint:
    """A constraint of a table: ``table`` is quoted and qualified as SQL needs it.

    ``kind`` is that of the catalog: f, u, p, c, x, and t for a constraint trigger.
    """

    schema: str
    name: str
    kind: str
    table: str
    definition: str
    is_validated: bool = True

    @property
    def shown(self) -> str:
        """The name as SQL needs it."""
        return f"{in_quotes(self.schema)}.{in_quotes(self.name)}"

    def operations(self, connection: Connection) -> list[MigrateOperation]:
        """Return the operations that would add it and check all rows; [] for a trigger."""
        condition = _ATTRIBUTES.sub("", self.definition)
        sql = f"ALTER TABLE {self.table} ADD CONSTRAINT {in_quotes(self.name)} {condition}"
        return [] if self.kind == "t" else operations_in(sql, connection.dialect)


def constraints_where(connection: Connection, condition: str, **values: Any) -> Sequence[Constraint]:
    """Return the constraints that meet a condition on ``k``, the row of ``pg_constraint``."""
    return [Constraint(*row) for row in connection.execute(sa.text(_SELECT.format(condition)), values)]
