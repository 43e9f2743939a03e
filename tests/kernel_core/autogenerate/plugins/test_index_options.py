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


class Point(sa.types.UserDefinedType):
    """A place."""

    cache_ok = True

    def get_col_spec(self, **kw):
        return "POINT"


def texts(*parts, engine="InnoDB", **options):
    """One table of MariaDB with an index over some columns."""
    metadata = sa.MetaData()
    columns = [
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(100)),
        sa.Column("n", sa.Integer),
    ]
    if engine == "InnoDB":
        columns += [sa.Column("body", sa.Text), sa.Column("at", Point, nullable=False)]
    table = sa.Table("t", metadata, *columns, mysql_engine=engine)
    chosen = (table.c[part] if part.isidentifier() else table.c[part.split()[0]].desc() for part in parts)
    sa.Index("ix", *chosen, **{f"mysql_{name}": value for name, value in options.items()})
    return metadata


OF_TEXTS = {
    "whole": texts("name"),
    "ten": texts("name", length=10),
    "twenty": texts("name", length={"name": 20}),
    "words": texts("name", prefix="FULLTEXT"),
    "two": texts("name", "body", length={"body": 5}),
    "two others": texts("name", "body", length={"body": 7, "name": 3}),
    "backwards": texts("name", "n desc"),
    "forwards": texts("name", "n"),
    "a place": texts("at", prefix="SPATIAL"),
    "the beginning of a place": texts("at", length=9),
}
OF_MEMORY = {
    "by tree": texts("name", engine="MEMORY", using="btree"),
    "by hash": texts("name", engine="MEMORY", using="hash"),
}


@pytest.mark.mariadb
@pytest.mark.filterwarnings("ignore:Did not recognize type 'point'")
@pytest.mark.parametrize("models", [OF_TEXTS, OF_MEMORY], ids=["InnoDB", "MEMORY"])
def test_each_kind_of_index_of_mariadb_is_itself_and_no_other(mariadb_road, models):
    for name, metadata in models.items():
        mariadb_road.create(metadata)
        assert {other: mariadb_road.found(after) != [] for other, after in models.items()} == {
            other: other != name for other in models
        }
        mariadb_road.wipe()


ROADS = [("whole", "ten"), ("ten", "twenty"), ("twenty", "words"), ("words", "whole"), ("two", "two others")]
ROADS += [("backwards", "forwards"), ("two", "words")]


@pytest.mark.mariadb
@pytest.mark.filterwarnings("ignore:Did not recognize type 'point'")
@pytest.mark.parametrize(("before", "after"), ROADS)
def test_an_index_of_mariadb_is_made_anew_and_again(mariadb_road, before, after):
    found = mariadb_road.there_and_back(OF_TEXTS[before], OF_TEXTS[after])
    assert [sentence.split()[:3] for sentence in found] == [["Drop", "index", "ix"], ["Create", "index", "ix"]]


@pytest.mark.mariadb
def test_the_method_of_a_table_in_memory_is_changed(mariadb_road):
    assert len(mariadb_road.there_and_back(OF_MEMORY["by tree"], OF_MEMORY["by hash"])) == 2


@pytest.mark.mariadb
@pytest.mark.filterwarnings("ignore:Did not recognize type 'point'")
def test_what_goes_without_saying_is_no_difference(mariadb_road):
    mariadb_road.create(texts("name", engine="MEMORY"))
    assert mariadb_road.found(texts("name", length=100, engine="MEMORY", using="hash")) == [], "the whole text, its way"
    mariadb_road.wipe()
    mariadb_road.create(texts("name"))
    assert mariadb_road.found(texts("name", length=120, using="hash")) == [], "InnoDB has trees alone"
