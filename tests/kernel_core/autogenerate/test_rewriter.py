"""Rules that rewrite proposed operations."""

import pytest
import sqlalchemy as sa

from kernel_core import command
from kernel_core.autogenerate import Rewriter
from kernel_core.operations import ops
from kernel_core.operations.containers import (
    DowngradeOps,
    MigrationScript,
    ModifyTableOps,
    UpgradeOps,
)
from kernel_core.util.exc import CommandError


def script(*operations):
    return MigrationScript("a1", UpgradeOps(operations), DowngradeOps())


def add(name):
    return ops.AddColumnOp("t", sa.Column(name, sa.Integer))


def sentences(script):
    return [operation.sentence() for operation in script.upgrade_ops.leaves()]


def test_a_rule_may_give_one_several_or_no_operation():
    writer = Rewriter()
    execute = ops.ExecuteSQLOp("SELECT 1")

    @writer.rewrites(ops.AddColumnOp)
    def added(context, revision, op):
        assert (context, revision) == ("context", ("r",))
        return {"one": op, "two": [execute, op], "none": None}[op.column.name]

    @writer.rewrites(ops.DropTableOp)
    def never(context, revision, op):
        return ()

    one, two = add("one"), add("two")
    given = script(
        ModifyTableOps("t", [one, two, add("none")]), ops.DropTableOp("x"), ModifyTableOps("t", [add("none")])
    )
    directives = [given]
    writer("context", ("r",), directives)
    assert directives == [given]
    (table,) = given.upgrade_ops.ops
    assert table.ops == [one, execute, two]


def test_an_operation_that_a_rule_returned_is_not_rewritten_again():
    writer, seen = Rewriter(), []

    @writer.rewrites(ops.AddColumnOp)
    def twice(context, revision, op):
        seen.append(op.column.name)
        return [op, add("more")]

    given = script(add("one"))
    writer(None, None, [given])
    assert seen == ["one"]
    assert len(given.upgrade_ops.ops) == 2


def test_downgrades_scripts_and_tables_have_rules_too():
    writer = Rewriter()
    drop = ops.DropColumnOp("t", "c")

    @writer.rewrites(ops.DropColumnOp)
    def gone(context, revision, op):
        return None

    @writer.rewrites(MigrationScript)
    def both(context, revision, op):
        return [op, MigrationScript("b2", UpgradeOps([add("c")]), DowngradeOps([drop]))]

    @writer.rewrites((ModifyTableOps, UpgradeOps))
    def kept(context, revision, op):
        return op

    directives = [MigrationScript("a1", UpgradeOps([ModifyTableOps("t", [add("c")])]), DowngradeOps([drop]))]
    writer(None, None, directives)
    assert [each.rev_id for each in directives] == ["a1", "b2"]
    assert all(each.downgrade_ops.is_empty() and len(sentences(each)) == 1 for each in directives)


def test_a_chain_calls_the_next_one_afterwards_and_changes_neither():
    first, second, third = Rewriter(), Rewriter(), []
    first.rewrites(ops.AddColumnOp)(lambda context, revision, op: [op, ops.DropColumnOp("t", "old")])
    second.rewrites(ops.DropColumnOp)(lambda context, revision, op: None)
    chained = first.chain(second).chain(lambda context, revision, directives: third.extend(directives))
    given = script(add("one"))
    chained(None, None, [given])
    assert len(given.upgrade_ops.ops) == 1
    assert third == [given]
    given = script(add("one"))
    first(None, None, [given])
    assert len(given.upgrade_ops.ops) == 2


def test_the_rule_for_the_nearest_class_is_called():
    writer = Rewriter()

    class Mine(ops.AddColumnOp):
        pass

    writer.rewrites(ops.AddColumnOp)(lambda context, revision, op: None)
    mine = Mine("t", sa.Column("c", sa.Integer))
    given = script(mine)
    writer(None, None, [given])
    assert given.upgrade_ops.ops == []
    writer.rewrites(Mine)(lambda context, revision, op: op)
    given = script(mine)
    writer(None, None, [given])
    assert given.upgrade_ops.ops == [mine]


def test_a_rule_that_returns_something_else_is_named():
    writer = Rewriter()

    @writer.rewrites(ops.AddColumnOp)
    def wrong(context, revision, op):
        return "op.add_column()"

    with pytest.raises(CommandError, match="The rule wrong returned"):
        writer(None, None, [script(add("one"))])


def test_it_serves_as_the_hook_of_env_py_and_of_the_command(project):
    writer = Rewriter()
    writer.rewrites(ops.CreateTableOp)(
        lambda context, revision, op: None if op.table_name == "hidden" else [op, ops.ExecuteSQLOp("SELECT 1")]
    )
    writer.rewrites(ops.DropTableOp)(lambda context, revision, op: None if op.table_name == "hidden" else op)
    metadata = sa.MetaData()
    for name in ("hidden", "shown"):
        sa.Table(name, metadata, sa.Column("id", sa.Integer, primary_key=True))
    config = project.config(target_metadata=metadata, writer=writer)
    text = command.revision(config, "x", autogenerate=True, process_revision_directives=writer).source
    assert ("shown" in text, "hidden" in text, text.count("SELECT 1")) == (True, False, 1)
    for path in project.versions.glob("*.py"):
        path.unlink()
    project.env(
        lambda text: text.replace(
            '"target_metadata": target_metadata,',
            '"target_metadata": target_metadata, "process_revision_directives": config.attributes["writer"],',
        )
    )
    text = command.revision(config, "x", autogenerate=True).source
    assert ("shown" in text, "hidden" in text) == (True, False)


def test_a_rule_for_scripts_must_return_a_script():
    writer = Rewriter()
    writer.rewrites(MigrationScript)(lambda context, revision, directive: add("a"))
    given = [script(add("b"))]
    with pytest.raises(CommandError, match=r"A rule for MigrationScript returned .*AddColumnOp"):
        writer(None, None, given)
