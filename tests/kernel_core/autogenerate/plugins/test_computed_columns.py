"""Generated columns that compute something else."""

import sqlalchemy as sa


def schema(words, *, persisted=True, index=False):
    metadata = sa.MetaData()
    sa.Table(
        "t",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("a", sa.Integer),
        sa.Column("name", sa.String(20)),
        sa.Column("c", sa.Integer, sa.Computed(words, persisted=persisted), index=index),
    )
    return metadata


def test_another_expression_makes_the_column_anew_with_its_index(road):
    before, after = schema("a + 1", index=True), schema("a * 2", index=True)
    found = road.there_and_back(before, after)
    assert [each.split()[0] + " " + each.split()[1] for each in found] == [
        "Drop index",
        "Drop column",
        "Add column",
        "Create index",
    ]


def test_the_rows_compute_anew(road):
    road.create(schema("a + 1"))
    road.connection.execute(sa.text("INSERT INTO t (id, a) VALUES (1, 20)"))
    road.connection.commit()
    road.run(road.script(schema("a * 2")).upgrade_ops)
    assert road.connection.execute(sa.text("SELECT c FROM t")).scalar() == 40


SPELLINGS = [
    "a+1",
    "( a + 1 ) * 2",
    "CASE WHEN a > 1 THEN 2 ELSE 3 END",
    "coalesce(a, 0)",
    "length(name) + 1",
    "abs(a % 7)",
]


def test_the_database_s_own_spelling_is_no_difference(road):
    metadata = schema("a")
    for number, words in enumerate(SPELLINGS):
        column = sa.Column(f"c{number}", sa.Integer, sa.Computed(words, persisted=True))
        metadata.tables["t"].append_column(column)
    road.create(metadata)
    assert road.found(metadata) == []


def test_how_it_is_kept_counts_where_the_models_say_it(mariadb_road):
    assert len(mariadb_road.there_and_back(schema("a + 1"), schema("a + 1", persisted=False))) == 2
    assert mariadb_road.found(schema("a + 1", persisted=None)) == []
