"""Primary keys over other columns."""

import sqlalchemy as sa


def schema(*key, name=None):
    metadata = sa.MetaData()
    columns = [sa.Column(each, sa.Integer, nullable=False, autoincrement=False) for each in ("a", "b", "c")]
    sa.Table("t", metadata, *columns, *([sa.PrimaryKeyConstraint(*key, name=name)] if key else []))
    return metadata


def test_a_key_over_other_columns_is_dropped_and_created(migration):
    before, after = schema("a"), schema("a", "b")
    found = migration.there_and_back(before, after)
    assert [" ".join(each.split()[:3]) for each in found] == ["Drop primary key", "Create primary key"]
    assert found[1].endswith(" on t (a, b)")


def test_rows_are_kept(migration):
    before, after = schema("a"), schema("b")
    migration.create(before)
    migration.connection.execute(sa.text("INSERT INTO t VALUES (1, 2, 3)"))
    migration.connection.commit()
    migration.run(migration.script(after).upgrade_ops)
    assert migration.connection.execute(sa.text("SELECT a, b, c FROM t")).all() == [(1, 2, 3)]
    assert migration.found(after) == []


def test_a_key_is_added_and_dropped(migration):
    found = migration.there_and_back(schema(), schema("b", "a", name="pk_of_t"))
    assert found == ["Create primary key pk_of_t on t (b, a)"]


def test_a_key_over_a_new_column(migration):
    before = schema("a")
    after = sa.MetaData()
    columns = [sa.Column(each, sa.Integer, nullable=False, autoincrement=False) for each in ("a", "b", "c", "d")]
    sa.Table("t", after, *columns, sa.PrimaryKeyConstraint("a", "d"))
    found = migration.there_and_back(before, after)
    assert found[-1].endswith(" on t (a, d)")


def test_it_is_not_compared_without_the_plugin(migration):
    migration.create(schema("a"))
    assert migration.found(schema("a", "b"), ["alembic.autogenerate.*"]) == []
