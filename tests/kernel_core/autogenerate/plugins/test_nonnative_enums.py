"""Enum types that keep their values by a CHECK."""

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
def test_another_list_of_values_is_found_and_set(road, before, after):
    found = road.there_and_back(schema(*before), schema(*after))
    assert found[0] == "Drop check ck_kind of t"
    assert found[1].startswith("Create check ck_kind on t: kind IN (")


def test_rows_stay(road):
    road.create(schema("a", "b"))
    road.connection.execute(sa.text("INSERT INTO t VALUES (1, 'a')"))
    road.connection.commit()
    road.run(road.script(schema("a", "c")).upgrade_ops)
    road.connection.execute(sa.text("INSERT INTO t VALUES (2, 'c')"))
    assert road.connection.execute(sa.text("SELECT kind FROM t ORDER BY id")).scalars().all() == ["a", "c"]
    with pytest.raises(sa.exc.DBAPIError):
        road.connection.execute(sa.text("INSERT INTO t VALUES (3, 'b')"))


def test_a_longer_value_and_another_nullability_are_one_change(road):
    before, after = schema("a", "b", length=5), schema("a", "b", "a longer one", nullable=False)
    found = road.there_and_back(before, after)
    assert [each.split()[0] for each in found] == ["Alter", "Drop", "Create"]
    assert found[0].endswith("not null")


def test_the_same_list_is_no_difference(road):
    metadata = schema("a", "it's", "50% off", "b c")
    road.create(metadata)
    assert road.found(metadata) == []


def test_it_is_left_alone_where_the_plugin_is_off(road):
    road.create(schema("a"))
    assert road.found(schema("b"), ["alembic.autogenerate.*"]) == []
