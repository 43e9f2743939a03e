"""Objects that depend on a dropped column and that no comparison covers: dropped first, re-created by a downgrade.

PostgreSQL drops such constraints and indexes together with the column, without notice; MariaDB and SQLite refuse.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy.schema import CheckConstraint, Constraint, Index, UniqueConstraint

from ...operations.kinds.column import DropColumnOp
from ...operations.kinds.constraint import CreateCheckConstraintOp, CreatePrimaryKeyOp, DropConstraintOp
from ...operations.schema_objects import SchemaObjects
from ...util.sql import tokens
from ...util.sqla_compat import final_name, is_made_on, is_type_bound, literal_text, sql_text
from ..context import AutogenContext
from ..databases.catalog import CheckInfo, ConstraintInfo, ExcludeInfo, IndexInfo, UniqueInfo
from .copies import create_index, create_unique, drop_constraint, drop_index
from .differences import ComparedTable
from .dropped import connection_of, with_complete_reverse
from .reflect import Database
from .reflected_objects import final, stated, timing


def drop_dependents(context: AutogenContext, database: Database, pair: ComparedTable) -> None:
    """Add drops of the CHECKs, exclude constraints, unnamed UNIQUEs and partial indexes that need dropped columns."""
    drops = [each for each in pair.changes.dropped_columns if isinstance(each, DropColumnOp)]
    dropped = [str(each.column_name) for each in drops]
    recreated = [str(each.column_name) for each in pair.changes.recreated if isinstance(each, DropColumnOp)]
    if not dropped and not recreated:
        return
    if context.dialect.supports_alter or context.opts["render_as_batch"]:  # SQLite drops constraints in a batch only
        _Dependents(context, database, pair, [*dropped, *recreated]).add_drops()
    _recreate_primary_key(context, pair, drops)


class _Dependents:
    """The constraints and indexes of one table that depend on some of its columns."""

    def __init__(
        self, context: AutogenContext, database: Database, pair: ComparedTable, columns: Sequence[str]
    ) -> None:
        self.context, self.database, self.pair, self.columns = context, database, pair, columns
        self.changes, self.info, self.model = pair.changes, pair.info, pair.model
        self.dropped = {str(getattr(each, "constraint_name", None)) for each in self.changes.dropped_constraints}
        self.dropped |= {str(getattr(each, "index_name", None)) for each in self.changes.dropped_indexes}

    def add_drops(self) -> None:
        """Add drops of the dependents to the changes, and additions of those that the metadata has."""
        for check in self.info.checks:
            if check.column is None and _is_about(self.context, check, check.sqltext, self.columns):
                self._check(check)
        for exclude in self.info.excludes:
            if _is_about(self.context, exclude, str(exclude.definition), self.columns):
                self._drop(exclude, self._exclude(exclude))
        for unique in self.info.uniques:
            if unique.name is None or set(_included(unique)) & set(self.columns):
                self._unique(unique)
        for index in self.info.indexes:
            self._index(index)
        self._indexes_with_sql()

    def _indexes_with_sql(self) -> None:
        """Drop indexes over these columns that the Inspector cannot describe."""
        for name, sql in self.info.unreadable.items():
            if (
                sql is not None
                and name not in self.dropped
                and _mentions(self.context, _after_table(sql), self.columns)
            ):
                existing = self.context.rules.index_from(name, sql, self.database.table(self.info.key))
                if self.context.run_object_filters(existing, name, "index", True, None):
                    self.changes.dropped_indexes.append(drop_index(existing))

    def _drop(self, item: ConstraintInfo, operation: DropConstraintOp) -> bool:
        """Add a drop unless the changes have it; return whether it was added."""
        if operation.constraint_name is None or str(operation.constraint_name) in self.dropped:
            return False
        operation = with_complete_reverse(self.context, self.info.key, item, operation)
        self.changes.dropped_constraints.append(operation)
        return True

    def _check(self, item: CheckInfo) -> None:
        schema, table = self.info.key
        existing = SchemaObjects().check_constraint(final(item.name), table, literal_text(item.sqltext), schema=schema)
        operation = drop_constraint(existing, self.context)
        hook = self.context.run_object_filters
        if item.inherited or not hook(existing, item.name, "check_constraint", True, None):
            return
        if not self._drop(item, operation):
            return
        for constraint in self.model.constraints:
            is_check = isinstance(constraint, CheckConstraint) and is_made_on(constraint, self.context.dialect)
            if is_check and not is_type_bound(constraint) and self._is_named(constraint, item):
                self._make_check(constraint)  # type: ignore[arg-type]

    def _make_check(self, constraint: CheckConstraint) -> None:
        schema, table = self.info.key
        condition = sql_text(constraint.sqltext, self.context.dialect).replace("%%", "%")
        name = final_name(constraint, self.context.dialect)
        self.changes.added_constraints.append(CreateCheckConstraintOp(name, table, condition, schema=schema))

    def _exclude(self, item: ExcludeInfo) -> DropConstraintOp:
        schema, table = self.info.key
        creation = self.context.rules.create_exclude_constraint(self.info.key, item)
        return DropConstraintOp(final(item.name), table, schema=schema, _reverse=creation)

    def _unique(self, item: UniqueInfo) -> None:
        """Drop a UNIQUE without a name over one of these columns, or one that includes it."""
        if not set(self.columns) & {*item.column_names, *_included(item)}:
            return
        for existing in self.database.table(self.info.key).constraints:
            is_it = isinstance(existing, UniqueConstraint) and existing.name == item.name
            if not is_it or [column.name for column in existing.columns] != list(item.column_names):  # type: ignore[attr-defined]
                continue
            if self._drop(item, drop_constraint(existing, self.context)):
                wanted = (each for each in self.model.constraints if isinstance(each, UniqueConstraint))
                same = [create_unique(each, self.context.dialect) for each in wanted if self._is_named(each, item)]
                self.changes.added_constraints += same

    def _index(self, item: IndexInfo) -> None:
        """Drop an index that needs one of these columns: in its condition, an expression, INCLUDE, for its key."""
        name, options = str(item.name), item.dialect_options or {}
        wheres = [value for option, value in options.items() if option.endswith("_where")]
        texts = [*map(str, wheres), *(str(each) for each in item.expressions or ())]
        further = {*_included(item), *self._columns_of_key_index(item)}
        is_about = any(_mentions(self.context, sql, self.columns) for sql in texts) or further & set(self.columns)
        if not is_about or name in self.dropped or item.inherited or item.duplicates_constraint is not None:
            return
        existing = next(each for each in self.database.table(self.info.key).indexes if each.name == item.name)
        if not self.context.run_object_filters(existing, name, "index", True, None):
            return
        self.changes.dropped_indexes.append(drop_index(existing))
        there = {getattr(each, "index_name", None) for each in self.changes.added_indexes}
        for index in self.model.indexes:
            if self._is_named(index, item) and index.name not in there:
                self.changes.added_indexes.append(create_index(index, self.context.dialect))

    def _columns_of_key_index(self, item: IndexInfo) -> list[str]:
        """Return the columns of an index of MariaDB, unless the server drops it with a foreign key's columns."""
        dropped, has_indexes = set(self.columns), self.context.rules.creates_foreign_key_indexes
        whole = {key.name for key in self.info.foreign_keys if dropped.issuperset(key.constrained_columns)}
        return [str(name) for name in item.column_names] if has_indexes and item.name not in whole else []

    def _is_named(self, wanted: Constraint | Index, item: ConstraintInfo | IndexInfo) -> bool:
        return item.name is not None and final_name(wanted, self.context.dialect) == item.name


