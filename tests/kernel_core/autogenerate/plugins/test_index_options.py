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
def test_a_changed_where_recreates_the_index(migration, before, after):
    expected = [] if migration.name not in ("sqlite", "postgresql") else AGAIN
    assert migration.there_and_back(schema(before), schema(after)) == expected


def test_the_spelling_of_the_database_does_not_differ(migration):
    metadata = schema("a IN (1, 2)")
    for number, where in enumerate(["( a>1 )", "name NOT LIKE 'a%'", "a IS NOT NULL AND name = 'it''s'"]):
        options = {"postgresql_where": sa.text(where), "sqlite_where": sa.text(where)}
        sa.Index(f"ix{number}", metadata.tables["t"].c.a, **options)
    migration.create(metadata)
    assert migration.found(metadata) == []


@pytest.mark.slow
@pytest.mark.postgresql
def test_a_changed_method_recreates_the_index(postgresql_migration):
    assert postgresql_migration.there_and_back(schema(), schema(postgresql_using="hash")) == AGAIN
    postgresql_migration.wipe()
    assert postgresql_migration.there_and_back(schema(postgresql_using="btree"), schema()) == []


@pytest.mark.postgresql
def test_a_changed_operator_class_recreates_the_index(postgresql_migration):
    own = {"postgresql_ops": {"name": "text_pattern_ops"}}
    assert postgresql_migration.there_and_back(schema(), schema(**own)) == AGAIN
    assert postgresql_migration.found(schema(postgresql_ops={"name": "text_ops"})) == [], "the default class"


@pytest.mark.postgresql
def test_it_is_not_compared_without_the_plugin(postgresql_migration):
    postgresql_migration.create(schema())
    assert postgresql_migration.found(schema("a > 1", postgresql_using="hash"), ["alembic.autogenerate.*"]) == []


class Point(sa.types.UserDefinedType):
    """The type POINT of MariaDB."""

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


@pytest.mark.slow
@pytest.mark.mariadb
@pytest.mark.filterwarnings("ignore:Did not recognize type 'point'")
@pytest.mark.parametrize("models", [OF_TEXTS, OF_MEMORY], ids=["InnoDB", "MEMORY"])
def test_each_kind_of_index_of_mariadb_is_distinguished(mariadb_migration, models):
    for name, metadata in models.items():
        mariadb_migration.create(metadata)
        assert {other: mariadb_migration.found(after) != [] for other, after in models.items()} == {
            other: other != name for other in models
        }
        mariadb_migration.wipe()


ROADS = [("whole", "ten"), ("ten", "twenty"), ("twenty", "words"), ("words", "whole"), ("two", "two others")]
ROADS += [("backwards", "forwards"), ("two", "words")]


@pytest.mark.mariadb
@pytest.mark.filterwarnings("ignore:Did not recognize type 'point'")
@pytest.mark.parametrize(("before", "after"), ROADS)
def test_a_changed_index_of_mariadb_is_recreated_and_recreated_back(mariadb_migration, before, after):
    found = mariadb_migration.there_and_back(OF_TEXTS[before], OF_TEXTS[after])
    assert [sentence.split()[:3] for sentence in found] == [["Drop", "index", "ix"], ["Create", "index", "ix"]]


@pytest.mark.mariadb
def test_the_method_of_a_table_in_memory_is_changed(mariadb_migration):
    assert len(mariadb_migration.there_and_back(OF_MEMORY["by tree"], OF_MEMORY["by hash"])) == 2


@pytest.mark.mariadb
@pytest.mark.filterwarnings("ignore:Did not recognize type 'point'")
def test_a_default_option_does_not_differ(mariadb_migration):
    mariadb_migration.create(texts("name", engine="MEMORY"))
    assert mariadb_migration.found(texts("name", length=100, engine="MEMORY", using="hash")) == [], (
        "the whole text, its way"
    )
    mariadb_migration.wipe()
    mariadb_migration.create(texts("name"))
    assert mariadb_migration.found(texts("name", length=120, using="hash")) == [], "InnoDB has trees alone"
