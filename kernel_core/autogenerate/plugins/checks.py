"""Compare CHECK constraints by their conditions, in the spelling of the database, whether they are named or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy.schema import CheckConstraint, Column

from ...ddl.overrides import same_by_hook
from ...operations.kinds.column import AddColumnOp
from ...operations.kinds.constraint import CreateCheckConstraintOp
from ...operations.kinds.table import CreateTableOp
from ...operations.schema_objects import SchemaObjects
from ...runtime.plugins import Plugin
from ...util.dispatch import DispatchPriority, PriorityDispatchResult
from ...util.sql import normal_sql
from ...util.sqla_compat import final_name, is_made_on, is_type_bound, literal_text, should_create, sql_text
from ..compare.canonical import canonical_forms
from ..compare.copies import drop_constraint
from ..compare.differences import ComparedTable, Differences
from ..compare.dropped import with_complete_reverse
from ..compare.reflect import Database
from ..compare.reflected_objects import final
from ..context import AutogenContext
from ..databases import Expression
from ..databases.catalog import CheckInfo, Key


def setup(plugin: Plugin) -> None:
    """Compare before the plugin that compares names only, and instead of it."""
    plugin.add_autogenerate_comparator(compare_checks, "tables", "checks", priority=DispatchPriority.FIRST)


@dataclass(slots=True)
class _Sides:
    """The checks of one table whose conditions differ as text."""

    pair: ComparedTable
    database: list[CheckInfo]
    model: list[CheckConstraint]
    changed: list[tuple[CheckInfo, CheckConstraint]] = field(default_factory=list)
    """Pairs of one name that the dialect's ``compare_check_constraint`` finds different."""
    expressions: dict[int, Expression] = field(default_factory=dict)


def compare_checks(context: AutogenContext, database: Database, differences: Differences) -> PriorityDispatchResult:
    """Find checks that were added or dropped, or whose condition was changed."""
    sides = [each for pair in differences.tables if (each := _differing(context, pair)) is not None]
    expressions = [expression for each in sides for expression in each.expressions.values()]
    forms = canonical_forms(context, expressions)
    for each in sides:
        _add_operations(context, each, forms)
    _move_checks_of_columns(context, differences)
    return PriorityDispatchResult.STOP


def _move_checks_of_columns(context: AutogenContext, differences: Differences) -> None:
    """Move the checks of the columns of new tables to these tables: columns are written without them."""
    for creation in (each for each in differences.created if isinstance(each, CreateTableOp)):
        for column in [item for item in creation.columns if isinstance(item, Column)]:
            for check in column.constraints:
                if isinstance(check, CheckConstraint) and is_made_on(check, context.dialect):
                    text = literal_text(condition(context, check))
                    creation.columns.append(CheckConstraint(text, name=final(final_name(check, context.dialect))))
            column.constraints = set()
    for pair in differences.tables:
        for addition in pair.changes.added_columns:
            if isinstance(addition, AddColumnOp):
                addition.column.constraints = set()


def model_checks(context: AutogenContext, pair: ComparedTable) -> list[CheckConstraint]:
    """Return the checks of a table of the metadata that this database has, including those of columns and their types.

    Named checks come first, so that an unnamed one is not matched with the counterpart of a named one.
    """
    of_columns = (each for column in pair.model.columns for each in column.constraints)
    checks = [each for each in (*pair.model.constraints, *of_columns) if isinstance(each, CheckConstraint)]
    checks.sort(key=lambda each: (each.name is None, str(each.name), condition(context, each)))
    return [each for each in checks if is_made_on(each, context.dialect) and should_create(each, context.dialect)]


def database_checks(context: AutogenContext, pair: ComparedTable) -> list[CheckInfo]:
    """Return the checks of a table of the database without those that ``include_name`` leaves out."""
    parents, wanted = pair.info.parents, context.run_name_filters
    return [each for each in pair.info.checks if wanted(each.name, "check_constraint", parents)]


def condition(context: AutogenContext, constraint: CheckConstraint) -> str:
    """Return the condition of a check of the metadata, as SQL of this database."""
    return sql_text(constraint.sqltext, context.dialect).replace("%%", "%")


