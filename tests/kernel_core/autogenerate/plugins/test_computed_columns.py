"""Generated columns with a changed expression."""

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


def test_a_changed_expression_recreates_the_column_with_its_index(migration):
    before, after = schema("a + 1", index=True), schema("a * 2", index=True)
    found = migration.there_and_back(before, after)
    assert [each.split()[0] + " " + each.split()[1] for each in found] == [
        "Drop index",
        "Drop column",
        "Add column",
        "Create index",
    ]


def test_the_values_are_computed_again(migration):
    migration.create(schema("a + 1"))
    migration.connection.execute(sa.text("INSERT INTO t (id, a) VALUES (1, 20)"))
    migration.connection.commit()
    migration.run(migration.script(schema("a * 2")).upgrade_ops)
    assert migration.connection.execute(sa.text("SELECT c FROM t")).scalar() == 40


SPELLINGS = [
    "a+1",
    "( a + 1 ) * 2",
    "CASE WHEN a > 1 THEN 2 ELSE 3 END",
    "coalesce(a, 0)",
    "length(name) + 1",
    "abs(a % 7)",
]


def test_the_spelling_of_the_database_does_not_differ(migration):
    metadata = schema("a")
    for number, words in enumerate(SPELLINGS):
        column = sa.Column(f"c{number}", sa.Integer, sa.Computed(words, persisted=True))
        metadata.tables["t"].append_column(column)
    migration.create(metadata)
    assert migration.found(metadata) == []


def test_persisted_is_compared_where_the_metadata_states_it(mariadb_migration):
    assert len(mariadb_migration.there_and_back(schema("a + 1"), schema("a + 1", persisted=False))) == 2
    assert mariadb_migration.found(schema("a + 1", persisted=None)) == []
