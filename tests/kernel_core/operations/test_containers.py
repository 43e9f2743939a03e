"""Containers of operations: reversing, grouping, diff tuples."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.schema import CreateTable

from kernel_core.operations import ops
from kernel_core.operations.containers import grouped


def upgrade() -> ops.UpgradeOps:
    return ops.UpgradeOps(
        [
            ops.CreateTableOp.example(),
            ops.ModifyTableOps("users", [ops.AddColumnOp.example(), ops.CreateIndexOp.example()]),
        ]
    )


def test_a_reversed_upgrade_undoes_the_last_operation_first() -> None:
    down = upgrade().reverse()
    assert [leaf.sentence() for leaf in down.leaves()] == [
        "Drop index ix_users_name of users",
        "Drop column email from users",
        "Drop table users",
    ]
    assert [leaf.sentence() for leaf in down.reverse().leaves()] == [leaf.sentence() for leaf in upgrade().leaves()]


def test_a_flat_list_is_grouped_by_runs_of_one_table() -> None:
    flat = [
        ops.AddColumnOp.example(),
        ops.CreateIndexOp.example(),
        ops.DropTableOp.example(),
        ops.AddColumnOp.example(),
    ]
    regrouped = grouped(flat)
    assert [type(group) for group in regrouped] == [ops.ModifyTableOps, ops.DropTableOp, ops.ModifyTableOps]
    assert list(ops.UpgradeOps(regrouped).leaves()) == flat


def test_a_container_of_empty_containers_is_empty() -> None:
    assert ops.UpgradeOps([ops.ModifyTableOps("t", [])]).is_empty()
    assert not upgrade().is_empty()


def test_the_changes_of_one_column_are_one_list_of_diffs() -> None:
    diffs = ops.UpgradeOps([ops.AlterColumnOp.example()]).as_diffs()
    assert [[diff[0] for diff in group] for group in diffs] == [["modify_type", "modify_nullable"]]


def test_a_script_for_several_databases_has_no_single_upgrade() -> None:
    script = ops.MigrationScript("ab", [ops.UpgradeOps(), ops.UpgradeOps()], ops.DowngradeOps())
    with pytest.raises(ValueError, match="upgrade_ops_list"):
        _ = script.upgrade_ops
    assert script.downgrade_ops is not None


def test_an_operation_made_from_a_model_does_not_change_the_model() -> None:
    metadata = sa.MetaData()
    table = sa.Table(
        "a", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("p", sa.ForeignKey("a.id"))
    )
    operation = ops.CreateTableOp.from_table(table)
    operation.edit(table_name="b").to_table()
    assert table.name == "a"
    assert {constraint.table for constraint in table.constraints} == {table}
    assert list(metadata.tables) == ["a"]


def test_a_table_with_unique_and_indexed_columns_has_each_constraint_once() -> None:
    columns = [sa.Column("a", sa.Integer, unique=True), sa.Column("b", sa.Integer, index=True)]
    operation = ops.CreateTableOp.from_table(sa.Table("t", sa.MetaData(), *columns))
    for each in (operation, ops.DropTableOp.from_table(operation.to_table()).reverse()):
        made = each.to_table()
        assert [type(constraint) for constraint in made.constraints if constraint.columns] == [sa.UniqueConstraint]
        assert made.indexes == set()  # these are separate operations


def test_constraints_are_created_in_the_same_order_each_time() -> None:
    key = sa.ForeignKeyConstraint(["a"], ["q.id"])
    column = sa.Column("a", sa.Integer, sa.ForeignKey("p.id"))
    later = sa.UniqueConstraint("a")
    earlier = sa.UniqueConstraint("b")
    operation = ops.CreateTableOp("t", [column, sa.Column("b", sa.Integer), key, earlier, later])
    statements = [str(CreateTable(operation.to_table())) for _ in range(2)]
    statements.append(str(CreateTable(ops.CreateTableOp.from_json(operation.to_json()).to_table())))
    assert len(set(statements)) == 1
    assert [line.strip(", ") for line in statements[0].split("\n\t")[3:]] == [
        "FOREIGN KEY(a) REFERENCES q (id)",
        "UNIQUE (a)",
        "UNIQUE (b)",
        "FOREIGN KEY(a) REFERENCES p (id)\n)\n\n",
    ]
