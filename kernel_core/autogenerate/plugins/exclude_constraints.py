"""Compare exclude constraints (PostgreSQL): added, dropped, or with another definition."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...operations.kinds.constraint import DropConstraintOp
from ...operations.kinds.exclude_constraint import CreateExcludeConstraintOp
from ...runtime.plugins import Plugin
from ...util.sqla_compat import ddl_compiler, final_name, is_exclude_constraint
from ..compare.canonical import canonical_forms, differ
from ..compare.differences import ComparedTable, Differences
from ..compare.dropped import with_complete_reverse
from ..compare.reflect import Database
from ..compare.reflected_objects import final
from ..context import AutogenContext
from ..databases import Expression, dialects_where
from ..databases.catalog import ExcludeInfo

if TYPE_CHECKING:
    from sqlalchemy.dialects.postgresql import ExcludeConstraint


def setup(plugin: Plugin) -> None:
    """Compare where the database has exclude constraints."""
    for dialect_name in dialects_where(lambda rules: rules.has_exclude_constraints):
        plugin.add_autogenerate_comparator(compare_excludes, "tables", "exclude_constraints", qualifier=dialect_name)


def compare_excludes(context: AutogenContext, database: Database, differences: Differences) -> None:
    """Compare the definitions of exclude constraints of one name, and of unnamed ones with all others."""
    sides = [pair for pair in differences.tables if pair.info.excludes or _of_model(pair)]
    forms = canonical_forms(context, [expression for pair in sides for expression in _expressions(context, pair)])
    for pair in sides:
        left: list[ExcludeInfo] = list(pair.info.excludes)
        missing: list[ExcludeConstraint] = []
        for constraint in _of_model(pair):
            name = final_name(constraint, context.dialect)
            wanted = forms[_expression(context, pair, _definition(context, constraint))]
            named = [each for each in left if name in (None, each.name)]
            there = [forms[_expression(context, pair, str(each.definition))] for each in named]
            same = next((each for each, form in zip(named, there, strict=True) if not differ(form, wanted)), None)
            if same is None:
                missing.append(constraint)
            else:
                left.remove(same)
        _add_operations(context, pair, left, missing)


def _expression(context: AutogenContext, pair: ComparedTable, definition: str) -> Expression:
    return Expression.of(context.dialect, pair, "exclude", definition)


def _expressions(context: AutogenContext, pair: ComparedTable) -> list[Expression]:
    """Return the definitions of both sides."""
    before = [str(each.definition) for each in pair.info.excludes]
    after = [_definition(context, constraint) for constraint in _of_model(pair)]
    return [_expression(context, pair, definition) for definition in (*before, *after)]


def _of_model(pair: ComparedTable) -> list[ExcludeConstraint]:
    found = [each for each in pair.model.constraints if is_exclude_constraint(each)]
    return sorted(found, key=lambda each: (each.name is None, str(each.name)))


def _definition(context: AutogenContext, constraint: ExcludeConstraint) -> str:
    """Return ``EXCLUDE USING gist (...)`` without the name."""
    sql = ddl_compiler(context.dialect).process(constraint)
    return sql[sql.index("EXCLUDE") :].replace("%%", "%")


def _add_operations(
    context: AutogenContext, pair: ComparedTable, dropped: list[ExcludeInfo], missing: list[ExcludeConstraint]
) -> None:
    schema, table = pair.info.key
    for item in dropped:
        if item.inherited:
            continue
        creation = context.rules.create_exclude_constraint(pair.info.key, item)
        drop = DropConstraintOp(final(item.name), table, schema=schema, _reverse=creation)
        drop = with_complete_reverse(context, pair.info.key, item, drop)
        pair.changes.dropped_constraints.append(drop)
    for constraint in missing:
        addition = CreateExcludeConstraintOp.from_constraint(constraint)
        named = addition.changed(constraint_name=final_name(constraint, context.dialect))
        pair.changes.added_constraints.append(named)