def _after_table(sql: str) -> str:
    """Return the parts and the condition of a CREATE INDEX."""
    return sql[sql.index("(") :]


def _included(item: ConstraintInfo | IndexInfo) -> list[str]:
    return list((item.dialect_options or {}).get("postgresql_include") or ())


def _is_about(context: AutogenContext, item: CheckInfo | ExcludeInfo, sql: str, columns: Sequence[str]) -> bool:
    """Return whether a constraint needs one of the columns; PostgreSQL lists the columns of a CHECK."""
    return bool(set(item.columns or ()) & set(columns)) or _mentions(context, sql, columns)


def _mentions(context: AutogenContext, sql: str, columns: Iterable[str]) -> bool:
    """Return whether one of the columns occurs in an expression; a word before a parenthesis is a function."""
    names, found = {column.lower() for column in columns}, tokens(sql, context.dialect)
    return any(
        token.kind in ("name", "word")
        and token.name.lower() in names
        and not (token.kind == "word" and place + 1 < len(found) and found[place + 1].text == "(")
        for place, token in enumerate(found)
    )


def _recreate_primary_key(context: AutogenContext, pair: ComparedTable, drops: Sequence[DropColumnOp]) -> None:
    """Let a downgrade re-create a primary key that is dropped with one of its columns.

    PostgreSQL drops the key first. MariaDB takes the column out of the key; SQLite's batch drops the key.
    """
    key, changes, info = pair.info.key_columns, pair.changes, pair.info
    first = next((each for each in drops if str(each.column_name) in key), None)
    if first is None or changes.dropped_primary_key:
        return
    schema, table = info.key
    name = final(info.primary_key.name)
    options = {**timing(info.primary_key), **stated(info.primary_key.dialect_options)}
    creation = CreatePrimaryKeyOp(name, table, key, schema=schema, **options)
    if context.rules.drops_key_before_columns:
        drop = DropConstraintOp(name, table, "primary", schema=schema, _reverse=creation)
        drop = with_complete_reverse(context, info.key, info.primary_key, drop)
        changes.dropped_primary_key.append(drop)
        return
    again = list(context.rules.recreate_key(connection_of(context), creation, drops, key))
    position = changes.dropped_columns.index(first)
    changes.dropped_columns[position] = first.changed(undone_by=lambda operation: [operation.reverse(), *again])
