"""Sequences of the metadata: created before the tables that use them, altered, and dropped once unused."""

from __future__ import annotations

import pytest
import rounds
import sqlalchemy as sa

from kernel_core.autogenerate import compare_metadata, produce_migrations, render_python_code
from kernel_core.operations import Operations, ops


@pytest.fixture(params=["postgresql", "mariadb"])
def connection(request):
    return request.getfixturevalue(request.param)


def model(*, column=True, table=True, **options):
    """A table whose numbers come from a sequence, and another one that Python takes from."""
    metadata = sa.MetaData()
    if table:
        numbers = sa.Sequence("order_no", metadata=metadata, **{"start": 1000, "increment": 10} | options)
        default = {"server_default": numbers.next_value()} if column else {}
        key = sa.Column("id", sa.Integer, primary_key=True)
        sa.Table("orders", metadata, key, sa.Column("no", sa.Integer, nullable=False, **default))
        if not column:
            metadata._sequences.clear()
    sa.Table("plain", metadata, sa.Column("id", sa.Integer, sa.Sequence("plain id"), primary_key=True))
    return metadata


def test_the_first_script_runs_and_rows_are_numbered(connection, make_context):
    metadata = model()
    script = rounds.migrated(make_context, connection, metadata)
    kinds = [type(each) for each in script.upgrade_ops.leaves()]
    assert kinds[:2] == [ops.CreateSequenceOp, ops.CreateSequenceOp]
    connection.execute(metadata.tables["orders"].insert().values(id=1))
    assert connection.execute(sa.select(metadata.tables["orders"].c.no)).scalar() == 1000
    connection.execute(metadata.tables["plain"].insert())
    rounds.undone(make_context, connection, script, sa.MetaData())


def test_a_database_made_by_the_models_does_not_differ(connection, make_context):
    metadata = model()
    metadata.create_all(connection)
    assert compare_metadata(make_context(connection, compare_server_default=True), metadata) == []


@pytest.mark.parametrize(
    "options", [{"increment": 5}, {"start": 7}, {"cycle": True}, {"maxvalue": 90000}, {"cache": 3}]
)
def test_an_option_of_the_model_is_altered_and_altered_back(connection, make_context, options):
    old, new = model(), model(**options)
    old.create_all(connection)
    script = rounds.migrated(make_context, connection, new)
    assert [type(each) for each in script.upgrade_ops.leaves()] == [ops.ExecuteSQLOp]
    rounds.undone(make_context, connection, script, old)


@pytest.mark.parametrize("after", [{"table": False}, {"column": False}], ids=["its table", "its default"])
def test_a_sequence_is_dropped_with_its_last_column(connection, make_context, after):
    old, new = model(), model(**after)
    old.create_all(connection)
    script = rounds.migrated(make_context, connection, new)
    dropped = [each.name for each in script.upgrade_ops.leaves() if isinstance(each, ops.DropSequenceOp)]
    assert dropped == ["order_no"]
    rounds.undone(make_context, connection, script, old)


def test_a_sequence_that_no_default_used_stays(connection, make_context):
    connection.exec_driver_sql("CREATE SEQUENCE somebody_elses")
    assert compare_metadata(make_context(connection), sa.MetaData()) == []


def test_a_sequence_that_another_table_uses_stays(postgresql, make_context):
    old, new = model(), model(table=False)
    old.create_all(postgresql)
    postgresql.exec_driver_sql("CREATE TABLE also (n integer DEFAULT nextval('order_no'))")
    kept = sa.Table("also", new, sa.Column("n", sa.Integer, server_default=sa.text("nextval('order_no')")))
    assert kept is not None
    script = rounds.migrated(make_context, postgresql, new)
    assert not [each for each in script.upgrade_ops.leaves() if isinstance(each, ops.DropSequenceOp)]


def test_an_optional_sequence_is_created_only_without_autoincrement(connection, make_context):
    metadata = sa.MetaData()
    sa.Table("t", metadata, sa.Column("id", sa.Integer, sa.Sequence("t_numbers", optional=True), primary_key=True))
    rounds.migrated(make_context, connection, metadata)
    assert connection.execute(metadata.tables["t"].insert()).inserted_primary_key[0] == 1


def test_a_sequence_may_be_in_another_schema(postgresql, make_context):
    metadata = sa.MetaData(schema="Numbers here")
    numbers = sa.Sequence("no", metadata=metadata)
    sa.Table("t", metadata, sa.Column("n", sa.Integer, server_default=numbers.next_value()))
    script = rounds.migrated(make_context, postgresql, metadata)
    code = render_python_code(script.upgrade_ops, migration_context=make_context(postgresql))
    assert 'op.execute(sa.schema.CreateSequence(sa.Sequence("no", schema="Numbers here")))' in code
    rounds.run(make_context(postgresql), script.downgrade_ops)


def test_sqlite_needs_none(sqlite, make_context):
    metadata = sa.MetaData()
    sa.Table("t", metadata, sa.Column("id", sa.Integer, sa.Sequence("s"), primary_key=True))
    found = produce_migrations(make_context(sqlite), metadata).upgrade_ops
    assert [type(each) for each in found.leaves()] == [ops.CreateTableOp]


def test_a_sequence_is_created_and_dropped_only_if_that_is_asked_for(connection, make_context):
    sequence = sa.Sequence("twice")
    with Operations.context(make_context(connection)) as op:
        for _ in range(2):
            op.execute(sa.schema.CreateSequence(sequence, if_not_exists=True))
        assert "twice" in sa.inspect(connection).get_sequence_names()
        for _ in range(2):
            op.execute(sa.schema.DropSequence(sequence, if_exists=True))
        assert "twice" not in sa.inspect(connection).get_sequence_names()


def test_the_code_of_a_sequence_says_whether_it_may_exist(make_context):
    created = ops.CreateSequenceOp.from_construct(sa.schema.CreateSequence(sa.Sequence("s"), if_not_exists=True))
    dropped = ops.DropSequenceOp.from_construct(sa.schema.DropSequence(sa.Sequence("s"), if_exists=True))
    code = render_python_code(ops.UpgradeOps([created, dropped]))
    assert 'CreateSequence(sa.Sequence("s"), if_not_exists=True)' in code
    assert 'DropSequence(sa.Sequence("s"), if_exists=True)' in code