def _differing(context: AutogenContext, pair: ComparedTable) -> _Sides | None:
    """Return the checks of both sides without those that have the same name and condition; None if none are left."""
    left = database_checks(context, pair)
    missing: list[CheckConstraint] = []
    changed: list[tuple[CheckInfo, CheckConstraint]] = []
    for constraint in model_checks(context, pair):
        name = final_name(constraint, context.dialect)
        text = normal_sql(condition(context, constraint), context.dialect)
        namesake = next((each for each in left if name is not None and each.name == name), None)
        is_same = None if namesake is None else same_check_by_hook(context, pair, constraint, namesake)
        if namesake is not None and is_same is not None:
            left.remove(namesake)
            if not is_same:
                changed.append((namesake, constraint))
            continue
        namesakes = (each for each in left if _may_have_name(each, name))
        same = next((each for each in namesakes if normal_sql(each.sqltext, context.dialect) == text), None)
        if same is None:
            missing.append(constraint)
        else:
            left.remove(same)
    if not missing and not left and not changed:
        return None
    sides = _Sides(pair, left, missing, changed)
    if missing and left:
        spelled = {id(each): condition(context, each) for each in missing}
        spelled |= {id(each): str(each.sqltext) for each in left}
        sides.expressions = {item: Expression.of(context.dialect, pair, "check", sql) for item, sql in spelled.items()}
    return sides


def _may_have_name(item: CheckInfo, name: str | None) -> bool:
    return name is None or item.name is None or str(item.name) == name


def _add_operations(context: AutogenContext, sides: _Sides, forms: Mapping[Expression, frozenset[str] | None]) -> None:
    """Add the operations that drop and create checks.

    The check of a type is created with the type, not here. Checks of one name are left alone if the database refuses
    their conditions, so that they cannot be compared.
    """

    def canonical(item: object) -> frozenset[str] | None:
        expression = sides.expressions.get(id(item))
        return None if expression is None else forms[expression]

    def is_equal(item: CheckInfo, wanted: frozenset[str] | None) -> bool:
        return wanted is not None and bool(wanted & (canonical(item) or frozenset()))

    left = list(sides.database)
    missing: list[CheckConstraint] = []
    for constraint in sides.model:
        name, wanted = final_name(constraint, context.dialect), canonical(constraint)
        same = next((each for each in left if _may_have_name(each, name) and is_equal(each, wanted)), None)
        cannot_be_compared = wanted is None and bool(sides.expressions)
        if same is None and name is not None and (is_type_bound(constraint) or cannot_be_compared):
            same = next((each for each in left if each.name == name), None)
        if same is not None:
            left.remove(same)
        elif not is_type_bound(constraint):
            missing.append(constraint)
    left += [item for item, _ in sides.changed]
    missing += [constraint for _, constraint in sides.changed]
    note_checks(context, sides.pair, left, missing)


def same_check_by_hook(
    context: AutogenContext, pair: ComparedTable, model: CheckConstraint, item: CheckInfo
) -> bool | None:
    """Return the result of the dialect's ``compare_check_constraint`` for checks of one name; None if it has none."""
    return same_by_hook(context.impl, "compare_check_constraint", model, lambda: existing_check(item, pair.info.key))


def _warn_of_unnamed(context: AutogenContext, item: CheckInfo, key: Key) -> None:
    """Warn of an unnamed check of a column in MariaDB, except that of a JSON column, which is implied."""
    column, table = item.column, key[1]
    implied = normal_sql(f"json_valid(`{column}`)", context.dialect)
    if normal_sql(str(item.sqltext), context.dialect) == implied:
        return
    context.warn(
        f'CHECK ({item.sqltext}) inside column "{column}" of "{table}" is not in the metadata and cannot be '
        f"dropped by a name. Restate the column without it: ALTER TABLE {table} MODIFY {column} ...",
    )


def existing_check(item: CheckInfo, key: Key) -> CheckConstraint:
    """Return a reflected check, on a separate Table."""
    schema, table = key
    return SchemaObjects().check_constraint(final(item.name), table, literal_text(item.sqltext), schema=schema)


def note_checks(
    context: AutogenContext, pair: ComparedTable, dropped: Sequence[CheckInfo], missing: list[CheckConstraint]
) -> None:
    """Add the operations, if ``include_object`` includes the checks."""
    schema, table = pair.info.key
    by_name = {str(each.name): each for each in dropped}
    for item in dropped:
        if item.inherited:  # it is dropped with that of the parent table
            continue
        existing = existing_check(item, pair.info.key)
        counterpart = next((each for each in missing if final_name(each, context.dialect) == item.name), None)
        operation = drop_constraint(existing, context)
        if operation.constraint_name is None:
            _warn_of_unnamed(context, item, pair.info.key)
            continue
        if context.run_object_filters(existing, item.name, "check_constraint", True, counterpart):
            operation = with_complete_reverse(context, pair.info.key, item, operation)
            pair.changes.dropped_constraints.append(operation)
        elif counterpart is not None:
            missing.remove(counterpart)
    for constraint in missing:
        name = final_name(constraint, context.dialect)
        old = by_name.get(str(name))
        compare_to = None if old is None else existing_check(old, pair.info.key)
        if context.run_object_filters(constraint, name, "check_constraint", False, compare_to):
            creation = CreateCheckConstraintOp(name, table, condition(context, constraint), schema=schema)
            pair.changes.added_constraints.append(creation)
