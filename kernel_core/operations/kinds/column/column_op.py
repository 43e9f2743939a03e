"""The base class of operations on one column, and how a column is described."""

from __future__ import annotations

from typing import Any

from ....util.sqla_compat import AnyColumn, default_sql
from ...fields import type_text
from ...operation import AlterTableOp
from ...requirements import Requirement, key

Default = Any
"""A server default: str, SQL text, Identity, Computed, None for none, and in an alteration False for no change."""


class ColumnOp(AlterTableOp):
    """The base class of operations on one column."""

    def _requirement(self, column_name: str) -> Requirement:
        return ("column", *key(self.schema, self.table_name, column_name))


def describe(column: AnyColumn) -> str:
    """Return a description of a column: ``email String(120), not null, default 'x'``."""
    words = [f"{column.name} {type_text(column.type)}"]
    if column.primary_key:
        words.append("primary key")
    elif not column.nullable:
        words.append("not null")
    if column.server_default is not None:
        words.append(f"default {default_sql(column.server_default)}")
    return ", ".join(words)
