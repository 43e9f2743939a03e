"""The search for pairs finds those that looking at all pairs finds, in the same order."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
import sqlalchemy as sa

from kernel_core.operations import ops
from kernel_core.operations.operation import MigrateOperation
from kernel_core.squash.optimizing import _KNOWN, _replacement, optimized
from kernel_core.squash.parts import Item
from tests.counted_calls import calls
from tests.sampling import repeated

TABLES = ("t", "u", "v")


def every_pair(items: Sequence[Item]) -> list[Item]:
    """Return the items after the first pair of all is replaced, again and again."""
    found = list(items)
    while (shorter := after_one(found)) is not None:
        found = shorter
    return found


def after_one(items: list[Item]) -> list[Item] | None:
    for first, item in enumerate(items):
        if not isinstance(item.operation, _KNOWN):
            continue
        for second in range(first + 1, len(items)):
            later = items[second]
            if not isinstance(later.operation, _KNOWN):
                break
            between = [each.operation for each in items[first + 1 : second]]
            replacement = _replacement(item, later, between) if item.operation.table_key is not None else None
            if replacement is not None:
                changed = [
                    *items[:first],
                    replacement[0],
                    *items[first + 1 : second],
                    replacement[1],
                    *items[second + 1 :],
                ]
                return [each for each in changed if each is not None]
    return None


def operation(dice: random.Random) -> MigrateOperation:
    table, other, schema = dice.choice(TABLES), dice.choice(TABLES), dice.choice([None, None, None, "s"])
    column, number = dice.choice("abc"), dice.randint(1, 3)
    is_key, type_ = dice.random() < 0.2, dice.choice([sa.Integer(), sa.String(9), sa.Enum("a", "b", name="kind")])

    def new() -> sa.Column[object]:
        return sa.Column(column, type_, *([sa.ForeignKey(f"{other}.id")] if is_key else []))

    made: list[MigrateOperation] = [
        ops.CreateTableOp(table, [sa.Column("id", sa.Integer), new()], schema=schema),
        ops.AddColumnOp(table, new(), schema=schema),
        ops.DropColumnOp(table, column, schema=schema),
        ops.AlterColumnOp(table, column, modify_nullable=dice.random() < 0.5, schema=schema),
        ops.AlterColumnOp(table, column, modify_name=dice.choice("abc"), schema=schema),
        ops.CreateIndexOp(f"ix{number}", table, [column], schema=schema),
        ops.DropIndexOp(f"ix{number}", dice.choice([table, table, None]), schema=schema),
        ops.CreateUniqueConstraintOp(f"uq{number}", table, [column], schema=schema),
        ops.CreateForeignKeyOp(f"fk{number}", table, other, [column], ["id"], source_schema=schema),
        ops.DropConstraintOp(dice.choice(["uq", "fk"]) + str(number), table, schema=schema),
        ops.RenameTableOp(table, other, schema=schema),
        ops.RenameTableOp(other, table, schema=schema),
        ops.DropTableOp(table, schema=schema),
    ]
    return ops.ExecuteSQLOp("SELECT 1") if dice.random() < 0.03 else dice.choice(made)


def shown(items: Sequence[Item]) -> list[object]:
    return [(id(each.batch), type(each.operation).__name__, each.operation.to_json()) for each in items]


def random_items(seed: int) -> list[Item]:
    dice = random.Random(seed)
    kinds = random.Random(dice.random())
    return [Item(operation(kinds)) for _ in range(dice.randint(2, 25))]


@pytest.mark.parametrize("block", range(2))
def test_the_pairs_are_those_of_looking_at_all(block: int) -> None:
    shorter = 0
    for seed in range(150 * block, 150 * (block + 1)):
        items = random_items(seed)
        found = optimized(items)
        assert shown(found) == shown(every_pair(items)), seed
        shorter += len(found) < len(items)
    assert shorter > 50


@pytest.mark.sweep
@pytest.mark.parametrize("block", range(repeated(10)))
def test_the_pairs_of_many_ranges_are_those_of_looking_at_all(block: int) -> None:
    for seed in range(1000 + 300 * block, 1300 + 300 * block):
        items = random_items(seed)
        assert shown(optimized(items)) == shown(every_pair(items)), seed


@pytest.mark.slow
def test_a_range_of_twice_the_tables_costs_about_twice() -> None:
    def range_of(tables: int) -> list[Item]:
        created = [ops.CreateTableOp(f"t{number}", [sa.Column("id", sa.Integer)]) for number in range(tables)]
        added = [
            ops.AddColumnOp(f"t{number}", sa.Column(name, sa.Integer)) for name in "abc" for number in range(tables)
        ]
        return [Item(each) for each in (*created, *added)]

    few, many = range_of(40), range_of(160)
    assert len(optimized(range_of(40))) == 40
    assert calls(lambda: optimized(many)) < 6 * calls(lambda: optimized(few))
