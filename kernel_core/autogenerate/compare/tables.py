"""Compare tables: created and dropped ones, and the parts of those that both sides have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy.schema import Constraint, ForeignKeyConstraint, Table

from ...operations.containers import ModifyTableOps, UpgradeOps
from ...operations.kinds.constraint import DropConstraintOp
from ...operations.kinds.sequence import CreateSequenceOp
from ...operations.kinds.table import CreateTableOp
from ...operations.operation import MigrateOperation
from ...util.exc import CommandError
from ...util.sqla_compat import sorted_tables
from ..context import AutogenContext, names
from ..databases import DefaultPair, Key, TablePair
from .changes import Changes
from .columns import added_columns, altered_columns, dropped_columns, named_columns
from .comments import compare_table_comment
from .constraints import compare_foreign_keys, compare_uniques
from .copies import create_foreign_key, create_index, drop_constraint, drop_index, items_to_write, table_alone
from .dependents import drop_dependents
from .differences import ComparedTable, Differences
from .dropped import ancestors, dropped_index, dropped_table, parents_first, with_complete_reverse
from .equivalent_defaults import equivalent_defaults
from .equivalent_indexes import SameIndex, equivalent_indexes
from .foreign_key_indexes import drop_index_in_downgrade, dropped_with_table, indexes_needed_by_keys
from .indexes import compare_indexes
from .reflect import Database, own_tables
from .schemas import missing_schemas
from .sequences import compare_sequences
from .sides import indexes_of_one_side, sides_of

ComparedTables = Mapping[Key, ComparedTable]
"""The tables that differ in the database and the metadata."""


def compare_tables(context: AutogenContext, upgrade_ops: UpgradeOps, database: Database) -> ComparedTables:
    """Fill ``upgrade_ops`` with all that makes the database match the metadata.

    New tables come first, parents before children; then the changes; then the dropped tables, children before parents.
    Returns the tables that differ. All that was read about the others is freed.
    """
    new, both, dropped = _sides(context, database)
    tables = [TablePair(database.infos[_key(database, model)], model) for model in both]
    equivalents = _Equivalents(equivalent_defaults(context, tables), equivalent_indexes(context, tables))
    pairs = [ComparedTable(*table, _changes(context, database, table, equivalents)) for table in tables]
    if any(pair.changes for pair in pairs):
        places = {model: place for place, model in enumerate(context.sorted_tables)}
        pairs.sort(key=lambda pair: places[pair.model])
    differences = Differences(pairs, _created(context, new), _dropped(context, database, dropped))
    differences.further = _third_party_operations(context, database, new, dropped)
    compare_sequences(context, database, differences)
    needed = [
        each.schema
        for each in (*differences.created, *differences.before)
        if isinstance(each, (CreateTableOp, CreateSequenceOp))
    ]
    differences.before[:0] = missing_schemas(context, needed)
    context.comparisons.run("tables", lambda: (context, database, differences))
    for pair in pairs:
        drop_dependents(context, database, pair)
    upgrade_ops.ops.extend(differences.in_order())
    return {pair.info.key: pair for pair in pairs if pair.changes}


def _sides(context: AutogenContext, database: Database) -> tuple[list[Table], list[Table], list[Key]]:
    """Return the new tables, those of the metadata that both sides have, and the keys of those to drop."""
    models = _models(context, database)
    new: list[Table] = []
    both: list[Table] = []
    for key, model in models.items():
        existing = database.table(key) if key in database.infos and context.filters_objects else None
        if context.run_object_filters(model, key[1], "table", False, existing):
            (both if key in database.infos else new).append(model)
            _warn_of_other_object(context, database, key)
    _refuse_partial_privileges(database, new, both)
    missing = [
        key
        for key in database.infos
        if key not in models and (not context.filters_objects or _is_included(context, database, key))
    ]
    return new, both, _without_partitions(context, database, missing)


def _refuse_partial_privileges(database: Database, new: Iterable[Table], both: Iterable[Table]) -> None:
    """Raise CommandError if the metadata has a table or column that this user has no privilege to see."""
    if not database.catalog.partly_seen:
        return
    unseen = [_key(database, model) for model in new]
    infos = [(database.infos[_key(database, model)], model) for model in both]
    unseen += [info.key for info, model in infos if set(names(model.columns)) - info.columns.keys()]
    for schema, table in unseen:
        if schema in database.catalog.partly_seen:
            place = schema or database.default_schema
            raise CommandError(
                f'This user may see single tables or columns of "{place}" alone, and "{table}" is not among them or '
                f"lacks columns: it cannot be compared. GRANT SELECT ON {place}.* to this user, or leave "
                "out what it must not see with include_object."
            )


def _warn_of_other_object(context: AutogenContext, database: Database, key: Key) -> None:
    kind = database.catalog.views.get(key)
    if kind is not None and key not in database.infos:
        context.warn(
            f'"{key[1]}" is a {kind} in the database and a table in the models; both cannot have one name. '
            "Drop it or rename one of them, or leave it out with include_object.",
        )


def _without_partitions(context: AutogenContext, database: Database, dropped: list[Key]) -> list[Key]:
    """Return the tables to drop without the partitions of tables that stay; warn of those partitions.

    A partition whose parent is dropped is dropped before it.
    """
    roots = {key for key in dropped if not database.infos[key].is_partition}
    left = [key for key in dropped if key not in roots and not ancestors(database, key) & roots]
    by_parent: dict[str, list[str]] = {}
    for key in left:
        by_parent.setdefault(database.infos[key].inherits[0][1], []).append(key[1])
    for parent, partitions in by_parent.items():
        context.warn(
            f'Partitions of "{parent}" are not in the models and are left alone: {", ".join(partitions)}. '
            "Add them to the models or leave them out with include_object; to drop one, write op.drop_table().",
        )
    return [key for key in dropped if key not in left]


def _is_included(context: AutogenContext, database: Database, key: Key) -> bool:
    return context.run_object_filters(database.table(key), key[1], "table", True, None)


def _models(context: AutogenContext, database: Database) -> dict[Key, Table]:
    """Return the tables of the metadata by schema and name; a table in the default schema may name it or not.

    Hooks are called for parents before children.
    """
    found: dict[Key, Table] = {}
    own = own_tables(context)
    for table in context.tables if database.unchanged.is_usable else context.sorted_tables:
        key: Key = (table.schema, str(table.name))
        if key not in database.infos and table.schema == database.default_schema:
            key = (None, str(table.name))
        if key not in own:
            found[key] = table
    return found


def _key(database: Database, model: Table) -> Key:
    key: Key = (model.schema, str(model.name))
    return key if key in database.infos else (None, str(model.name))


def _created(context: AutogenContext, tables: list[Table]) -> list[MigrateOperation]:
    """Return the operations that create tables and indexes; foreign keys that close a circle are added at the end."""
    operations: list[MigrateOperation] = []
    for table, constraints in sorted_tables(tables):
        if table is None:
            operations.extend(create_foreign_key(key, context.dialect) for key in _in_order(constraints))
            continue
        later = _later(context, table, constraints)
        copied = partial(table_alone, table, context.dialect, later)
        written = partial(items_to_write, table, context.dialect, later)
        operations.append(CreateTableOp.from_model(table, copied, written))
        there = indexes_of_one_side(context, table, of_models=True)
        operations.extend(
            dropped_with_table(context, table, create_index(index, context.dialect))
            for index in sorted(there, key=lambda index: str(index.name))
            if context.run_object_filters(index, index.name, "index", False, None)
        )
    if not context.dialect.supports_alter:
        return [operation for operation in operations if not getattr(operation, "local_cols", None)]
    return operations


def _later(context: AutogenContext, table: Table, now: Iterable[ForeignKeyConstraint]) -> set[Constraint]:
    """Return the foreign keys that CREATE TABLE leaves out; none for SQLite, which cannot add one later."""
    later: set[Constraint] = set()
    if context.dialect.supports_alter:
        later |= set(table.foreign_key_constraints) - set(now)
    return later


def _in_order(constraints: Iterable[ForeignKeyConstraint]) -> list[ForeignKeyConstraint]:
    return sorted(constraints, key=lambda key: (str(key.table.key), str(key.name), key.column_keys))


def _dropped(context: AutogenContext, database: Database, dropped: list[Key]) -> list[MigrateOperation]:
    """Return the operations that drop tables and indexes, children first; foreign keys of a circle go before."""
    operations: list[MigrateOperation] = []
    tables: list[MigrateOperation] = []
    sortable = sorted_tables(database.table(key) for key in dropped)
    sortable = parents_first(database, sortable)
    for table, constraints in reversed(sortable):
        if table is None:
            drops = [
                _dropped_key(context, database, key)
                for key in _in_order(constraints)
                if key.name and context.dialect.supports_alter and not _is_of_parent(database, key)
            ]
            operations.extend(drops)
            continue
        later = {key for key in table.foreign_key_constraints if any(_drops(drop, key) for drop in operations)}
        info = database.infos[table.schema, str(table.name)]
        needed = indexes_needed_by_keys(context, info)
        there = sorted(indexes_of_one_side(context, table, of_models=False), key=lambda index: str(index.name))
        inherited = {item.name for item in info.indexes if item.inherited}
        drop = dropped_table(context, database, table, later)
        if context.rules.stores_whole_tables and getattr(drop.reverse(), "stored_sql", None) is not None:
            tables.append(drop)
            continue
        tables.extend(dropped_index(context, info, index) for index in there if index.name not in needed | inherited)
        made_by_keys = {key.name for key in info.foreign_keys}
        again = [drop_index(index).reverse() for index in there if index.name in needed - made_by_keys]
        creation = drop.reverse()
        tables.append(drop.reversed_by(creation.changed(followed_by=(*creation.followed_by, *again))))
    return operations + tables


def _dropped_key(context: AutogenContext, database: Database, key: ForeignKeyConstraint) -> DropConstraintOp:
    """Return the drop of a foreign key in a circle, whose reverse adds it again as it is in the database."""
    info = database.infos[key.table.schema, str(key.table.name)]
    drop = drop_constraint(key, context)
    item = next((each for each in info.foreign_keys if each.name == key.name), None)
    return drop if item is None else with_complete_reverse(context, info.key, item, drop)


def _is_of_parent(database: Database, key: ForeignKeyConstraint) -> bool:
    """Return whether a foreign key belongs to that of a partitioned table, and is dropped with it."""
    keys = database.infos[key.table.schema, str(key.table.name)].foreign_keys
    return any(each.inherited for each in keys if each.name == key.name)


def _drops(operation: MigrateOperation, key: ForeignKeyConstraint) -> bool:
    if not isinstance(operation, DropConstraintOp) or operation.constraint_name != key.name:
        return False
    return operation.table_key == (key.table.schema, key.table.name)


class _Equivalents(NamedTuple):
    """The defaults and the indexes that are equal although their texts differ."""

    defaults: frozenset[DefaultPair]
    indexes: frozenset[SameIndex]


def _changes(context: AutogenContext, database: Database, table: TablePair, equivalents: _Equivalents) -> Changes:
    """Return the changes to a table that both sides have."""
    info, model = table
    changes, sides, columns = Changes(info.key), sides_of(context, database, info, model), named_columns(model)
    changes.added_columns = added_columns(context, info, columns)
    changes.altered_columns = altered_columns(context, database, info, columns, equivalents.defaults)

    def uniques_and_indexes() -> None:
        compare_uniques(context, database, info, sides, changes)
        compare_indexes(context, database, info, model, sides, changes, equivalents.indexes)

    own = {
        "indexes": uniques_and_indexes,
        "foreignkeys": lambda: compare_foreign_keys(context, database, info, sides, changes),
        "comments": lambda: compare_table_comment(context, info, model, changes),
    }
    call = _ThirdPartyCall(context, database, info.key, model, changes)
    context.comparisons.run("table", call, own)
    changes.dropped_columns = dropped_columns(context, database, info, columns)
    call.take()
    drop_index_in_downgrade(context, info, model, changes)
    return changes


class _ThirdPartyCall:
    """The call of third-party comparisons for one table, and the operations that they add and remove."""

    def __init__(
        self, context: AutogenContext, database: Database, key: Key, model: Table | None, changes: Changes
    ) -> None:
        self.context, self.database, self.key, self.model, self.changes = context, database, key, model, changes
        self.operations: ModifyTableOps | None = None

    def __call__(self) -> tuple[Any, ...]:
        """Return the arguments, among them the changes so far; called once if there is a third-party comparison."""
        schema, name = self.key
        self.operations = ModifyTableOps(name, self.changes.in_order(), schema=schema)
        self.shown = list(self.operations.ops)
        reflected = self.database.table(self.key) if self.key in self.database.infos else None
        return self.context, self.operations, schema, name, reflected, self.model

    def take(self) -> None:
        """Apply to the changes what the third-party comparisons added and removed."""
        if self.operations is None:
            return
        left, shown = {id(each) for each in self.operations.ops}, {id(each) for each in self.shown}
        self.changes.leave_out({id(each) for each in self.shown} - left)
        self.changes.others += [each for each in self.operations.ops if id(each) not in shown]


def _third_party_operations(
    context: AutogenContext, database: Database, new: list[Table], dropped: list[Key]
) -> list[MigrateOperation]:
    """Return the operations that third-party comparisons add for tables that only one side has."""
    if not context.comparisons.has_others("table"):
        return []
    found: list[MigrateOperation] = []
    sides: dict[Key, Table | None] = {_key(database, model): model for model in new} | dict.fromkeys(dropped)
    for key, model in sides.items():
        changes = Changes(key)
        call = _ThirdPartyCall(context, database, key, model, changes)
        context.comparisons.run("table", call)
        call.take()
        found += changes.in_order()
    return found
