"""CHECK constraints by what they say, named or not, as the database spells it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

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
from ..compare.dropped import complete_reverse
from ..compare.found import Found, Pair
from ..compare.objects import final
from ..compare.reflect import Database
from ..context import AutogenContext
from ..databases import Expression
from ..databases.catalog import Key


def setup(plugin: Plugin) -> None:
    """Compare before the plugin that goes by names alone, and instead of it."""
    plugin.add_autogenerate_comparator(compare_checks, "tables", "checks", priority=DispatchPriority.FIRST)


@dataclass(slots=True)
class _Sides:
    """The checks of one table that do not say the same word by word."""

    pair: Pair
    database: list[Mapping[str, Any]]
    model: list[CheckConstraint]
    changed: list[tuple[Mapping[str, Any], CheckConstraint]] = field(default_factory=list)
    """Pairs of one name that the dialect itself says differ."""
    said: dict[int, Expression] = field(default_factory=dict)


def compare_checks(context: AutogenContext, database: Database, found: Found) -> PriorityDispatchResult:
    """Find checks that are new, that are gone, and those that say something else."""
    sides = [each for pair in found.both if (each := _differing(context, pair)) is not None]
    questions = [question for each in sides for question in each.said.values()]
    answers = canonical_forms(context, questions)
    for each in sides:
        _settle(context, each, answers)
    _state_those_of_columns(context, found)
    return PriorityDispatchResult.STOP


def _state_those_of_columns(context: AutogenContext, found: Found) -> None:
    """Let new tables have the checks that stand inside their Columns as their own: a script writes columns without."""
    for creation in (each for each in found.created if isinstance(each, CreateTableOp)):
        for column in [item for item in creation.columns if isinstance(item, Column)]:
            for check in column.constraints:
                if isinstance(check, CheckConstraint) and is_made_on(check, context.dialect):
                    words = literal_text(condition(context, check))
                    creation.columns.append(CheckConstraint(words, name=final(final_name(check, context.dialect))))
            column.constraints = set()
    for pair in found.both:
        for addition in pair.changes.added_columns:
            if isinstance(addition, AddColumnOp):
                addition.column.constraints = set()


def model_checks(context: AutogenContext, pair: Pair) -> list[CheckConstraint]:
    """Return the checks of a model's table that are made on this database, those of Boolean and Enum types too.

    Those with a name come first, so that one without takes none of theirs. Those inside a Column are among them.
    """
    own = (each for column in pair.model.columns for each in column.constraints)
    checks = [each for each in (*pair.model.constraints, *own) if isinstance(each, CheckConstraint)]
    checks.sort(key=lambda each: (each.name is None, str(each.name), condition(context, each)))
    return [each for each in checks if is_made_on(each, context.dialect) and should_create(each, context.dialect)]


def database_checks(context: AutogenContext, pair: Pair) -> list[Mapping[str, Any]]:
    """Return the checks of a table of the database without those that ``include_name`` leaves out."""
    parents, wanted = pair.info.parents, context.run_name_filters
    return [each for each in pair.info.checks if wanted(each["name"], "check_constraint", parents)]


def condition(context: AutogenContext, constraint: CheckConstraint) -> str:
    """Return what a check of the models states, as SQL of this database."""
    return sql_text(constraint.sqltext, context.dialect).replace("%%", "%")


def _differing(context: AutogenContext, pair: Pair) -> _Sides | None:
    """Return what is left of both sides without those that are called and say the same word by word."""
    left = database_checks(context, pair)
    missing: list[CheckConstraint] = []
    changed: list[tuple[Mapping[str, Any], CheckConstraint]] = []
    for constraint in model_checks(context, pair):
        name, words = (
            final_name(constraint, context.dialect),
            normal_sql(condition(context, constraint), context.dialect),
        )
        namesake = next((each for each in left if name is not None and each["name"] == name), None)
        told = None if namesake is None else told_same_check(context, pair, constraint, namesake)
        if namesake is not None and told is not None:
            left.remove(namesake)
            if not told:
                changed.append((namesake, constraint))
            continue
        namesakes = (each for each in left if _called(each, name))
        same = next((each for each in namesakes if normal_sql(each["sqltext"], context.dialect) == words), None)
        if same is None:
            missing.append(constraint)
        else:
            left.remove(same)
    if not missing and not left and not changed:
        return None
    sides = _Sides(pair, left, missing, changed)
    if missing and left:
        spelled = {id(each): condition(context, each) for each in missing}
        spelled |= {id(each): str(each["sqltext"]) for each in left}
        sides.said = {item: Expression.of(context.dialect, pair, "check", sql) for item, sql in spelled.items()}
    return sides


def _called(item: Mapping[str, Any], name: str | None) -> bool:
    return name is None or item["name"] is None or str(item["name"]) == name


def _settle(context: AutogenContext, sides: _Sides, answers: Mapping[Expression, frozenset[str] | None]) -> None:
    """Note what is to be dropped and made.

    A check of a type belongs to it, and none is made here. One of a name that is there, about which the database cannot
    be asked, is left alone.
    """

    def said(item: object) -> frozenset[str] | None:
        question = sides.said.get(id(item))
        return None if question is None else answers[question]

    def says(item: Mapping[str, Any], words: frozenset[str] | None) -> bool:
        return words is not None and bool(words & (said(item) or frozenset()))

    left = list(sides.database)
    missing: list[CheckConstraint] = []
    for constraint in sides.model:
        name, words = final_name(constraint, context.dialect), said(constraint)
        same = next((each for each in left if _called(each, name) and says(each, words)), None)
        is_asked_in_vain = words is None and bool(sides.said)
        if same is None and name is not None and (is_type_bound(constraint) or is_asked_in_vain):
            same = next((each for each in left if each["name"] == name), None)
        if same is not None:
            left.remove(same)
        elif not is_type_bound(constraint):
            missing.append(constraint)
    left += [item for item, _ in sides.changed]
    missing += [constraint for _, constraint in sides.changed]
    note_checks(context, sides.pair, left, missing)


def told_same_check(
    context: AutogenContext, pair: Pair, model: CheckConstraint, item: Mapping[str, Any]
) -> bool | None:
    """Return what a dialect's own ``compare_check_constraint`` says of two checks of one name; None without one."""
    return same_by_hook(context.impl, "compare_check_constraint", model, lambda: existing_check(item, pair.info.key))


