"""The WHERE, the method and the operator classes of an index."""

import pytest
import sqlalchemy as sa


def schema(where=None, **kw):
    metadata = sa.MetaData()
    table = sa.Table(
        "t",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("a", sa.Integer),
        sa.Column("name", sa.Text),
    )
    options = {} if where is None else {"postgresql_where": sa.text(where), "sqlite_where": sa.text(where)}
    sa.Index("ix", table.c.name, **options, **kw)
    return metadata


AGAIN = ["Drop index ix of t", "Create index ix on t (name)"]


@pytest.mark.parametrize(
    ("before", "after"), [(None, "a > 1"), ("a > 1", "a > 2"), ("a > 1", None), ("name <> 'x:y'", "name LIKE 'x%'")]
)
def test_another_where_makes_it_anew(road, before, after):
    expected = [] if road.name not in ("sqlite", "postgresql") else AGAIN
    assert road.there_and_back(schema(before), schema(after)) == expected


def test_the_database_s_own_spelling_is_no_difference(road):
    metadata = schema("a IN (1, 2)")
    for number, where in enumerate(["( a>1 )", "name NOT LIKE 'a%'", "a IS NOT NULL AND name = 'it''s'"]):
        options = {"postgresql_where": sa.text(where), "sqlite_where": sa.text(where)}
        sa.Index(f"ix{number}", metadata.tables["t"].c.a, **options)
    road.create(metadata)
    assert road.found(metadata) == []


@pytest.mark.postgresql
def test_another_method_makes_it_anew(postgresql_road):
    assert postgresql_road.there_and_back(schema(), schema(postgresql_using="hash")) == AGAIN
    postgresql_road.wipe()
    assert postgresql_road.there_and_back(schema(postgresql_using="btree"), schema()) == []


@pytest.mark.postgresql
def test_another_operator_class_makes_it_anew(postgresql_road):
    own = {"postgresql_ops": {"name": "text_pattern_ops"}}
    assert postgresql_road.there_and_back(schema(), schema(**own)) == AGAIN
    assert postgresql_road.found(schema(postgresql_ops={"name": "text_ops"})) == [], "the default class"


@pytest.mark.postgresql
def test_it_is_left_alone_where_the_plugin_is_off(postgresql_road):
    postgresql_road.create(schema())
    assert postgresql_road.found(schema("a > 1", postgresql_using="hash"), ["alembic.autogenerate.*"]) == []
