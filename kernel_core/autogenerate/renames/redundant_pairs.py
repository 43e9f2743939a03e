"""What is dropped and added again only because something has another name."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

from sqlalchemy.sql.elements import ClauseElement

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
from ...util.sql import Grammar, index_part, normal_name, normal_sql, renamed_in, tokens
from ...util.sqla_compat import sql_text

Table = tuple[str | None, str]


def without_redundant_pairs(leaves: list[MigrateOperation], candidate: RenameCandidate) -> list[MigrateOperation]:
    """Return the operations without the candidate's two, and without pairs that the rename makes needless."""
    left = [leaf for leaf in leaves if leaf is not candidate.drop and leaf is not candidate.add]
    names = _Names(candidate, candidate.grammar)
    as_they_are = _Names(None, candidate.grammar)
    added = [(leaf, _said(leaf, as_they_are)) for leaf in left]
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

    def __init__(self, candidate: RenameCandidate | None, grammar: Grammar) -> None:
        self.grammar = grammar
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

    def part(self, schema: str | None, table: str, part: object) -> str:
        """Return what an index is over: a column or an expression, in its one spelling."""
        if isinstance(part, str):
            return normal_name(self.column(schema, table, part), self.grammar)
        cut = index_part(self._renamed(schema, table, sql_text(part)), self.grammar)
        return f"{_without_implied_casts(cut.normal(self.grammar), self.grammar)} {cut.opclass}".rstrip()

    def expression(self, schema: str | None, table: str, words: str) -> str:
        """Return SQL about the table's columns in its one spelling."""
        return _without_implied_casts(normal_sql(self._renamed(schema, table, words), self.grammar), self.grammar)

    def options(
        self, schema: str | None, table: str, options: Mapping[str, object]
    ) -> tuple[tuple[str, Hashable], ...]:
        """Return the options of a dialect that say something; conditions and names in them as they are then."""
        stated = {name: value for name, value in options.items() if value not in (None, False, (), [])}
        return tuple(sorted((name, self._option(schema, table, value)) for name, value in stated.items()))

    def _option(self, schema: str | None, table: str, value: object) -> Hashable:
        if isinstance(value, ClauseElement):
            return self.expression(schema, table, sql_text(value))
        if isinstance(value, Mapping):
            return tuple(sorted((self.column(schema, table, str(name)), str(each)) for name, each in value.items()))
        if isinstance(value, (list, tuple)):
            return tuple(self.column(schema, table, str(getattr(each, "name", each))) for each in value)
        return str(value)

    def _renamed(self, schema: str | None, table: str, words: str) -> str:
        if self.is_table or self.place != (schema, table):
            return words
        return renamed_in(words, self.old, self.new, self.grammar)


def _without_implied_casts(words: str, grammar: Grammar) -> str:
    """Return the one spelling without the casts to text that PostgreSQL adds to columns and texts by itself."""
    found, kept = tokens(words, grammar), list[str]()
    place = 0
    while place < len(found):
        if found[place].text == "::" and place and found[place - 1].kind in ("word", "name", "text"):
            type_ = [token.text for token in found[place + 1 : place + 4]]
            length = 2 if type_[:1] == ["text"] else 3 if type_[:2] == ["character", "varying"] else 0
            if length and type_[length - 1 : length] != ["("]:
                place += length
                continue
        kept.append(found[place].text)
        place += 1
    return " ".join(kept)


def _said(operation: MigrateOperation, names: _Names) -> Hashable | None:
    """Return what an addition makes, without its name; None for other operations."""
    if isinstance(operation, CreateForeignKeyOp):
        source, target = (operation.schema, operation.table_name), (operation.referent_schema, operation.referent_table)
        local = tuple(names.column(*source, name) for name in operation.local_cols)
        remote = tuple(names.column(*target, name) for name in operation.remote_cols)
        actions = (operation.onupdate or "", operation.ondelete or "")
        options = names.options(*source, operation.kw)
        return "key", names.table(*source), local, names.table(*target), remote, actions, options
    if not isinstance(operation, (CreateIndexOp, CreateUniqueConstraintOp, CreateCheckConstraintOp)):
        return None
    place = (operation.schema, operation.table_name)
    if isinstance(operation, CreateCheckConstraintOp):
        return "check", names.table(*place), names.expression(*place, sql_text(operation.condition))
    written = operation.parts if isinstance(operation, CreateIndexOp) else operation.columns
    parts = tuple(names.part(*place, each) for each in written)
    options = names.options(*place, operation.kw)
    if isinstance(operation, CreateUniqueConstraintOp):
        return "unique", names.table(*place), tuple(sorted(parts)), options
    return "index", names.table(*place), parts, bool(operation.unique), options


def _may_be_called(addition: MigrateOperation, drop: MigrateOperation) -> bool:
    """Tell whether it may keep its name: the models ask for none, or for the same, or it is a foreign key."""
    wanted = getattr(addition, "constraint_name", None) or getattr(addition, "index_name", None)
    named = getattr(drop, "constraint_name", None) or getattr(drop, "index_name", None)
    return isinstance(addition, CreateForeignKeyOp) or wanted is None or str(wanted) == str(named)
