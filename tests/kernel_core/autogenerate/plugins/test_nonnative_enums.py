"""Enum types whose values are in a CHECK."""

import pytest
import sqlalchemy as sa


def schema(*values, **kw):
    metadata = sa.MetaData()
    kind = sa.Enum(*values, native_enum=False, create_constraint=True, name="ck_kind", length=kw.pop("length", 12))
    sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("kind", kind, **kw))
    return metadata


@pytest.mark.parametrize(
    ("before", "after"), [(("a", "it's"), ("a", "it's", "new")), (("a", "b", "c"), ("a", "c")), (("a",), ("x y",))]
)
def test_a_changed_list_of_values_is_found_and_set(migration, before, after):
    found = migration.there_and_back(schema(*before), schema(*after))
    assert found[0] == "Drop check ck_kind of t"
    assert found[1].startswith("Create check ck_kind on t: kind IN (")


def test_rows_are_kept(migration):
    migration.create(schema("a", "b"))
    migration.connection.execute(sa.text("INSERT INTO t VALUES (1, 'a')"))
    migration.connection.commit()
    migration.run(migration.script(schema("a", "c")).upgrade_ops)
    migration.connection.execute(sa.text("INSERT INTO t VALUES (2, 'c')"))
    assert migration.connection.execute(sa.text("SELECT kind FROM t ORDER BY id")).scalars().all() == ["a", "c"]
    with pytest.raises(sa.exc.DBAPIError):
        migration.connection.execute(sa.text("INSERT INTO t VALUES (3, 'b')"))


def test_a_longer_value_and_another_nullability_are_one_change(migration):
    before, after = schema("a", "b", length=5), schema("a", "b", "a longer one", nullable=False)
    found = migration.there_and_back(before, after)
    assert [each.split()[0] for each in found] == ["Alter", "Drop", "Create"]
    assert found[0].endswith("not null")


def test_the_same_list_does_not_differ(migration):
    metadata = schema("a", "it's", "50% off", "b c")
    migration.create(metadata)
    assert migration.found(metadata) == []


def test_it_is_not_compared_without_the_plugin(migration):
    migration.create(schema("a"))
    assert migration.found(schema("b"), ["alembic.autogenerate.*"]) == []
