"""What is dropped and added again only because something has another name."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from typing import Any

from ...ddl.signature import normal_expression
from ...operations.kinds.column import DropColumnOp
from ...operations.kinds.constraint import (
    CreateCheckConstraintOp,
    CreateForeignKeyOp,
    CreateUniqueConstraintOp,
    DropConstraintOp,
)
from ...operations.kinds.index import CreateIndexOp, DropIndexOp
from ...operations.operation import MigrateOperation
from ...operations.renames import RenameCandidate
from ...util.sqla_compat import sql_text

Table = tuple[str | None, str]


def without_said_again(leaves: list[MigrateOperation], candidate: RenameCandidate) -> list[MigrateOperation]:
    """Return the operations without the candidate's two, and without pairs that the rename makes needless."""
    left = [leaf for leaf in leaves if leaf is not candidate.drop and leaf is not candidate.add]
    names = _Names(candidate)
    added = [(leaf, _said(leaf, _Names(None))) for leaf in left]
    needless: list[MigrateOperation] = []
    for drop in left:
        if not isinstance(drop, (DropIndexOp, DropConstraintOp)) or drop._reverse is None:  # noqa: SLF001
            continue
        said = _said(drop.reverse(), names)
        for addition, other in added:
            if said is not None and said == other and _may_be_called(addition, drop) and addition not in needless:
                needless += [drop, addition]
                break
    return [leaf for leaf in left if leaf not in needless]


class _Names:
    """Names as they are after the rename; without a candidate, as they are."""

    def __init__(self, candidate: RenameCandidate | None) -> None:
        self.place: Table | None = None
        self.old = self.new = ""
        self.is_table = False
        if candidate is not None:
            self.place, self.is_table = (candidate.drop.schema, candidate.drop.table_name), candidate.is_table
            drop = candidate.drop
            self.old = drop.column_name if isinstance(drop, DropColumnOp) else drop.table_name
            self.new = candidate.new_name

    def table(self, schema: str | None, name: str) -> Table:
        return (schema, self.new) if self.is_table and self.place == (schema, name) else (schema, name)

    def column(self, schema: str | None, table: str, name: str) -> str:
        return self.new if not self.is_table and self.place == (schema, table) and name == self.old else name

    def expression(self, schema: str | None, table: str, words: str) -> str:
        """SQL that speaks of the table's columns; what stands in quotes of a text stays."""
        if self.is_table or self.place != (schema, table):
            return normal_expression(words)
        parts = re.split(r"('(?:[^']|'')*')", words)
        parts[::2] = [re.sub(rf"(?<!\w){re.escape(self.old)}(?!\w)", lambda _: self.new, part) for part in parts[::2]]
        return normal_expression("".join(parts))


def _said(operation: MigrateOperation, names: _Names) -> Hashable | None:
    """Return what an addition makes, without its name; None for other operations."""
    if isinstance(operation, CreateForeignKeyOp):
        source, target = (operation.schema, operation.table_name), (operation.referent_schema, operation.referent_table)
        local = tuple(names.column(*source, name) for name in operation.local_cols)
        remote = tuple(names.column(*target, name) for name in operation.remote_cols)
        actions = (operation.onupdate or "", operation.ondelete or "")
        return "key", names.table(*source), local, names.table(*target), remote, actions, _stated(operation.kw)
    if not isinstance(operation, (CreateIndexOp, CreateUniqueConstraintOp, CreateCheckConstraintOp)):
        return None
    place = (operation.schema, operation.table_name)
    if isinstance(operation, CreateCheckConstraintOp):
        return "check", names.table(*place), names.expression(*place, sql_text(operation.condition))
    parts = tuple(
        names.column(*place, each) if isinstance(each, str) else names.expression(*place, sql_text(each))
        for each in operation.columns
    )
    if isinstance(operation, CreateUniqueConstraintOp):
        return "unique", names.table(*place), tuple(sorted(parts)), _stated(operation.kw)
    return "index", names.table(*place), parts, bool(operation.unique), _stated(operation.kw)


def _stated(options: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(
        sorted(
            (name, normal_expression(sql_text(value))) for name, value in options.items() if value not in (None, (), [])
        )
    )


def _may_be_called(addition: MigrateOperation, drop: MigrateOperation) -> bool:
    """Tell whether it may keep its name: the models ask for none, or for the same, or it is a foreign key."""
    wanted = getattr(addition, "constraint_name", None) or getattr(addition, "index_name", None)
    named = getattr(drop, "constraint_name", None) or getattr(drop, "index_name", None)
    return isinstance(addition, CreateForeignKeyOp) or wanted is None or str(wanted) == str(named)
