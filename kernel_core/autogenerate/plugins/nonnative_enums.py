"""Compare the values in the named CHECK of Enum types that are not native."""

from __future__ import annotations

from sqlalchemy.schema import CheckConstraint
from sqlalchemy.types import Enum, String

from ...operations.kinds.column import AlterColumnOp
from ...operations.kinds.constraint import CreateCheckConstraintOp
from ...operations.operation import MigrateOperation
from ...runtime.plugins import Plugin
from ...util.sqla_compat import AnyColumn, final_name, is_type_bound
from ..compare.canonical import differing
from ..compare.copies import drop_constraint
from ..compare.differences import ComparedTable, Differences
from ..compare.reflect import Database
from ..context import AutogenContext
from ..databases import Expression
from ..databases.catalog import CheckInfo
from .checks import condition, database_checks, existing_check, model_checks


def setup(plugin: Plugin) -> None:
    """Compare on all databases."""
    plugin.add_autogenerate_comparator(compare_values, "tables", "nonnative_enums")


def compare_values(context: AutogenContext, database: Database, differences: Differences) -> None:
    """Find Enum columns whose check lists other values than the type."""
    compared: list[tuple[_Subject, Expression, Expression]] = []
    for pair in differences.tables:
        there: dict[str | None, CheckInfo] = {each.name: each for each in database_checks(context, pair)}
        for column, constraint in _enum_checks(context, pair):
            item = there.get(final_name(constraint, context.dialect))
            if item is None:
                continue
            before, after = str(item.sqltext), condition(context, constraint)
            subject = (pair, column, constraint, item)
            compared.append((subject, *Expression.of_both(context.dialect, pair, "check", before, after)))
    for subject in differing(context, compared):
        _replace_check(context, *subject)


_Subject = tuple[ComparedTable, AnyColumn, CheckConstraint, CheckInfo]


def _enum_checks(context: AutogenContext, pair: ComparedTable) -> list[tuple[AnyColumn, CheckConstraint]]:
    """Return the columns of both sides whose Enum type has a named check on this database, each with the check."""
    named = [each for each in model_checks(context, pair) if is_type_bound(each) and each.name is not None]
    enums = [each for each in pair.model.columns if isinstance(each.type, Enum) and str(each.name) in pair.info.columns]
    return [(column, check) for check in named for column in enums if list(check.columns) == [column]]


def _replace_check(
    context: AutogenContext, pair: ComparedTable, column: AnyColumn, constraint: CheckConstraint, item: CheckInfo
) -> None:
    """Drop the old check and create the new one; another change of the column's type must not create it again."""
    schema, table = pair.info.key
    existing = existing_check(item, pair.info.key)
    if not context.run_object_filters(existing, item.name, "check_constraint", True, constraint):
        return
    pair.changes.dropped_constraints.append(drop_constraint(existing, context))
    name = final_name(constraint, context.dialect)
    creation = CreateCheckConstraintOp(name, table, condition(context, constraint), schema=schema)
    pair.changes.added_constraints.append(creation)
    pair.changes.altered_columns[:] = [_without_check(each, column) for each in pair.changes.altered_columns]


def _without_check(operation: MigrateOperation, column: AnyColumn) -> MigrateOperation:
    """Return an alteration of the column's type without the check of the type; another operation unchanged."""
    alters = isinstance(operation, AlterColumnOp) and operation.column_name == str(column.name)
    if not alters or getattr(operation, "modify_type", None) is not column.type:
        return operation
    return operation.changed(modify_type=String(getattr(column.type, "length", None)))
