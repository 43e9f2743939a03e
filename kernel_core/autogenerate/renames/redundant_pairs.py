"""Objects that are dropped and added again only because a table or column has another name."""

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
    """Return the operations without the candidate's two, and without the pairs that the rename makes redundant."""
    left = [leaf for leaf in leaves if leaf is not candidate.drop and leaf is not candidate.add]
    after_rename = _Names(candidate, candidate.grammar)
    unchanged = _Names(None, candidate.grammar)
    added = [(leaf, _definition(leaf, unchanged)) for leaf in left]
    redundant: list[MigrateOperation] = []
    for drop in left:
        if not isinstance(drop, (DropIndexOp, DropConstraintOp)) or drop._reverse is None:  # noqa: SLF001
            continue
        wanted = _definition(drop.reverse(), after_rename)
        for addition, definition in added:
            if (
                wanted is not None
                and wanted == definition
                and _may_keep_name(addition, drop)
                and addition not in redundant
            ):
                redundant += [drop, addition]
                break
    return [leaf for leaf in left if leaf not in redundant]


class _Names:
    """The names of tables and columns after a rename; without a candidate, unchanged."""

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
        """Return a part of an index, a column or an expression, in normal form."""
        if isinstance(part, str):
            return normal_name(self.column(schema, table, part), self.grammar)
        cut = index_part(self._renamed(schema, table, sql_text(part)), self.grammar)
        return f"{_without_implied_casts(cut.normal(self.grammar), self.grammar)} {cut.opclass}".rstrip()

    def expression(self, schema: str | None, table: str, words: str) -> str:
        """Return a SQL expression about the table's columns in normal form."""
        return _without_implied_casts(normal_sql(self._renamed(schema, table, words), self.grammar), self.grammar)

    def options(
        self, schema: str | None, table: str, options: Mapping[str, object]
    ) -> tuple[tuple[str, Hashable], ...]:
        """Return the dialect options that are set, with the new names in conditions and lists of columns."""
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
    """Return normalised SQL without the casts to text that PostgreSQL adds to columns and strings."""
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


def _definition(operation: MigrateOperation, names: _Names) -> Hashable | None:
    """Return what an addition creates, without its name, as a comparable value; None for other operations."""
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


def _may_keep_name(addition: MigrateOperation, drop: MigrateOperation) -> bool:
    """Return whether an object may keep its name: the metadata has none, or the same, or it is a foreign key."""
    wanted = getattr(addition, "constraint_name", None) or getattr(addition, "index_name", None)
    named = getattr(drop, "constraint_name", None) or getattr(drop, "index_name", None)
    return isinstance(addition, CreateForeignKeyOp) or wanted is None or str(wanted) == str(named)