def _warn_of_nameless(context: AutogenContext, item: Mapping[str, Any], key: Key) -> None:
    """Warn of a check that stands inside a column of MariaDB; the one that a JSON column has goes without saying."""
    column, table = item.get("column"), key[1]
    implied = normal_sql(f"json_valid(`{column}`)", context.dialect)
    if normal_sql(str(item["sqltext"]), context.dialect) == implied:
        return
    context.warn(
        f'CHECK ({item["sqltext"]}) inside column "{column}" of "{table}" is not in the models and has no name to drop '
        f"it by: it stays. To drop it, say the column again without it: ALTER TABLE {table} MODIFY {column} ...",
    )


def existing_check(item: Mapping[str, Any], key: Key) -> CheckConstraint:
    """Return a check as the database describes it, on a table of its own."""
    schema, table = key
    return SchemaObjects().check_constraint(final(item["name"]), table, literal_text(item["sqltext"]), schema=schema)


def note_checks(
    context: AutogenContext, pair: Pair, gone: Sequence[Mapping[str, Any]], missing: list[CheckConstraint]
) -> None:
    """Add the operations, where ``include_object`` wants them."""
    schema, table = pair.info.key
    by_name = {str(each["name"]): each for each in gone}
    for item in gone:
        if item.get("inherited"):  # it is dropped with that of the parent table
            continue
        existing = existing_check(item, pair.info.key)
        counterpart = next((each for each in missing if final_name(each, context.dialect) == item["name"]), None)
        operation = drop_constraint(existing, context.impl)
        if operation.constraint_name is None:
            _warn_of_nameless(context, item, pair.info.key)
            continue
        if context.run_object_filters(existing, item["name"], "check_constraint", True, counterpart):
            complete_reverse(context, pair.info.key, item, operation)
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
